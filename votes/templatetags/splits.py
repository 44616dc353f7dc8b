"""Tags that draw splits and say shares."""

from collections.abc import Sequence
from fractions import Fraction

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from votes import pictures

register = template.Library()


@register.simple_tag
def split_bar(segments: Sequence[pictures.Segment], size: str = "") -> SafeString:
    """`{% split_bar segments %}`, or with "thin": parts in their colours, what is not given hatched.

    Written by hand and not by a template: a page of ballots draws hundreds.
    """
    parts = format_html_join(
        "",
        '<rect class="c{}" x="{}" width="{}" height="100%"><title>{}</title></rect>',
        ((bar.colour, bar.start, bar.width, bar.title) for bar in pictures.bars(segments)),
    )
    return format_html(
        '<svg class="split {}" role="img" aria-label="{}"><rect class="rest" width="100%" height="100%"/>{}</svg>',
        size,
        pictures.in_words(segments),
        parts,
    )


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
