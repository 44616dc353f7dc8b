"""Scheduled work: one tick asks the rows what is due and hands each step to a queue."""

from celery import shared_task

from journal.actions import record_tick
from journal.clock import database_clock
from votes.actions import judging, records, steps
from votes.actions.admitting import admission_due
from votes.actions.cycles import plan_cycles


@shared_task(expires=2)
def tick() -> None:
    """Dispatch every step of every cycle, and the planning of every schedule, that is due."""
    at = database_clock()
    for schedule_id in steps.schedules_to_plan(at=at):
        plan_schedule.apply_async((schedule_id,), queue="quick", expires=10)
    for step, cycle_id in steps.due_steps(at=at):
        run_step.apply_async((step.name, cycle_id), queue=step.queue, expires=10)
    if admission_due(at=at):
        admit.apply_async(queue="quick", expires=10)
    for cycle_id in judging.cycles_to_judge(at=at):
        judge_waiting.apply_async((cycle_id,), queue="long", expires=10)
    record_tick(at=at)


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
