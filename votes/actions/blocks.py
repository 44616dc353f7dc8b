"""What still keeps a planned cycle from being announced, in sentences."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from programmes.models import MetaProgramme
from programmes.names import look_alike_key
from votes.actions.freezing import contests_of, programmes_of
from votes.models import FALLBACKS, Contest, Cycle
from votes.record.rules import ContestRules
from votes.tally import RULES, TallyError, check_bounds

MOST_OPTIONS = 300  # in one contest


def blocks_of(cycle: Cycle, at: datetime) -> list[str]:
    """Everything that would be in the way at `at`, the weightiest first; empty where nothing is."""
    meta = MetaProgramme.objects.select_related("token", "register", "source").first()
    if meta is None:
        return ["There is no meta programme yet."]
    if cycle.schedule is None:
        return ["The cycle belongs to no schedule, so no programme stands on the ballot."]
    blocks: list[str] = []
    if not meta.register.total_power:
        blocks.append("Nobody could vote: the register holds no voting power.")
    blocks += [
        f"{programme.name}: it is only proposed. Admit it or take it off the ballot."
        for programme in programmes_of(cycle)
        if cycle.origin == "live" and not programme.is_admitted(at)
    ]
    contests = contests_of(cycle, meta)
    return [*blocks, *blocks_of_contests(contests), *_beyond_the_source(cycle, meta, contests, at)]


def blocks_of_contests(contests: Sequence[ContestRules]) -> list[str]:
    """What is wrong with the contests in themselves."""
    if not contests:
        return ["There is nothing to vote on: no programme stands on the ballot."]
    blocks = [
        f"Programmes look alike: {names}. Give each a name that cannot be taken for another."
        for names in _look_alikes(contest.name for contest in contests)
    ]
    for contest in contests:
        blocks += [f"{contest.name}: {block}" for block in _blocks_of_contest(contest)]
    return blocks


def _blocks_of_contest(contest: ContestRules) -> Iterator[str]:
    if contest.rule not in RULES:
        yield f"the rule “{contest.rule}” is not known. Choose one of {', '.join(RULES)}."
    if contest.fallback not in FALLBACKS:
        yield f"the fall-back “{contest.fallback}” is not known. Choose one of {', '.join(FALLBACKS)}."
    if len(contest.options) > MOST_OPTIONS:
        yield f"it has {len(contest.options)} options. At most {MOST_OPTIONS} can be put to one vote."
    for names in _look_alikes(option.name for option in contest.options):
        yield f"options look alike: {names}. Give each a name that cannot be taken for another."
    try:
        check_bounds(contest.bounds)
    except TallyError as error:
        yield f"{error}."


def _look_alikes(names: Iterable[str]) -> list[str]:
    """Each group of names that look the same, quoted."""
    groups = defaultdict[str, list[str]](list)
    for name in names:
        groups[look_alike_key(name)].append(f"“{name}”")
    return [" and ".join(group) for group in groups.values() if len(group) > 1]


def _beyond_the_source(
    cycle: Cycle, meta: MetaProgramme, contests: Sequence[ContestRules], at: datetime
) -> list[str]:
    """Whether the source may still give the cycle's budget, after what announced cycles may yet take from it."""
    unsettled = (
        Cycle.objects.at(at)
        .exclude(pk=cycle.pk)
        .scheduled()
        .in_phase("announced", "open", "counting", "challenge")
    )
    promised = Contest.objects.filter(cycle__in=unsettled.values("pk")).aggregate(sum=Sum("budget"))["sum"]
    left = int(meta.source.balance - meta.source.floor - (promised or 0))
    budget = sum(contest.budget or 0 for contest in contests)
    if budget <= left:
        return []
    asked, given = (f"{Decimal(sum_).scaleb(-meta.token.decimals):,f}" for sum_ in (budget, max(0, left)))
    return [
        f"The budgets sum to {_short(asked)} {meta.token.symbol}, but the source may give only"
        f" {_short(given)} more, announced cycles counted."
    ]


def _short(number: str) -> str:
    """A decimal number without the zeros that say nothing."""
    return number.rstrip("0").rstrip(".") if "." in number else number
