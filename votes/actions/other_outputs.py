"""Reading what another implementation says of a record, where it says it as `tpp-verify --json` does."""

import json
from typing import Any

STATUSES = ("pass", "fail", "could not check", "does not apply")


def status_in(text: str, check: str) -> str | None:
    """The status that `text` gives the check, or None where it can't be told by machine.

    >>> status_in('{"checks": [{"name": "sums", "status": "fail"}]}', "sums")
    'fail'
    >>> status_in("I think it fails.", "sums")
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for row in _rows(document):
        if isinstance(row, dict) and row.get("name") == check and row.get("status") in STATUSES:
            return str(row["status"])
    return None


def _rows(document: Any) -> list[Any]:
    """The rows of a whole output, or a single one."""
    if not isinstance(document, dict):
        return document if isinstance(document, list) else []
    checks = document.get("checks", [document])
    return checks if isinstance(checks, list) else []
