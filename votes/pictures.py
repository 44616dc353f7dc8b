"""The split bar, the one picture of a ballot, a result and a budget, and the numbers in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Segment:
    """One part of a split bar. `share` of the whole, `colour` its place in the palette."""

    name: str
    share: Fraction
    colour: int


@dataclass(frozen=True)
class Bar:
    """A segment as it is drawn: start and width [percent, as text]."""

    colour: int
    start: str
    width: str
    title: str


def percent(share: Fraction, digits: int = 1) -> str:
    """A share for eyes, in percent; halves away from zero.

    >>> percent(Fraction(412, 1000)), percent(Fraction(1, 3), 2)
    ('41.2 %', '33.33 %')
    """
    return f"{points(share, digits)} %"


def points(share: Fraction, digits: int = 1) -> str:
    """A share in percentage points, as a bare number.

    >>> points(Fraction(-1, 25))
    '−4.0'
    """
    value = (Decimal(share.numerator * 100) / Decimal(share.denominator)).quantize(
        Decimal(1).scaleb(-digits), ROUND_HALF_UP
    )
    return f"{value}".replace("-", "−")


def change(share: Fraction) -> str:
    """A difference of shares in percentage points, with its sign.

    >>> change(Fraction(31, 1000)), change(Fraction(0))
    ('+3.1', '0.0')
    """
    text = points(share)
    return f"+{text}" if share > 0 and text.strip("0.") else text


def bars(segments: Iterable[Segment]) -> list[Bar]:
    """Where each part of a split bar stands."""
    drawn, start = [], Fraction(0)
    for segment in segments:
        if segment.share > 0:
            title = f"{segment.name} {percent(segment.share)}"
            drawn.append(Bar(segment.colour, _css(start), _css(segment.share), title))
        start += segment.share
    return drawn


def in_words(segments: Sequence[Segment]) -> str:
    """The split as a sentence: what a screen reader says for the picture.

    >>> in_words([Segment("Lending", Fraction(2, 3), 1)])
    'Lending 66.7 %, 33.3 % not given'
    """
    given = [f"{segment.name} {percent(segment.share)}" for segment in segments if segment.share > 0]
    rest = 1 - sum((segment.share for segment in segments), Fraction(0))
    return ", ".join(given + ([f"{percent(rest)} not given"] if rest > 0 else []))


def _css(share: Fraction) -> str:
    return f"{Decimal(share.numerator * 100) / Decimal(share.denominator):.4f}%"
