"""What the rule admits comes onto the ballots by itself, and can never keep a cycle from being announced."""

from datetime import datetime

from django.db import transaction

from journal.actions import audit
from journal.clock import database_clock
from journal.locks import STEP, wait_for_lock
from journal.models import JobRun
from programmes.actions import admit_programmes
from programmes.models import Programme
from votes.actions.blocks import blocks_of
from votes.models import Cycle, Schedule, ScheduledContest

ADMIT = "admit"
RULE = "the rule of admission"  # in place of an actor's address
_ADMIT = STEP + 9
USUAL = {"rule": "ladder", "quorum_power": 1_000, "quorum_voters": 3, "fallback": "return_to_reserve"}


def admission_due(*, at: datetime) -> Cycle | None:
    """The newest coming cycle, if nothing was admitted for it yet: each planning is followed by one admission."""
    coming = Cycle.objects.scheduled().not_cancelled().filter(opens_at__gt=at)
    newest = coming.filter(origin="live").order_by("-number").select_related("thread").first()
    return None if newest is None or _is_done(newest) else newest


def _is_done(cycle: Cycle) -> bool:
    return JobRun.objects.done().filter(step=ADMIT, subject=f"cycle/{cycle.number}").exists()


@transaction.atomic
def admit_onto_ballots(*, cycle: Cycle, at: datetime) -> bool:
    """Admit what the rule admits and put it onto the ballot of every active schedule; False where that was done.

    A programme is put there once: an admin may take it off again, in public.
    """
    wait_for_lock(_ADMIT, 0)
    if _is_done(cycle):
        return False
    for programme in admit_programmes(at):
        for schedule in Schedule.objects.filter(is_active=True).order_by("pk"):
            _put(programme, schedule, at)
    JobRun.objects.create(
        step=ADMIT,
        subject=f"cycle/{cycle.number}",
        due_at=cycle.thread.opened_at,
        started_at=at,
        finished_at=max(at, database_clock()),
    )
    return True


def _put(programme: Programme, schedule: Schedule, at: datetime) -> None:
    """Behind the programmes that stand on the ballot, by the terms of the first of them."""
    contests = list(schedule.contests.all())
    if any(contest.programme_id == programme.pk for contest in contests):
        return
    terms = {name: getattr(contests[0], name) for name in USUAL} if contests else USUAL
    position = max((contest.position for contest in contests), default=-1) + 1
    ScheduledContest.objects.create(
        schedule=schedule, programme=programme, position=position, is_put_by_rule=True, **terms
    )
    words = f"{programme.name}: on the ballot of {schedule.name} from the next announcement on."
    audit(actor=RULE, verb="put_on_ballot", subject=f"programme/{programme.slug}", after=words, at=at)


def leave_off_what_blocks(cycle: Cycle, blocks: list[str], at: datetime) -> list[str]:
    """Take off the ballot what the rule put there and what blocks `cycle`, the newest first; what blocks still.

    Each is told in public with its reason. The caller's transaction holds all of it together with the announcement:
    where something else blocks too, nothing is taken off.
    """
    put = ScheduledContest.objects.filter(schedule=cycle.schedule_id, is_put_by_rule=True)
    for contest in put.select_related("programme", "schedule").order_by("-position", "-pk"):
        if not blocks:
            break
        savepoint = transaction.savepoint()
        contest_pk = contest.pk
        contest.delete()
        left = blocks_of(cycle, at)
        if set(left) >= set(blocks):
            transaction.savepoint_rollback(savepoint)
            contest.pk = contest_pk
            continue
        transaction.savepoint_commit(savepoint)
        reasons = " ".join(block for block in blocks if block not in left)
        programme = contest.programme
        words = f"{programme.name}: left off the ballot of {contest.schedule.name}, cycle {cycle.number}: {reasons}"
        audit(actor=RULE, verb="leave_off_ballot", subject=f"programme/{programme.slug}", after=words, at=at)
        blocks = left
    return blocks
