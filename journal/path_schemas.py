"""What the parts of an address are, as JSON schemas for the description of the API; journal.converters reads them."""

from typing import Any

PATTERNS = {
    "digest": "[0-9a-f]{64}",
    "address": "0x[0-9a-f]{40}",
    "key": "[a-z0-9][a-z0-9-]{0,63}",
    "number": "[1-9][0-9]{0,8}",
    "row": "[1-9][0-9]{0,17}",
}

PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "number": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "row": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    **{name: {"type": "string", "pattern": f"^{PATTERNS[name]}$"} for name in ("digest", "address", "key")},
}
