"""Instants as canonical text, the same on screen of a machine, in receipts and in the record."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at: datetime) -> str:
    """An aware instant as text: UTC, microseconds always, `Z`.

    >>> iso(datetime(2026, 11, 25, 18, tzinfo=UTC))
    '2026-11-25T18:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_iso(text: str) -> datetime:
    """The instant that `iso` wrote; ValueError for any other text.

    >>> from_iso("2026-11-25T18:00:00.000000Z").hour
    18
    """
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    if iso(at) != text:
        raise ValueError(f"{text!r} is no instant in canonical form")
    return at


def microseconds(at: datetime) -> int:
    """Whole microseconds since the Unix epoch, exactly.

    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (at - _EPOCH) // timedelta(microseconds=1)
