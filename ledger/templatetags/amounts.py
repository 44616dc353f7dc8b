"""Amounts for eyes: thousands separators and unit, the exact value on hover and in `value`."""

from fractions import Fraction
from typing import Protocol

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


class Unit(Protocol):
    """What an amount is counted in: a ledger's token, or the one in frozen rules."""

    @property
    def symbol(self) -> str: ...
    @property
    def decimals(self) -> int: ...


_SCALE = ((10**9, "B"), (10**6, "M"))


def exact(amount: int, token: Unit) -> str:
    """All digits of `amount` [base units] in whole tokens, without trailing zeros.

    >>> from types import SimpleNamespace
    >>> exact(1_500_000, SimpleNamespace(decimals=6, symbol="ZK"))
    '1.5'
    """
    return _stripped(_written(amount, token.decimals))


def rounded(amount: int, token: Unit) -> str:
    """`amount` [base units] in tokens: whole from a thousand up, else at most four decimals."""
    one = 10**token.decimals
    places = 0 if abs(amount) >= 1000 * one else 4
    return _stripped(_written(round(Fraction(amount * 10**places, one)), places))


def in_short(amount: int, token: Unit) -> str:
    """`amount` [base units] in few characters: 26.1 M."""
    for scale, letter in _SCALE:
        if abs(amount) >= scale * 10**token.decimals:
            tenths = round(Fraction(amount * 10, scale * 10**token.decimals))
            return f"{_written(tenths, 1)} {letter}"
    return rounded(amount, token)


def _written(units: int, places: int) -> str:
    """`units` of the last of `places` decimals; ints only, since no Decimal context is wide enough.

    >>> _written(-12_345, 2)
    '-123.45'
    """
    whole, rest = divmod(abs(units), 10**places)
    return f"{'-' if units < 0 else ''}{whole:,}" + (f".{rest:0{places}d}" if places else "")


def _stripped(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.simple_tag
def tokens(amount: int, token: Unit) -> SafeString:
    """`{% tokens amount token %}`: 123,600,000 ZK, exact on hover."""
    return format_html(
        '<data value="{}" title="{} {}">{}&nbsp;{}</data>',
        amount,
        exact(amount, token),
        token.symbol,
        rounded(amount, token),
        token.symbol,
    )


@register.simple_tag
def tokens_short(amount: int, token: Unit) -> SafeString:
    """`{% tokens_short amount token %}`: 26.1 M ZK, exact on hover."""
    return format_html(
        '<data value="{}" title="{} {}">{}&nbsp;{}</data>',
        amount,
        exact(amount, token),
        token.symbol,
        in_short(amount, token),
        token.symbol,
    )


@register.simple_tag
def amount(amount: int, token: Unit) -> SafeString:
    """`{% amount amount token %}`: 123,600,000, for a column whose head names the unit."""
    return format_html(
        '<data value="{}" title="{} {}">{}</data>',
        amount,
        exact(amount, token),
        token.symbol,
        rounded(amount, token),
    )
