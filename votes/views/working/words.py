"""Sentences with numbers in them: each number knows its exact value and how it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from string import Formatter

SPACE = "\u00a0"  # keeps a number and its unit on one line
DIGITS = 2


@dataclass(frozen=True)
class Number:
    """A number for eyes. `is_rounded` where `text` does not say all of `value`."""

    value: Fraction
    text: str
    is_rounded: bool

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Amount:
    """An amount of the contest's token [base units]; whoever shows it knows how."""

    units: int

    def __str__(self) -> str:
        return f"{self.units:,}"


Part = str | Number | Amount
Sentence = tuple[Part, ...]


def say(words: str, /, **parts: Part) -> Sentence:
    """A sentence from words with named gaps.

    >>> said(say("{power} is enough for {name}.", power=percent(Fraction(621, 1000)), name="Lending"))
    '62.1\\xa0% is enough for Lending.'
    """
    sentence: list[Part] = []
    for literal, gap, _, _ in Formatter().parse(words):
        if literal:
            sentence.append(literal)
        if gap is not None:
            sentence.append(parts[gap])
    return tuple(sentence)


def said(sentence: Sentence) -> str:
    """A sentence as bare text."""
    return "".join(map(str, sentence))


def numbers(sentence: Sentence) -> tuple[Fraction, ...]:
    """The exact values in a sentence, in order; amounts in base units."""
    return tuple(
        part.value if isinstance(part, Number) else Fraction(part.units)
        for part in sentence
        if not isinstance(part, str)
    )


def percent(share: Fraction) -> Number:
    """A share of a whole. What is not all and not nothing never reads as if it were.

    >>> percent(Fraction(1, 3)).text, percent(Fraction(1, 2)).text, percent(Fraction(1, 10**9)).text
    ('33.33\\xa0%', '50\\xa0%', 'under 0.01\\xa0%')
    """
    text, is_rounded = _decimals(share * 100, DIGITS)
    if share > 0 and text == "0":
        text = "under 0.01"
    elif share < 1 and text == "100":
        text = "over 99.99"
    return Number(share, f"{text}{SPACE}%", is_rounded)


def percent_below(share: Fraction, limit: Fraction) -> Number:
    """A share that is less than `limit`, and reads so even where both round alike.

    >>> percent_below(Fraction(39_999, 100_000), Fraction(2, 5)).text
    'just under 40\\xa0%'
    """
    number = percent(share)
    if share < limit and number.text == percent(limit).text and not number.text.startswith("under"):
        return Number(share, f"just under {number.text}", is_rounded=True)
    return number


def points(share: Fraction) -> Number:
    """A difference of shares, in points: hundredths of the whole.

    >>> points(Fraction(172, 1000)).text, points(Fraction(1, 100)).text
    ('17.2\\xa0points', '1\\xa0point')
    """
    text, is_rounded = _decimals(share * 100, DIGITS)
    if share > 0 and text == "0":
        text = "under 0.01"
    return Number(share, f"{text}{SPACE}point{'' if text == '1' else 's'}", is_rounded)


def factor(value: Fraction) -> Number:
    """A bare number, with four decimals at most.

    >>> factor(Fraction(20, 31)).text
    '0.6452'
    """
    text, is_rounded = _decimals(value, 4)
    if value > 0 and text == "0":
        text = "under 0.0001"
    elif value < 1 and text == "1":
        text = "over 0.9999"
    return Number(value, text, is_rounded)


def count(number: int, one: str, many: str = "") -> Number:
    """So many of something.

    >>> count(1, "ballot").text, count(2_000, "ballot").text, count(2, "loss", "losses").text
    ('1\\xa0ballot', '2,000\\xa0ballots', '2\\xa0losses')
    """
    noun = one if number == 1 else many or f"{one}s"
    return Number(Fraction(number), f"{number:,}{SPACE}{noun}", is_rounded=False)


def listed(items: Sequence[Sentence]) -> Sentence:
    """Items as one speaks them.

    >>> said(listed([("A",), ("B",), ("C",)])), said(listed([("A",)]))
    ('A, B and C', 'A')
    """
    sentence: list[Part] = []
    for place, item in enumerate(items):
        if place:
            sentence.append(" and " if place == len(items) - 1 else ", ")
        sentence += item
    return tuple(sentence)


def _decimals(value: Fraction, digits: int) -> tuple[str, bool]:
    """A value that is not negative with so many decimals at most, halves up; whether it was rounded."""
    scaled = value * 10**digits
    nearest = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    text = f"{nearest // 10**digits:,}.{nearest % 10**digits:0{digits}d}"
    return text.rstrip("0").rstrip("."), nearest != scaled
