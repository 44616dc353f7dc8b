"""Tags that draw splits and say shares."""

from collections.abc import Sequence
from fractions import Fraction

from django import template

from votes import pictures

register = template.Library()


@register.inclusion_tag("votes/split_bar.html")
def split_bar(segments: Sequence[pictures.Segment], size: str = "") -> dict[str, object]:
    """`{% split_bar segments %}`, or with "thin": parts in their colours, what is not given hatched."""
    return {"bars": pictures.bars(segments), "words": pictures.in_words(segments), "size": size}


@register.filter
def percent(share: Fraction) -> str:
    """`{{ share|percent }}`: 41.2 %."""
    return pictures.percent(share)


@register.filter
def basis_points(share: int) -> str:
    """`{{ basis_points|basis_points }}`: 12.5 %.

    >>> basis_points(1250), basis_points(10_000), basis_points(1)
    ('12.5 %', '100 %', '0.01 %')
    """
    text = f"{share // 100}.{share % 100:02d}".rstrip("0").rstrip(".")
    return f"{text} %"


@register.filter
def change(difference: Fraction) -> str:
    """`{{ difference|change }}`: +3.1."""
    return pictures.change(difference)
