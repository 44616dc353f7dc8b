"""From the closing instant to money: certificate, result v1, settlement. Each exists once."""

from datetime import datetime

from django.db import transaction

from journal.locks import BALLOTS, STEP, TREE, try_lock, wait_for_lock
from journal.version import SOFTWARE
from ledger.actions import transfer
from programmes.models import MetaProgramme
from votes.actions.counting import (
    Award,
    Turnout,
    awards_of,
    read_histogram,
    read_voters,
    without_nested_loops,
)
from votes.actions.heads import extend_tree
from votes.actions.waiting import end_waiting
from votes.models import (
    Certificate,
    Contest,
    ContestResult,
    Cycle,
    OptionResult,
    Result,
    Settlement,
)
from votes.models.challenges import results_to_settle

CLOSE, TALLY, SETTLE = STEP + 4, STEP + 5, STEP + 6


@transaction.atomic
def close_cycle(*, cycle_id: int, at: datetime) -> bool:
    """Certify the ballots of a cycle whose voting is over; False where it is not, or is certified already,
    or where ballots of contract wallets still wait for their verdict.

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
    if not end_waiting(cycle=cycle, at=at):
        return False
    with without_nested_loops():
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
    publish(cycle, version=1, reason="", at=at)
    return True


def publish(cycle: Cycle, *, version: int, reason: str, at: datetime) -> Result:
    """Tally by every rule and store a version of the result."""
    with without_nested_loops():
        histogram, voters = read_histogram(cycle), read_voters(cycle)
    everyone = voters.pop(None, Turnout(0, 0))
    result = Result.objects.create(
        cycle=cycle,
        version=version,
        published_at=at,
        reason=reason,
        software=SOFTWARE,
        voters=everyone.voters,
        power=everyone.power,
    )
    for contest, awards in awards_of(cycle, histogram, voters):
        for rule, award in awards.items():
            _store(result, contest, rule, voters.get(contest.pk, Turnout(0, 0)), award)
    return result


@transaction.atomic
def settle_cycle(*, cycle_id: int, at: datetime) -> bool:
    """Move the money of a cycle whose challenge window is over; False where it is not, or has moved.

    Nothing moves while a challenge awaits its answer, or while a check of the newest version's record fails.
    """
    if not try_lock(SETTLE, cycle_id):
        return False
    result = results_to_settle(at).filter(cycle=cycle_id).select_related("cycle__account").first()
    if result is None:
        return False
    cycle = result.cycle
    _pay(cycle, result, at)
    Settlement.objects.create(cycle=cycle, result=result, settled_at=at)
    return True


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
