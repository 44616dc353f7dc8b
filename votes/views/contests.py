"""The result of one contest: the split, what every other rule would have given, and all of it worked out anew."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.db import connection, transaction
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from journal.version import VERSION
from ledger.templatetags.amounts import exact
from votes.actions.counting import Turnout, read_histogram, read_voters
from votes.models import Contest, ContestResult, Cycle, Option, OptionResult, Result
from votes.pictures import Segment
from votes.record.rules import META
from votes.tally import RULES, Bounds, Outcome, Profile, Rule, TallyError, tally
from votes.views.cycles import cycle_or_404
from votes.views.keeping import kept
from votes.views.working import Step, Terms, differences, parameter_in_words, work_out
from votes.views.working.payout import Rounded
from votes.views.working.words import Sentence, count, factor

AT_ONCE = 25  # options worked out on one page
UNFOLDED = 8  # options whose steps all lie open
DRAWN, GREY = 16, 8  # parts of one bar at most, and the colour of what has no colour of its own

FALLBACKS = {
    "return_to_reserve": "the whole budget stays in the reserve",
    "repeat_last_split": "the budget is split as it was the last time",
    "equal_split": "every option gets the same",
}


@dataclass(frozen=True)
class Recount:
    """A contest counted anew from ballots and frozen power; `outcomes` by rule, none below the quorum."""

    terms: Terms
    profile: Profile
    turnout: Turnout
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class Row:
    """One option's line in the table: the binding share and amount, and what each other rule would have given."""

    option: Option
    share: Fraction
    amount: int
    others: list[Fraction]


@dataclass(frozen=True)
class Comparison:
    """One rule's split. `differs`: from the mean, in points; `at` is its parameter in its own symbol."""

    rule: Rule
    is_binding: bool
    segments: list[Segment]
    at: Sentence
    words: Sentence
    differs: Sentence
    address: str


@dataclass(frozen=True)
class OptionStep:
    """An option's step with its colour, its rounding, and whether it lies open where steps are folded."""

    step: Step
    colour: int
    rounded: Rounded | None
    is_open: bool
    amount: str
    whole: str


def contest_page(request: HttpRequest, number: int, key: str) -> HttpResponse:
    """The newest result of one contest, worked out step by step by the rule that `?rule=` names, or by its own."""
    cycle = cycle_or_404(number, "announcement", "certificate", "cancellation", "power__snapshot")
    contest = get_object_or_404(cycle.contests.select_related("programme"), key=key)
    result = cycle.results.order_by("-version").first()
    if result is None:
        return render(request, "votes/no_result.html", {"cycle": cycle})
    asked = request.GET.get("rule", "")
    rule = asked if asked in RULES else contest.rule
    start = request.GET.get("from", "")
    after = int(start) if start.isascii() and start.isdigit() and len(start) < 5 else 0
    body = kept(
        _name_of(cycle, result, contest, rule, after), lambda: _body(cycle, result, contest, rule, after)
    )
    safe = mark_safe(body)  # noqa: S308 (our templates made it)
    page = {"cycle": cycle, "contest": contest, "result": result, "body": safe}
    return render(request, "votes/contest.html", page)


