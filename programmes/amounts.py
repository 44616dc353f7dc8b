"""Amounts as people type them, read exactly: no float ever stands between the text and the whole number."""

import re

__all__ = ["BadAmount", "parse_decimal"]

_PLAIN = re.compile(r"(\d{1,40}|\d{1,3}(?:,\d{3}){1,12})(?:\.(\d+))?", re.ASCII)


class BadAmount(ValueError):
    """The text is no amount; the message says why, in words for people."""


def parse_decimal(text: str, decimals: int) -> int:
    """`text` in units of its `decimals`-th decimal.

    >>> parse_decimal("1,234.5", 2), parse_decimal(" 7 ", 18)
    (123450, 7000000000000000000)
    """
    match = _PLAIN.fullmatch(text.strip())
    if match is None:
        raise BadAmount("Write a number such as 1,250,000 or 12.5, with a point before decimals.")
    fraction = match[2] or ""
    if len(fraction.rstrip("0")) > decimals:
        raise BadAmount(f"This has more than {decimals} decimals, so it would have to be rounded.")
    return int(match[1].replace(",", "") + fraction.rstrip("0").ljust(decimals, "0"))
