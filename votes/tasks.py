"""Scheduled work: one tick asks the rows what is due and hands each step to a queue."""

from datetime import datetime

from celery import shared_task
from django.conf import settings

from journal.actions import has_just_ticked, record_tick
from journal.clock import database_clock
from journal.models import Mail
from journal.tasks import send_mail
from votes.actions import judging, records, steps
from votes.actions.admitting import admission_due
from votes.actions.cycles import plan_cycles
from votes.actions.mailing import mail_receipts, receipts_to_mail

# When a message that nobody took is dropped [s]. Whoever reads it measures that by the clock of its own machine, so it
# is far more than clocks differ: with seconds, a worker whose clock is ahead would drop everything and do nothing.
STALE = 3600


@shared_task(expires=STALE)
def tick() -> None:
    """Dispatch every step of every cycle, and the planning of every schedule, that is due.

    Of ticks that have piled up, by the database's clock, only the first does anything.
    """
    at = database_clock()
    if has_just_ticked(at=at):
        return
    for schedule_id in steps.schedules_to_plan(at=at):
        plan_schedule.apply_async((schedule_id,), queue="quick", expires=STALE)
    for step, cycle_id in steps.due_steps(at=at):
        run_step.apply_async((step.name, cycle_id), queue=step.queue, expires=STALE)
    if admission_due(at=at):
        admit.apply_async(queue="quick", expires=STALE)
    for cycle_id in judging.cycles_to_judge(at=at):
        judge_waiting.apply_async((cycle_id,), queue="long", expires=STALE)
    if settings.TPP_SENDS_MAIL:
        dispatch_mail(at)
    record_tick(at=at)


def dispatch_mail(at: datetime) -> None:
    if receipts_to_mail(at=at).exists():
        write_receipts.apply_async(queue="quick", expires=STALE)
    if Mail.objects.due(at).exists():
        send_mail.apply_async(queue="long", expires=STALE)


@shared_task
def write_receipts() -> None:
    """Write the receipts that delegates asked for by mail; those that are written already stay as they are."""
    mail_receipts(at=database_clock())


@shared_task
def plan_schedule(schedule_id: int) -> None:
    """Materialise a schedule's next cycles."""
    plan_cycles(schedule_id=schedule_id, at=database_clock())


@shared_task
def admit() -> None:
    """Admit what the rule admits; asked again at the next tick where it failed."""
    steps.admit(at=database_clock())


@shared_task
def run_step(name: str, cycle_id: int) -> None:
    """Run one step of one cycle; harmless when it was done meanwhile."""
    steps.run_step(name=name, cycle_id=cycle_id, at=database_clock())


@shared_task
def check_records() -> None:
    """Make every past record again and compare; what came out otherwise raises an alarm."""
    records.check_records(at=database_clock())


@shared_task
def judge_waiting(cycle_id: int) -> None:
    """Ask the wallets about a cycle's waiting ballots that are due."""
    judging.judge_waiting(cycle_id=cycle_id, at=database_clock())