def _name_of(cycle: Cycle, result: Result, contest: Contest, rule: str, after: int) -> str:
    """What a page is kept under: by hashes of all that it depends on, so that it is never stale."""
    parts = (
        VERSION,
        bytes(cycle.certificate.rules_hash).hex(),
        bytes(cycle.certificate.merkle_root).hex(),
        *(result.version, result.pk, contest.key, rule, after),
    )
    return "contest-" + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def _body(cycle: Cycle, result: Result, contest: Contest, rule: str, after: int) -> tuple[str, bool]:
    """The page below its heading, and whether the recount agrees with what was published."""
    prefetch_related_objects([contest], "options__typology__programme")
    stored = list(
        ContestResult.objects.filter(result=result, contest=contest).prefetch_related("options__option")
    )
    binding = next((row for row in stored if row.is_binding), None)
    if binding is None or binding.outcome == "nothing_given":
        return render_to_string("votes/working_none.html", {"cycle": cycle}), True
    try:
        counted = recount(cycle, contest, _budget(result, contest), splits=binding.outcome == "split")
    except TallyError:
        return render_to_string("votes/working_none.html", {"cycle": cycle, "unclear": True}), False
    agrees = _agrees(stored, counted)
    page = {
        "cycle": cycle,
        "contest": contest,
        "result": result,
        "binding": binding,
        "token": cycle.announcement.rules.token,
        "counted": counted,
        "agrees": agrees,
        "voters": count(counted.turnout.voters, "voter"),
        "turnout_power": Fraction(counted.turnout.power, max(1, cycle.power.snapshot.total_power)),
        "total_power": cycle.power.snapshot.total_power,
    }
    if binding.outcome == "split":
        page |= _comparisons(contest, counted, rule) | _steps(cycle, contest, counted, rule, after)
        return render_to_string("votes/working_split.html", page), agrees
    page |= {
        "rows": list(binding.options.all()) if any(row.amount for row in binding.options.all()) else [],
        "falls_back": FALLBACKS[binding.outcome],
        "meant": FALLBACKS[contest.fallback] if contest.fallback != binding.outcome else "",
        "enough_power": counted.turnout.power * 10_000
        >= contest.quorum_power * cycle.power.snapshot.total_power,
        "enough_voters": counted.turnout.voters >= contest.quorum_voters,
    }
    return render_to_string("votes/working_fallback.html", page), agrees


def recount(cycle: Cycle, contest: Contest, budget: int, *, splits: bool) -> Recount:
    """Count the contest anew from its ballots and the frozen power, by every rule."""
    options = list(contest.options.all())
    token = cycle.announcement.rules.token
    terms = Terms(
        names=[option.name for option in options],
        bounds=[Bounds(option.floor, option.cap) for option in options],
        budget=budget,
        unit=f"{exact(1, token)} {token.symbol}",
    )
    with transaction.atomic(), connection.cursor() as cursor:
        # Right after the closing PostgreSQL knows little of the ballots, and would read them loop within loop.
        cursor.execute("SET LOCAL enable_nestloop = off")
        histogram, turnouts = read_histogram(cycle), read_voters(cycle)
    turnout = turnouts.get(contest.pk, Turnout(0, 0))
    profile = Profile(tuple(histogram.get(option.number, {}) for option in options), turnout.power)
    outcomes = {rule: tally(rule, profile, terms.bounds, budget) for rule in RULES} if splits else {}
    return Recount(terms, profile, turnout, outcomes)


def _budget(result: Result, contest: Contest) -> int:
    """What the contest splits [base units]: its own budget, or what the contest over all programmes gave it."""
    if contest.budget is not None:
        return contest.budget
    given = OptionResult.objects.filter(
        contest_result__result=result,
        contest_result__is_binding=True,
        contest_result__contest__key=META,
        option__key=contest.key,
    ).first()
    return given.amount if given else 0


def _agrees(stored: list[ContestResult], counted: Recount) -> bool:
    """Whether every rule gives, to the fraction and the base unit, what was published."""
    return all(_is_as_published(row, counted) for row in stored)


def _is_as_published(row: ContestResult, counted: Recount) -> bool:
    if (row.voters, row.power) != counted.turnout:
        return False
    outcome = counted.outcomes.get(row.rule)
    if outcome is None:
        return row.outcome != "split"
    published = [(given.fraction, given.amount) for given in row.options.all()]
    parameter = None if row.parameter is None else Fraction(row.parameter)
    return (
        published == list(zip(outcome.shares, outcome.amounts, strict=True))
        and parameter == outcome.parameter
    )


