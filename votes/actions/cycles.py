"""From a schedule to an announced cycle with frozen rules and frozen power."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from deliberation.actions import open_thread
from journal.locks import STEP, try_lock, wait_for_lock
from journal.refusal import Refusal
from ledger.actions import open_account
from power.actions import freeze_register
from power.models import Register
from programmes.models import MetaProgramme
from votes.actions.admitting import leave_off_what_blocks
from votes.actions.blocks import MOST_OPTIONS as MOST_OPTIONS
from votes.actions.blocks import blocks_of
from votes.actions.due import freeze_due, is_due
from votes.actions.freezing import freeze_rules, programmes_of
from votes.models import (
    Announcement,
    Cancellation,
    Contest,
    Cycle,
    CyclePower,
    Option,
    Schedule,
)
from votes.record.rules import Instants, Rules
from votes.refusals import refuse

ANNOUNCE, CANCEL, FREEZE, PLAN = STEP, STEP + 1, STEP + 2, STEP + 3


@transaction.atomic
def plan_cycles(*, schedule_id: int, at: datetime) -> int:
    """Materialise the schedule's next cycles that can still be published in time; how many were made.

    Instants are copied from the schedule when the cycle is made. An opening whose voting would overlap that of
    a cycle which exists, of whatever schedule, is left out.
    """
    if not try_lock(PLAN, schedule_id):
        return 0
    wait_for_lock(PLAN, 0)
    schedule = Schedule.objects.get(pk=schedule_id)
    made = 0
    for opens_at in schedule.openings_after(at + schedule.notice, schedule.ahead):
        instants = schedule.instants(opens_at)
        meanwhile = Cycle.objects.filter(opens_at__lt=instants.closes_at, closes_at__gt=opens_at)
        if not meanwhile.exists():
            plan_cycle(schedule=schedule, instants=instants, at=at)
            made += 1
    return made


@transaction.atomic
def plan_cycle(
    *, schedule: Schedule, instants: Instants, at: datetime, origin: str = "live", number: int | None = None
) -> Cycle:
    """One planned cycle of `schedule` with its account and its thread, numbered after the highest so far."""
    meta = MetaProgramme.objects.get()
    wait_for_lock(PLAN, 0)  # numbers are given one at a time
    if number is None:
        number = next_number()
    return Cycle.objects.create(
        number=number,
        origin=origin,
        schedule=schedule,
        title=f"Cycle {number}",
        notice=schedule.notice,
        window=schedule.window,
        account=open_account(token=meta.token, name=f"cycle/{number}"),
        thread=open_thread(title=f"Cycle {number}", address=f"/cycles/{number}/", at=at, parent=meta.thread),
        **vars(instants),
    )


def next_number() -> int:
    """The lowest number above all cycles, imports included."""
    return (Cycle.objects.aggregate(highest=Max("number"))["highest"] or 0) + 1


@transaction.atomic
def announce_cycle(*, cycle_id: int, at: datetime) -> bool:
    """Freeze the rules of a planned cycle and publish them; False where it is not the time, or done already.

    Raises Refusal `cannot_be_announced` with everything that is in the way.
    """
    if not try_lock(ANNOUNCE, cycle_id):
        return False
    # the row is locked, so that nobody changes an instant between its reading and the publication
    cycle = Cycle.objects.at(at).select_for_update(no_key=True).get(pk=cycle_id)
    if cycle.phase != "planned" or not cycle.announced_at <= at <= cycle.opens_at - cycle.notice:
        return False
    wait_for_lock(ANNOUNCE, 0)  # budgets are promised from the source one cycle at a time
    if blocks := leave_off_what_blocks(cycle, what_blocks(cycle, at), at):
        raise Refusal("cannot_be_announced", " ".join(blocks))
    publish_rules(cycle=cycle, rules=freeze_rules(cycle), at=at)
    return True


def what_blocks(cycle: Cycle, at: datetime | None = None) -> list[str]:
    """Everything that keeps a planned cycle from being announced at `at`, in sentences; empty where nothing does.

    Without an `at`: at its announcement.
    """
    return blocks_of(cycle, at or cycle.announced_at)


def publish_rules(*, cycle: Cycle, rules: Rules, at: datetime) -> Announcement:
    """Store the frozen rules and the contests and options they name."""
    meta = MetaProgramme.objects.first()
    programmes = {p.slug: p for p in programmes_of(cycle)} if meta else {}
    announcement = Announcement.objects.create(
        cycle=cycle, rules_json=rules.data.decode(), rules_hash=rules.hash, published_at=at
    )
    number = 0
    for position, contest_rules in enumerate(rules.contests):
        programme = programmes.get(contest_rules.programme)
        typologies = {t.slug: t for t in programme.typologies.all()} if programme else {}
        contest = Contest.objects.create(
            cycle=cycle,
            position=position,
            key=contest_rules.programme,
            name=contest_rules.name,
            programme=programme,
            budget=contest_rules.budget,
            rule=contest_rules.rule,
            quorum_power=contest_rules.quorum_power,
            quorum_voters=contest_rules.quorum_voters,
            fallback=contest_rules.fallback,
        )
        options = [
            Option(
                cycle=cycle,
                contest=contest,
                number=number + place,
                key=option.typology,
                name=option.name,
                typology=typologies.get(option.typology),
                floor=option.floor,
                cap=option.cap,
            )
            for place, option in enumerate(contest_rules.options)
        ]
        Option.objects.bulk_create(options)
        number += len(options)
    return announcement


@transaction.atomic
def cancel_unpublished(*, cycle_id: int, at: datetime) -> bool:
    """Cancel a cycle that was not published in time; design principle 2. False where that is not so."""
    if not try_lock(CANCEL, cycle_id):
        return False
    wait_for_lock(ANNOUNCE, cycle_id)
    cycle = Cycle.objects.at(at).get(pk=cycle_id)
    if cycle.phase != "planned" or at <= cycle.opens_at - cycle.notice:
        return False
    Cancellation.objects.create(
        cycle=cycle,
        cancelled_at=at,
        reason=f"The rules were not published {cycle.notice} before voting was to open, so the cycle cancelled itself.",
    )
    return True


@transaction.atomic
def freeze_power(*, cycle_id: int, at: datetime) -> bool:
    """Freeze the voting power that the rules name; False where it is not the time, or done already."""
    if not try_lock(FREEZE, cycle_id):
        return False
    cycle = Cycle.objects.at(at).select_related("announcement").get(pk=cycle_id)
    if cycle.phase in {"planned", "cancelled"} or at < cycle.snapshot_at or _has_power(cycle):
        return False
    register = Register.objects.get(sha256=bytes.fromhex(cycle.announcement.rules.power.sha256))
    snapshot = freeze_register(register=register, timepoint=cycle.snapshot_at, at=at)
    CyclePower.objects.create(cycle=cycle, snapshot=snapshot)
    return True


def find_cycle(*, number: int, at: datetime) -> Cycle:
    """The cycle with its phase at `at`, its rules and its power, after the freezes of it that are due.

    Raises Refusal `unknown_cycle`.
    """
    cycles = Cycle.objects.at(at).select_related("announcement", "power", "cancellation")
    cycle = cycles.filter(number=number).first()
    if cycle is None:
        raise refuse("unknown_cycle")
    if perform_due(cycle, at=at):
        cycle = cycles.get(pk=cycle.pk)
    return cycle


def perform_due(cycle: Cycle, *, at: datetime) -> bool:
    """Perform the freezes of `cycle` that are due by `at`, whether or not any job has run.

    False where nothing of it can have been frozen since `cycle` was read; else, whoever did it, read it again.

    Waits for a job that is at the same, so that afterwards it is done. What can't be announced stays planned:
    the job that announces tells why.
    """
    if cycle.announced_at > at or cycle.phase == "cancelled" or hasattr(cycle, "power"):
        return False  # nothing is due before the first instant; said here without asking the rows
    if Cycle.objects.filter(freeze_due(at), pk=cycle.pk).exists():
        for name, lock, verb in _FREEZES:
            if is_due(name, cycle, at):
                with suppress(Refusal), transaction.atomic():
                    wait_for_lock(lock, cycle.pk)
                    verb(cycle_id=cycle.pk, at=at)
    return True


_FREEZES: tuple[tuple[str, int, Callable[..., bool]], ...] = (
    ("announce", ANNOUNCE, announce_cycle),
    ("cancel", CANCEL, cancel_unpublished),
    ("freeze", FREEZE, freeze_power),
)


def _has_power(cycle: Cycle) -> bool:
    return CyclePower.objects.filter(cycle=cycle).exists()
