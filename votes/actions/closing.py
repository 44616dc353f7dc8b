"""From the closing instant to money: certificate, result v1, settlement. Each exists once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from django.db import connection, transaction

from journal.locks import BALLOTS, STEP, TREE, try_lock, wait_for_lock
from journal.version import VERSION
from ledger.actions import transfer
from programmes.models import MetaProgramme
from votes.actions.heads import extend_tree
from votes.models import (
    RULES,
    Certificate,
    Contest,
    ContestResult,
    Cycle,
    OptionResult,
    Result,
    Settlement,
)
from votes.tally import Profile, fall_back, tally

CLOSE, TALLY, SETTLE = STEP + 4, STEP + 5, STEP + 6


@transaction.atomic
def close_cycle(*, cycle_id: int, at: datetime) -> bool:
    """Certify the ballots of a cycle whose voting is over; False where it is not, or is certified already.

    Waits for the ballots that are being accepted right now and shuts the door behind them. The tree goes on from the
    last head, so only the ballots after it are hashed.
    """
    if not try_lock(CLOSE, cycle_id):
        return False
    cycle = Cycle.objects.at(at).select_related("announcement").get(pk=cycle_id)
    if cycle.phase != "counting" or Certificate.objects.filter(cycle=cycle).exists():
        return False
    wait_for_lock(TREE, cycle_id)
    wait_for_lock(BALLOTS, cycle_id)
    with _without_nested_loops():
        tree = extend_tree(cycle_id)
    Certificate.objects.create(
        cycle=cycle,
        certified_at=at,
        ballot_count=tree.size,
        merkle_root=tree.root(),
        rules_hash=cycle.announcement.rules_hash,
    )
    return True


@transaction.atomic
def publish_result(*, cycle_id: int, at: datetime) -> bool:
    """Tally a certified cycle by every rule and publish result v1; False where it can't be, or is already."""
    if not try_lock(TALLY, cycle_id):
        return False
    cycle = (
        Cycle.objects.at(at).select_related("announcement", "certificate", "power__snapshot").get(pk=cycle_id)
    )
    if not hasattr(cycle, "certificate") or cycle.phase != "counting" or not hasattr(cycle, "power"):
        return False
    with _without_nested_loops():
        histogram, voters = read_histogram(cycle), read_voters(cycle)
    everyone = voters.pop(None, Turnout(0, 0))
    result = Result.objects.create(
        cycle=cycle,
        version=1,
        published_at=at,
        software=f"tpp {VERSION}",
        voters=everyone.voters,
        power=everyone.power,
    )
    given: dict[str, int] = {}  # by "*", which stands first and gives each programme its budget
    for contest in cycle.contests.prefetch_related("options"):
        budget = given[contest.key] if contest.budget is None else contest.budget
        binding = _publish_contest(result, contest, budget, histogram, voters.get(contest.pk, Turnout(0, 0)))
        if contest.is_over_programmes:
            options = [option.key for option in contest.options.all()]
            given = dict(zip(options, binding.amounts, strict=True))
    return True


@transaction.atomic
def settle_cycle(*, cycle_id: int, at: datetime) -> bool:
    """Move the money of a cycle whose challenge window is over; False where it is not, or has moved."""
    if not try_lock(SETTLE, cycle_id):
        return False
    cycle = Cycle.objects.at(at).get(pk=cycle_id)
    if cycle.phase != "challenge":
        return False
    result = cycle.results.latest()
    if at < max(cycle.settles_at, result.published_at + cycle.window):
        return False
    _pay(cycle, result, at)
    Settlement.objects.create(cycle=cycle, result=result, settled_at=at)
    return True


class Turnout(NamedTuple):
    """How many voters and how much power [base units]."""

    voters: int
    power: int


