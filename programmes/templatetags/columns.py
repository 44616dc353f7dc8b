"""Money over the cycles as columns, one a cycle, oldest first; each part in its typology's colour."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ledger.templatetags.amounts import Unit, in_short, rounded

register = template.Library()


@dataclass(frozen=True)
class Part:
    """A part of a column. `amount` [base units], `colour` its place in the palette."""

    name: str
    colour: int
    amount: int


@dataclass(frozen=True)
class Column:
    """What one cycle gave, its parts from the ground up."""

    label: str
    parts: tuple[Part, ...]

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.parts)


@register.simple_tag
def money_columns(columns: Sequence[Column], token: Unit, title: str) -> SafeString:
    """`{% money_columns columns meta_token "Given to Ignite" %}`: the picture; the numbers stand in the table."""
    highest = max((column.amount for column in columns), default=0)
    if not highest:
        return SafeString("")
    every = 2 if len(columns) > 12 else 1
    drawn = [_column(column, place, len(columns), highest, token) for place, column in enumerate(columns)]
    ticks = format_html_join(
        "",
        '<text class="tick" x="{}%" y="100%" dy="1.3em">{}</text>',
        (
            (f"{(place + 0.5) * 100 / len(columns):.3f}", column.label)
            for place, column in enumerate(columns)
            if (len(columns) - 1 - place) % every == 0
        ),
    )
    last = columns[-1]
    words = (
        f"{title}: {rounded(last.amount, token)} {token.symbol} in cycle {last.label},"
        f" at most {rounded(highest, token)} {token.symbol} in one of {len(columns)} cycles"
    )
    return format_html(
        '<figure class="money"><figcaption>{}, {} a cycle at most</figcaption>'
        '<svg class="columns" role="img" aria-label="{}"><line class="rule" x1="0" x2="100%" y1="0" y2="0"/>{}'
        '<line class="rule" x1="0" x2="100%" y1="100%" y2="100%"/>{}</svg></figure>',
        title,
        f"{in_short(highest, token)} {token.symbol}",
        words,
        format_html_join("", "{}", ((one,) for one in drawn)),
        ticks,
    )


def _column(column: Column, place: int, count: int, highest: int, token: Unit) -> SafeString:
    """The rectangles of one column; lengths in percent, exact to a ten-thousandth by whole numbers."""
    left, width = f"{(place + 0.15) * 100 / count:.3f}%", f"{70 / count:.3f}%"
    rows, ground = [], 0
    for part in column.parts:
        if part.amount:
            top = 10**6 - (ground + part.amount) * 10**6 // highest
            height = part.amount * 10**6 // highest
            said = f"Cycle {column.label}, {part.name}: {rounded(part.amount, token)} {token.symbol}"
            rows.append((part.colour, left, width, _percent(top), _percent(height), said))
        ground += part.amount
    return format_html_join(
        "", '<rect class="c{}" x="{}" width="{}" y="{}" height="{}"><title>{}</title></rect>', rows
    )


def _percent(millionths: int) -> str:
    """
    >>> _percent(123_456)
    '12.3456%'
    """
    return f"{millionths // 10_000}.{millionths % 10_000:04d}%"
