"""Creating and changing schedules; planned cycles follow, announced ones stay as they are."""

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import ADMIN, holds_role
from journal.actions import audit
from journal.locks import wait_for_lock
from journal.refusal import Refusal
from votes.actions.cycles import ANNOUNCE, PLAN, perform_due, plan_cycles
from votes.actions.due import freeze_due
from votes.actions.schedule_faults import Fault, ScheduleValues, faults
from votes.models import Cancellation, Cycle, MetaContest, Schedule, ScheduledContest
from votes.preview import in_words

_FAR = timedelta(days=365 * 900)  # where cycles wait while others move


class BadSchedule(Refusal):
    """A schedule that is not kept, with everything that is wrong with it."""

    status = 422

    def __init__(self, found: list[Fault]) -> None:
        super().__init__(found[0].name, found[0].words)
        self.faults = found


def describe(schedule: Schedule) -> str:
    """Everything that a stored schedule says, in words, one a line."""
    first = schedule.first_opens_at.astimezone(ZoneInfo(schedule.time_zone))
    lines = [
        f"name: {schedule.name}",
        f"recurrence: {schedule.recurrence}, {schedule.time_zone}, from {first:%Y-%m-%d %H:%M:%S}",
        f"before the opening: rules {in_words(schedule.announce_before)}, power {in_words(schedule.snapshot_before)},"
        f" least notice {in_words(schedule.notice)}",
        f"voting: {in_words(schedule.voting)}, challenge: {in_words(schedule.window)}",
        f"ballots: {'public as they come' if schedule.live_results else 'sealed until closing'}",
        f"{schedule.ahead} kept ready, {'active' if schedule.is_active else 'not active'}",
    ]
    lines += [
        f"contest {contest.programme.slug}: {contest.rule}, quorum {contest.quorum_power / 100:g} % of power and"
        f" {contest.quorum_voters} voters, else {contest.fallback}; {contest.floor / 100:g} to {contest.cap / 100:g} %"
        for contest in schedule.contests.select_related("programme")
    ]
    for meta in MetaContest.objects.filter(schedule=schedule):
        lines.append(
            f"contest over the programmes: {meta.rule}, quorum {meta.quorum_power / 100:g} % of power and"
            f" {meta.quorum_voters} voters, else {meta.fallback}"
        )
    return "\n".join(lines)


def fingerprint(schedule: Schedule) -> str:
    """What an editor has seen; it changes with anything that `describe` tells."""
    return hashlib.sha256(describe(schedule).encode()).hexdigest()


def save_schedule(
    *, values: ScheduleValues, actor: str, at: datetime, schedule_id: int | None = None, seen: str = ""
) -> Schedule:
    """Create a schedule, or change the one of `schedule_id` if it is still as `seen`; plan and reschedule its cycles.

    Freezes that are due happen first, by the schedule as it was. All or nothing.
    Raises Refusal: `not_an_admin`, `edited_meanwhile`, and BadSchedule with the names of its faults.
    """
    if not holds_role(actor, ADMIN, at):
        raise Refusal("not_an_admin", "Only an admin changes schedules.", status=403)
    if schedule_id is not None:
        for cycle in Cycle.objects.at(at).filter(freeze_due(at), schedule=schedule_id):
            perform_due(cycle, at=at)
    return _save(values, actor, at, schedule_id, seen)


@transaction.atomic
def _save(values: ScheduleValues, actor: str, at: datetime, schedule_id: int | None, seen: str) -> Schedule:
    wait_for_lock(PLAN, 0)
    before = ""
    if schedule_id is not None:
        stored = Schedule.objects.select_for_update().get(pk=schedule_id)
        before = describe(stored)
        if fingerprint(stored) != seen:
            raise Refusal(
                "edited_meanwhile",
                "Somebody changed this schedule while you were editing it; nothing of yours was stored. What you"
                " typed is still here: compare it with the schedule as it is now, then save again.",
                status=409,
            )
    if found := faults(values, at=at, schedule_id=schedule_id):
        raise BadSchedule(found)
    cycles = _hold_unannounced(schedule_id, at)
    schedule = values.schedule()
    schedule.pk = schedule_id
    schedule.save()
    _save_contests(schedule, values)
    moved = _reschedule(schedule, cycles, actor, at)
    if schedule.is_active:
        moved += [f"{made} planned"] if (made := plan_cycles(schedule_id=schedule.pk, at=at)) else []
    audit(
        actor=actor,
        verb="edit_schedule" if before else "create_schedule",
        subject=f"schedule/{schedule.pk}",
        before=before,
        after="\n".join([describe(schedule), *(f"cycles: {words}" for words in moved)]),
        at=at,
    )
    return schedule


def _save_contests(schedule: Schedule, values: ScheduleValues) -> None:
    schedule.contests.all().delete()
    for position, contest in enumerate(values.contests):
        ScheduledContest.objects.create(schedule=schedule, position=position, **vars(contest))
    MetaContest.objects.filter(schedule=schedule).delete()
    if values.meta is not None:
        MetaContest.objects.create(schedule=schedule, **vars(values.meta))


def _hold_unannounced(schedule_id: int | None, at: datetime) -> list[Cycle]:
    """The schedule's planned cycles, in order; none of them is announced before this transaction ends."""
    planned = Cycle.objects.at(at).in_phase("planned").filter(schedule=schedule_id, origin="live")
    if schedule_id is None:
        return []
    for pk in sorted(planned.values_list("pk", flat=True)):
        wait_for_lock(ANNOUNCE, pk)
    return list(planned.select_for_update(of=("self",)).order_by("opens_at"))


def _reschedule(schedule: Schedule, cycles: list[Cycle], actor: str, at: datetime) -> list[str]:
    """Give `cycles` the schedule's next openings, in order; what was done, in words.

    For which no opening is left, is cancelled. Openings that would overlap other cycles are passed over.
    """
    openings = _free_openings(schedule, cycles, at)
    told = []
    moving = []
    for cycle in cycles:
        if not openings:
            reason = "Its schedule was changed and has no opening for it any more."
            Cancellation.objects.create(cycle=cycle, cancelled_at=at, reason=reason, actor=actor)
            told.append(f"{cycle.number} cancelled")
            continue
        instants = schedule.instants(openings.pop(0))
        changed = {**vars(instants), "notice": schedule.notice, "window": schedule.window}
        if any(getattr(cycle, name) != value for name, value in changed.items()):
            moving.append((cycle, changed))
    for cycle, _ in moving:  # out of each other's way first: voting never overlaps, not for a moment
        away = {name: getattr(cycle, name) + _FAR for name in vars(cycle.instants)}
        Cycle.objects.filter(pk=cycle.pk).update(**away)
    for cycle, changed in moving:
        Cycle.objects.filter(pk=cycle.pk).update(**changed)
        told.append(f"{cycle.number} opens {changed['opens_at']:%Y-%m-%d %H:%M} UTC")
    return told


def _free_openings(schedule: Schedule, cycles: list[Cycle], at: datetime) -> list[datetime]:
    others = Cycle.objects.exclude(pk__in=[cycle.pk for cycle in cycles])
    taken = list(others.filter(closes_at__gt=at).values_list("opens_at", "closes_at"))
    openings = schedule.openings_after(at + schedule.notice, len(cycles) + len(taken))
    return [
        opens_at
        for opens_at in openings
        if not any(since < opens_at + schedule.voting and opens_at < until for since, until in taken)
    ]
