"""From shares to amounts, step by step: floors off the top, whole base units, what is left over."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from votes.tally.bounds import WHOLE, Bounds
from votes.views.working.words import Amount, Number, Part, Sentence, count, factor, listed, percent, say

NAMED = 8  # options named one by one in a sentence

CAPS = say(
    "A cap is the most that an option may get. It needs no step of its own: no ballot could go above it, and no "
    "option gets more than the ballot that gave it most."
)


@dataclass(frozen=True)
class Terms:
    """What a contest's frozen rules say: names and bounds in the order of the ballot, the budget [base units].

    `unit` is the smallest amount in words.
    """

    names: Sequence[str]
    bounds: Sequence[Bounds]
    budget: int
    unit: str

    @property
    def votable(self) -> Fraction:
        """The part of the budget that the floors leave."""
        return Fraction(WHOLE - sum(bound.floor for bound in self.bounds), WHOLE)


@dataclass(frozen=True)
class Rounded:
    """How an option's exact share of the budget became whole base units; `cut` is the part of one unit cut off."""

    name: str
    whole: int
    cut: Number
    is_raised: bool
    amount: int


@dataclass(frozen=True)
class Payout:
    """How shares became amounts."""

    sentences: tuple[Sentence, ...]
    rows: tuple[Rounded, ...]


def floors_in_words(terms: Terms) -> tuple[Sentence, ...]:
    """What options get whatever the ballots say, what remains, and why caps need no step."""
    caps = (CAPS,) if any(bound.cap < WHOLE for bound in terms.bounds) else ()
    given = [
        say("{name} {floor}", name=name, floor=percent(Fraction(bound.floor, WHOLE)))
        for name, bound in zip(terms.names, terms.bounds, strict=True)
        if bound.floor
    ]
    if not given:
        return say("No option has a floor, so the ballots split the whole budget."), *caps
    who = listed(given) if len(given) <= NAMED else say("{options}", options=count(len(given), "option"))
    is_floor = say("A floor is what an option gets whatever the ballots say: ")
    total = say(
        ". That is {total} of the budget, and the ballots split the other {rest}. In the next step 100\u00a0% means "
        "this rest.",
        total=percent(1 - terms.votable),
        rest=percent(terms.votable),
    )
    return is_floor + who + total, *caps


def share_of_the_budget(name: str, share: Fraction, bound: Bounds, terms: Terms) -> Sentence:
    """The last sentence about an option: what its share of the rest is in the whole budget."""
    floor = Fraction(bound.floor, WHOLE)
    parts: dict[str, Part] = {
        "name": name,
        "share": percent(share),
        "rest": percent(terms.votable),
        "part": percent(share * terms.votable),
        "floor": percent(floor),
        "whole": percent(share * terms.votable + floor),
    }
    if not share:
        words = (
            "So {name} gets its floor alone, {floor} of the budget." if floor else "So {name} gets nothing."
        )
    elif terms.votable == 1:
        words = "So {name} gets {share}."
    elif floor:
        words = "So {name} gets {share} of the {rest} that the floors leave, which is {part} of the budget, and on top "
        words += "its floor of {floor}: {whole} in all."
    else:
        words = "So {name} gets {share} of the {rest} that the floors leave, which is {part} of the budget."
    return say(words, **parts)


def pay_out(terms: Terms, shares: Sequence[Fraction], amounts: Sequence[int]) -> Payout:
    """Follow largest-remainder rounding from exact shares to the `amounts` [base units] that it gave."""
    exact = [share * terms.budget for share in shares]
    wholes = [value.numerator // value.denominator for value in exact]
    rows = tuple(
        Rounded(name, whole, factor(value - whole), amount > whole, amount)
        for name, value, whole, amount in zip(terms.names, exact, wholes, amounts, strict=True)
    )
    first = say(
        "The smallest amount that exists is {unit}: one unit. First, every option gets the whole units of its share "
        "of {budget}.",
        unit=terms.unit,
        budget=Amount(terms.budget),
    )
    return Payout((first, *_left_over(rows, terms.budget - sum(wholes))), rows)


def _left_over(rows: Sequence[Rounded], over: int) -> tuple[Sentence, ...]:
    if not over:
        return (say("Every share comes out in whole units, so nothing is left over."),)
    raised = [row for row in rows if row.is_raised]
    least = min(row.cut.value for row in raised)
    tied = [row for row in rows if not row.is_raised and row.cut.value == least]
    losses = [say("{name} ({cut} of a unit)", name=row.name, cut=row.cut) for row in raised]
    who = listed(losses) if over <= NAMED else say("{options}", options=count(over, "option"))
    where = "goes to the option" if over == 1 else "go, one each, to the options"
    words = "That leaves {units} over, which {where} that lost most by this: "
    given = (*say(words, units=count(over, "unit"), where=where), *who, ".")
    if not tied:
        return (given,)
    names = (
        listed([(row.name,) for row in tied])
        if len(tied) <= NAMED
        else say("{options}", options=count(len(tied), "more option"))
    )
    return given, (*names, " lost just as much; between equals, the order of the ballot decides.")
