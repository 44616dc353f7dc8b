"""The version of this software, as it stands in results and records."""

VERSION = "0.1.0"
SOFTWARE = f"tpp {VERSION}"
