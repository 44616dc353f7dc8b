"""A contest's result, worked out in sentences, tables and pictures for a reader who knows no mathematics.

Pure: from the histogram, an outcome with its trace, and names. Every number is of these.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from votes.tally import Averages, Crossings, Levels, Outcome, Profile
from votes.tally.support import support_curves
from votes.views.working.averages import Averaged
from votes.views.working.crossings import SCALES, Crossed, undiminished
from votes.views.working.levels import Levelled
from votes.views.working.payout import Payout, Terms, floors_in_words, pay_out, share_of_the_budget
from votes.views.working.staircase import Frame, Staircase, frame, polyline, steps_of
from votes.views.working.support import Method, Support, Table, picture_words
from votes.views.working.words import Number, Sentence, percent, points, say

__all__ = ["Step", "Terms", "Working", "differences", "parameter_in_words", "work_out"]


@dataclass(frozen=True)
class Step:
    """Why one option got its share of the budget. `place` is its place on the ballot."""

    place: int
    name: str
    share: Number
    sentences: tuple[Sentence, ...]
    table: Table
    picture: Staircase


@dataclass(frozen=True)
class Working:
    """A result, step by step; without `payout` where there is no money."""

    floors: tuple[Sentence, ...]
    opening: tuple[Sentence, ...]
    legend: str
    steps: tuple[Step, ...]
    payout: Payout | None


def work_out(profile: Profile, outcome: Outcome, terms: Terms, places: Iterable[int]) -> Working:
    """How `outcome` came about; the steps of the options at `places`, which may be all of them."""
    method, curves = _method(profile, outcome), support_curves(profile)
    shown = frame(outcome.residual, curves, is_whole=not method.line)
    steps = []
    for place in places:
        option, share = Support(terms.names[place], curves[place], profile.power), outcome.residual[place]
        last = share_of_the_budget(option.name, share, terms.bounds[place], terms)
        steps.append(
            Step(
                place=place,
                name=option.name,
                share=percent(outcome.shares[place]),
                sentences=(*method.sentences(place, option), last),
                table=method.table(place, option),
                picture=_picture(method, option, share, shown),
            )
        )
    payout = pay_out(terms, outcome.shares, outcome.amounts) if terms.budget else None
    return Working(floors_in_words(terms), method.opening, method.legend, tuple(steps), payout)


def _method(profile: Profile, outcome: Outcome) -> Method:
    match outcome.trace:
        case Averages():
            return Averaged(outcome.trace)
        case Levels():
            return Levelled(outcome.trace)
        case Crossings():
            assert outcome.parameter is not None
            whole = undiminished(support_curves(profile), profile.power)
            return Crossed(outcome.trace, SCALES[outcome.rule](outcome.parameter), whole)


def _picture(method: Method, option: Support, share: Fraction, shown: Frame) -> Staircase:
    shares, powers = shown.ticks()
    height = method.height(share)
    return Staircase(
        steps=steps_of(option.curve, option.power, shown),
        line=polyline(method.line, shown),
        share=shown.across(share),
        level=None if height is None or not share else shown.down(height),
        says=percent(share).text,
        words=picture_words(option, share),
        shares=shares,
        powers=powers,
    )


def parameter_in_words(outcome: Outcome) -> Sentence:
    """Where a rule came to rest, for a reader without its formula; nothing for the mean, which has no such number."""
    match outcome.trace:
        case Averages():
            return ()
        case Levels():
            return say(
                "The bar stands at {bar} of the voting power.", bar=percent(Levelled(outcome.trace).bar)
            )
        case Crossings():
            assert outcome.parameter is not None
            scale = SCALES[outcome.rule](outcome.parameter)
            if scale.is_plain:
                return scale.same
            return (*say("Here "), *scale.change, ".")


def differences(shares: Sequence[Fraction], others: Sequence[Fraction]) -> Number:
    """How far two splits are apart: the differences of all options, added up."""
    return points(sum((abs(a - b) for a, b in zip(shares, others, strict=True)), Fraction(0)))