def _comparisons(contest: Contest, counted: Recount, chosen: str) -> dict[str, Any]:
    """The table of all rules, and each rule with its split; the one that binds first, then the mean."""
    options = list(contest.options.all())
    names = sorted(RULES, key=lambda rule: (rule != contest.rule, rule != "mean"))
    binding, mean = counted.outcomes[contest.rule], counted.outcomes["mean"]
    others = [counted.outcomes[rule] for rule in names[1:]]
    rows = [
        Row(
            options[place],
            binding.shares[place],
            binding.amounts[place],
            [other.shares[place] for other in others],
        )
        for place in _in_order(binding.shares)
    ]
    return {
        "rows": rows,
        "segments": _segments(options, binding.shares),
        "has_floors": any(option.floor for option in options),
        "has_caps": any(option.cap < 10_000 for option in options),
        "other_rules": [RULES[rule] for rule in names[1:]],
        "rules": [_comparison(contest, options, counted.outcomes[rule], mean) for rule in names],
        "chosen": RULES[chosen],
        "chosen_binds": chosen == contest.rule,
    }


def _comparison(contest: Contest, options: list[Option], outcome: Outcome, mean: Outcome) -> Comparison:
    rule, is_binding = RULES[outcome.rule], outcome.rule == contest.rule
    at = () if outcome.parameter is None else (f"{rule.symbol} = ", factor(outcome.parameter))
    return Comparison(
        rule=rule,
        is_binding=is_binding,
        segments=_segments(options, outcome.shares),
        at=at,
        words=parameter_in_words(outcome),
        differs=(differences(outcome.shares, mean.shares),),
        address=("" if is_binding else f"?rule={rule.name}") + "#steps",
    )


def _largest_first(shares: Sequence[Fraction]) -> list[int]:
    """The places of all options, those with the largest shares first; among equals, as on the ballot."""
    return sorted(range(len(shares)), key=lambda place: -shares[place])


def _in_order(shares: Sequence[Fraction]) -> list[int]:
    """The places of all options as a reader wants them: few as on the ballot, many with the largest first."""
    return list(range(len(shares))) if len(shares) <= UNFOLDED else _largest_first(shares)


def _segments(options: list[Option], shares: Sequence[Fraction]) -> list[Segment]:
    """A split as a bar; of many options the largest ones, and all others as one."""
    segments = [
        Segment(option.name, share, option.colour) for option, share in zip(options, shares, strict=True)
    ]
    if len(segments) <= DRAWN:
        return segments
    largest = set(_largest_first(shares)[: DRAWN - 1])
    large = [segment for place, segment in enumerate(segments) if place in largest]
    others = Segment(
        f"{len(segments) - len(large)} others", 1 - sum((part.share for part in large), Fraction(0)), GREY
    )
    return [*large, others]


def _steps(cycle: Cycle, contest: Contest, counted: Recount, rule: str, after: int) -> dict[str, Any]:
    """The working of one rule for a page of options."""
    options, token = list(contest.options.all()), cycle.announcement.rules.token
    outcome = counted.outcomes[rule]
    after = after if after < len(options) else 0
    working = work_out(
        counted.profile, outcome, counted.terms, _in_order(outcome.shares)[after : after + AT_ONCE]
    )
    steps = []
    for number, step in enumerate(working.steps):
        row = working.payout.rows[step.place] if working.payout else None
        steps.append(
            OptionStep(
                step=step,
                colour=options[step.place].colour,
                rounded=row,
                is_open=number == 0,
                amount=exact(row.amount, token) if row else "",
                whole=exact(row.whole, token) if row else "",
            )
        )
    pages = [
        (start + 1, min(start + AT_ONCE, len(options)), f"?rule={rule}&from={start}#steps", start == after)
        for start in range(0, len(options), AT_ONCE)
    ]
    return {
        "working": working,
        "steps": steps,
        "is_folded": len(options) > UNFOLDED,
        "pages": pages if len(pages) > 1 else [],
    }