@contextmanager
def _without_nested_loops() -> Iterator[None]:
    """Have PostgreSQL hash and sort where it reads a whole cycle.

    Its statistics lag behind a cycle that filled up quickly. It then expects a handful of ballots, and a loop inside
    a loop looks cheap: minutes instead of a second from 20,000 ballots on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    with connection.cursor() as cursor:  # after an error the rollback does it
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")


def read_histogram(cycle: Cycle) -> Mapping[int, Mapping[int, int]]:
    """H[option number][basis points] -> voting power, over each voter's newest ballot; PostgreSQL adds it up."""
    histogram: defaultdict[int, dict[int, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT line.option, line.share, sum(p.power)
            FROM votes_ballot b
            JOIN power_snapshotpower p ON p.snapshot_id = %s AND p.address = b.voter
            CROSS JOIN LATERAL unnest(b.options, b.shares) AS line(option, share)
            WHERE b.cycle_id = %s AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = b.id)
            GROUP BY line.option, line.share
            """,
            [cycle.power.snapshot_id, cycle.pk],
        )
        for option, share, power in cursor:
            histogram[option][share] = int(power)
    return histogram


def read_voters(cycle: Cycle) -> dict[int | None, Turnout]:
    """Turnout by contest id; under None that of the whole cycle, counting ballots that have lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT voted.contest_id, count(*), sum(voted.power)
            FROM (
                SELECT DISTINCT b.id, o.contest_id, p.power
                FROM votes_ballot b
                JOIN power_snapshotpower p ON p.snapshot_id = %(snapshot)s AND p.address = b.voter
                CROSS JOIN LATERAL unnest(b.options) AS line(option)
                JOIN votes_option o ON o.cycle_id = b.cycle_id AND o.number = line.option
                WHERE b.cycle_id = %(cycle)s
                  AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = b.id)
            ) AS voted GROUP BY voted.contest_id
            UNION ALL
            SELECT NULL, count(*), coalesce(sum(p.power), 0)
            FROM votes_ballot b
            JOIN power_snapshotpower p ON p.snapshot_id = %(snapshot)s AND p.address = b.voter
            WHERE b.cycle_id = %(cycle)s AND cardinality(b.options) > 0
              AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = b.id)
            """,
            {"snapshot": cycle.power.snapshot_id, "cycle": cycle.pk},
        )
        return {contest: Turnout(voters, int(power)) for contest, voters, power in cursor}


class Award(NamedTuple):
    """What one rule makes of a contest, in the order of its options."""

    outcome: str
    shares: tuple[Fraction, ...]
    amounts: tuple[int, ...]
    parameter: Fraction | None = None
    why: str = ""


def _publish_contest(
    result: Result,
    contest: Contest,
    budget: int,
    histogram: Mapping[int, Mapping[int, int]],
    turnout: Turnout,
) -> Award:
    """One row for each rule; the one that binds pays and is returned, the others are shown beside it."""
    options = list(contest.options.all())
    profile = Profile(tuple(histogram.get(option.number, {}) for option in options), turnout.power)
    if contest.budget is None and not budget:
        nothing = Award("nothing_given", (Fraction(0),) * len(options), (0,) * len(options))
        awards = dict.fromkeys(RULES, nothing)
    elif _reaches_quorum(result, contest, turnout):
        awards = {rule: _tallied(rule, profile, contest, budget) for rule in RULES}
    else:
        awards = dict.fromkeys(RULES, _fallen(result.cycle, contest, budget))
    for rule, award in awards.items():
        _store(result, contest, rule, turnout, award)
    return awards[contest.rule]


def _tallied(rule: str, profile: Profile, contest: Contest, budget: int) -> Award:
    outcome = tally(rule, profile, list(contest.bounds.values()), budget)
    return Award("split", outcome.shares, outcome.amounts, outcome.parameter)


def _fallen(cycle: Cycle, contest: Contest, budget: int) -> Award:
    """What the frozen rules do with a contest below its quorum."""
    options = [option.key for option in contest.options.all()]
    rules = next(frozen for frozen in cycle.announcement.rules.contests if frozen.programme == contest.key)
    last = rules.last_split.shares if rules.last_split else None
    fallen = fall_back(contest.fallback, options, list(contest.bounds.values()), budget, last)
    return Award(fallen.outcome, fallen.shares, fallen.amounts, why=fallen.why)


def _store(result: Result, contest: Contest, rule: str, turnout: Turnout, award: Award) -> None:
    row = ContestResult.objects.create(
        result=result,
        contest=contest,
        rule=rule,
        is_binding=rule == contest.rule,
        outcome=award.outcome,
        voters=turnout.voters,
        power=turnout.power,
        parameter=None if award.parameter is None else str(award.parameter),
        why=award.why,
    )
    OptionResult.objects.bulk_create(
        OptionResult(
            contest_result=row, option=option, share=str(award.shares[place]), amount=award.amounts[place]
        )
        for place, option in enumerate(contest.options.all())
    )


def _reaches_quorum(result: Result, contest: Contest, turnout: Turnout) -> bool:
    """Whether enough voters and power are counted in the contest; no power at all never is enough."""
    everybody = result.cycle.power.snapshot.total_power
    return (
        turnout.power > 0
        and turnout.voters >= contest.quorum_voters
        and turnout.power * 10_000 >= contest.quorum_power * everybody
    )


def _pay(cycle: Cycle, result: Result, at: datetime) -> None:
    """Source to cycle to programme to typology; what is not awarded stays in the source."""
    binding = result.contests.filter(is_binding=True, contest__programme__isnull=False)
    contests = binding.select_related("contest__programme__account").prefetch_related(
        "options__option__typology__account"
    )
    source = MetaProgramme.objects.select_related("source").get().source if contests else None
    for contest_result in contests:
        programme = contest_result.contest.programme
        awarded = sum(option.amount for option in contest_result.options.all())
        assert source is not None
        assert cycle.account is not None
        assert programme is not None
        key = f"cycle/{cycle.number}/{programme.slug}"
        reason = f"{programme.name}, cycle {cycle.number}"
        transfer(
            debit=source, credit=cycle.account, amount=awarded, reason=reason, key=f"{key}/1-reserve", at=at
        )
        transfer(
            debit=cycle.account,
            credit=programme.account,
            amount=awarded,
            reason=reason,
            key=f"{key}/2-budget",
            at=at,
        )
        for option in contest_result.options.all():
            typology = option.option.typology
            assert typology is not None
            transfer(
                debit=programme.account,
                credit=typology.account,
                amount=option.amount,
                reason=f"{typology.name}, cycle {cycle.number}",
                key=f"{key}/3-award/{typology.slug}",
                at=at,
            )
