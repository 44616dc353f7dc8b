"""Amounts for eyes: thousands separators and unit, the exact value on hover and in `value`."""

from decimal import ROUND_HALF_EVEN, Decimal
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
    text = f"{Decimal(amount).scaleb(-token.decimals):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(amount: int, token: Unit) -> str:
    """`amount` [base units] in tokens: whole from a thousand up, else at most four decimals."""
    value = Decimal(amount).scaleb(-token.decimals)
    step = Decimal(1) if abs(value) >= 1000 else Decimal("0.0001")
    text = f"{value.quantize(step, ROUND_HALF_EVEN):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_short(amount: int, token: Unit) -> str:
    """`amount` [base units] in few characters: 26.1 M."""
    whole = Decimal(amount).scaleb(-token.decimals)
    for scale, letter in _SCALE:
        if whole >= scale:
            return f"{(whole / scale).quantize(Decimal('0.1'), ROUND_HALF_EVEN):,f} {letter}"
    return rounded(amount, token)


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
