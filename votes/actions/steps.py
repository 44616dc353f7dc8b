"""What is due, and doing it: rows are the queue, a broker only carries the news."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from journal.clock import database_clock
from journal.models import JobRun
from journal.refusal import Refusal
from votes.actions.admitting import admission_due, admit_onto_ballots
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.counterfactuals import vary_result
from votes.actions.cycles import announce_cycle, cancel_unpublished, freeze_power, perform_due, plan_cycles
from votes.actions.drafting import KEPT_AFTER_CLOSING, count_drafts, forget_drafts
from votes.actions.due import DUE, freeze_due
from votes.actions.heads import head_due_at, publish_head
from votes.actions.records import build_closed_record, build_final_record
from votes.actions.verifying import asked_at, verify_result
from votes.models import Cycle, Schedule

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """A verb that becomes due for cycles by itself; `due_at` names the instant it is measured against.

    Of what is `repeated` all the time only the first run, and the first after a failure, are written down.
    """

    name: str
    queue: str
    run: Callable[..., bool]
    due_at: Callable[[Cycle], datetime]
    repeated: bool = False

    def due(self, at: datetime) -> QuerySet[Cycle]:
        """The cycles for which it is due at `at`."""
        return Cycle.objects.filter(DUE[self.name](at))


STEPS = {
    step.name: step
    for step in (
        Step(
            name="announce",
            queue="quick",
            run=announce_cycle,
            due_at=lambda cycle: cycle.announced_at,
        ),
        Step(
            name="cancel",
            queue="quick",
            run=cancel_unpublished,
            due_at=lambda cycle: cycle.opens_at - cycle.notice,
        ),
        Step(
            name="freeze",
            queue="quick",
            run=freeze_power,
            due_at=lambda cycle: cycle.snapshot_at,
        ),
        Step(
            name="head",
            queue="quick",
            run=publish_head,
            due_at=head_due_at,
            repeated=True,
        ),
        Step(
            name="close",
            queue="quick",
            run=close_cycle,
            due_at=lambda cycle: cycle.closes_at,
        ),
        Step(
            name="tally",
            queue="long",
            run=publish_result,
            due_at=lambda cycle: cycle.closes_at,
        ),
        Step(
            name="record",
            queue="long",
            run=build_closed_record,
            due_at=lambda cycle: cycle.results.earliest("version").published_at,
        ),
        Step(
            name="verify",
            queue="long",
            run=verify_result,
            due_at=asked_at,
        ),
        Step(
            name="counterfactuals",
            queue="long",
            run=vary_result,
            due_at=lambda cycle: cycle.results.latest().published_at,
        ),
        Step(
            name="settle",
            queue="quick",
            run=settle_cycle,
            due_at=lambda cycle: cycle.settles_at,
        ),
        Step(
            name="final_record",
            queue="long",
            run=build_final_record,
            due_at=lambda cycle: cycle.settlement.settled_at,
        ),
        Step(
            name="count_drafts",
            queue="quick",
            run=count_drafts,
            due_at=lambda cycle: cycle.closes_at,
        ),
        Step(
            name="forget_drafts",
            queue="quick",
            run=forget_drafts,
            due_at=lambda cycle: (
                cycle.cancellation.cancelled_at
                if hasattr(cycle, "cancellation")
                else cycle.closes_at + KEPT_AFTER_CLOSING
            ),
        ),
    )
}


def due_steps(*, at: datetime) -> Iterator[tuple[Step, int]]:
    """Every step that is due for a cycle at `at`, with the cycle's id."""
    for step in STEPS.values():
        for cycle_id in step.due(at).values_list("pk", flat=True).distinct():
            yield step, cycle_id


def schedules_to_plan(*, at: datetime) -> list[int]:
    """Ids of the schedules that have fewer coming cycles than they keep ready."""
    coming = Count("cycles", filter=Q(cycles__opens_at__gt=at + F("notice")))
    short = Schedule.objects.filter(is_active=True).annotate(coming=coming).filter(coming__lt=F("ahead"))
    return list(short.values_list("pk", flat=True))


def run_step(*, name: str, cycle_id: int, at: datetime) -> bool:
    """Run one step of one cycle and write down, in one transaction, that it ran; or else why it could not."""
    step, cycle = STEPS[name], Cycle.objects.get(pk=cycle_id)
    try:
        with transaction.atomic():
            due_at = step.due_at(cycle)
            done = step.run(cycle_id=cycle_id, at=at)
            if done and not (step.repeated and _last_failure(step, cycle) == ""):
                _write_down(step, cycle, due_at, at)
            return done
    except Refusal as refusal:
        _write_down_once(step, cycle, at, refusal.words)
        return False


def _write_down(step: Step, cycle: Cycle, due_at: datetime, at: datetime, failure: str = "") -> None:
    JobRun.objects.create(
        step=step.name,
        subject=_subject(cycle),
        due_at=min(due_at, at),
        started_at=at,
        finished_at=max(at, database_clock()),
        failure=failure,
    )


def _write_down_once(step: Step, cycle: Cycle, at: datetime, failure: str) -> None:
    """Keep a run that failed, unless it did so in the same words as the last one."""
    if failure != _last_failure(step, cycle):
        logger.warning("%s of %s refused: %s", step.name, cycle, failure)
        _write_down(step, cycle, step.due_at(cycle), at, failure)


def _last_failure(step: Step, cycle: Cycle) -> str | None:
    """In what words the last run that is written down failed: "" where it did not, None where there is none."""
    runs = JobRun.objects.filter(step=step.name, subject=_subject(cycle)).order_by("-pk")
    return runs.values_list("failure", flat=True).first()


def _subject(cycle: Cycle) -> str:
    return f"cycle/{cycle.number}"


def admit(*, at: datetime) -> bool:
    """Admit what the rule admits for the newest cycle, where that has not been done yet.

    Announcements that are due come first, so that lateness puts nobody onto a ballot.
    """
    cycle = admission_due(at=at)
    if cycle is None:
        return False
    perform_every_freeze(at=at)
    return admit_onto_ballots(cycle=cycle, at=at)


def perform_every_freeze(*, at: datetime) -> None:
    """Announce, cancel and freeze whatever is due at `at`, whether or not any job has run."""
    for cycle in Cycle.objects.filter(freeze_due(at)).at(at).order_by("announced_at"):
        perform_due(cycle, at=at)


def run_everything_due(*, at: datetime) -> int:
    """Run in this process whatever is due at `at`, until nothing is; how many steps were done."""
    done = 0
    for schedule_id in schedules_to_plan(at=at):
        plan_cycles(schedule_id=schedule_id, at=at)
    while ran := [run_step(name=step.name, cycle_id=cycle_id, at=at) for step, cycle_id in due_steps(at=at)]:
        if not any(ran):
            break
        done += sum(ran)
    admit(at=at)
    return done
