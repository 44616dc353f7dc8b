"""Schedules as an admin types them: kept whole or not at all, each fault named beside its field."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from journal.clock import database_clock
from journal.models import AuditEntry
from journal.refusal import Refusal
from programmes.actions import NewTypology, found_programme
from tests.accounts.visitors import Visitor
from tests.factories import HOUR, UNIT, Community, address, make_community, make_cycle, statement
from tests.tpp.html_reader import Page
from votes.actions.cycles import announce_cycle, plan_cycles
from votes.actions.schedule_faults import ContestValues, ScheduleValues, faults
from votes.actions.schedules import describe, fingerprint, save_schedule
from votes.models import Cycle, MetaContest, Schedule

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
YEAR = 2030


@pytest.fixture
def community(settings: Settings) -> Community:
    settings.TPP_ADMINS = [address("alice")]
    return make_community()


@pytest.fixture
def alice(community: Community) -> Visitor:
    visitor = Visitor("alice")
    visitor.sign_in()
    return visitor


def values(community: Community, **changes: Any) -> ScheduleValues:
    ignite = ContestValues(community.ignite.pk, "ladder", 1000, 3, "return_to_reserve")
    good = ScheduleValues(
        name="Monthly vote",
        recurrence="FREQ=MONTHLY;BYDAY=1WE",
        time_zone="Europe/London",
        first_opens_at=datetime(YEAR, 1, 2, 18),  # noqa: DTZ001 (a wall time)
        announce_before=7 * DAY,
        snapshot_before=DAY,
        notice=2 * DAY,
        voting=7 * DAY,
        window=3 * DAY,
        ahead=2,
        is_active=True,
        contests=(ignite,),
    )
    return replace(good, **changes)


def contest(community: Community, **changes: Any) -> dict[str, Any]:
    return {"contests": (replace(values(community).contests[0], **changes),)}


def save(given: ScheduleValues, *, actor: str = "alice", **options: Any) -> Schedule:
    return save_schedule(values=given, actor=address(actor), at=database_clock(), **options)


FAULTS: dict[str, dict[str, Any]] = {
    "no_name": {"name": " "},
    "bad_name": {"name": "two\nlines"},
    "name_taken": {"name": "WEEKLY"},
    "unknown_zone": {"time_zone": "Europe/Londn"},
    "bad_recurrence": {"recurrence": "every other Wednesday"},
    "recurrence_never_fires": {"recurrence": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
    "recurrence_is_over": {"recurrence": "FREQ=WEEKLY;UNTIL=20300101"},
    "first_opening_out_of_range": {"first_opens_at": datetime(1970, 1, 1)},  # noqa: DTZ001
    "length_not_positive": {"voting": timedelta(0)},
    "length_too_long": {"voting": 367 * DAY},
    "snapshot_before_announcement": {"snapshot_before": 7 * DAY},
    "notice_not_after_announcement": {"notice": 7 * DAY},
    "ahead_out_of_range": {"ahead": 0},
    "voting_longer_than_period": {"recurrence": "FREQ=DAILY"},
    "phases_longer_than_period": {"recurrence": "FREQ=WEEKLY", "voting": 6 * DAY},
    "no_contest": {"contests": ()},
}
# faults of one contest
CONTEST_FAULTS: dict[str, dict[str, Any]] = {
    "unknown_programme": {"programme_id": 999_999},
    "unknown_rule": {"rule": "coin"},
    "unknown_fallback": {"fallback": "keep"},
    "quorum_above_all_power": {"quorum_power": 10_001},
    "quorum_voters_out_of_range": {"quorum_voters": -1},
}


@pytest.mark.parametrize("name", [*FAULTS, *CONTEST_FAULTS])
def test_each_fault_is_named_and_nothing_is_stored(community: Community, name: str) -> None:
    changes = FAULTS.get(name) or contest(community, **CONTEST_FAULTS[name])
    given = values(community, **changes)
    assert name in [fault.name for fault in faults(given, at=database_clock())]
    with pytest.raises(Refusal) as refusal:
        save(given)
    assert refusal.value.name == name
    assert Schedule.objects.count() == 1
    assert not Cycle.objects.exists()
    assert not AuditEntry.objects.exists()


def test_too_many_options_and_impossible_bounds_are_refused(community: Community) -> None:
    many = [NewTypology(f"t{number}", f"Typology number {number}", "Any.") for number in range(301)]
    tight = [NewTypology("a", "Apples", "Any.", cap=4000), NewTypology("b", "Pears", "Any.", cap=5000)]
    for slug, typologies, name in (
        ("many", many, "too_many_options"),
        ("tight", tight, "impossible_bounds"),
    ):
        programme = found_programme(
            meta=community.meta, statement=statement(slug), budget=UNIT, typologies=typologies, at=database_clock()
        )  # fmt: skip
        found = faults(
            values(community, **contest(community, programme_id=programme.pk)), at=database_clock()
        )
        assert [(fault.name, fault.field) for fault in found] == [(name, f"contest-{programme.pk}-on")]


def test_a_kept_schedule_plans_its_cycles_and_is_in_the_log(community: Community) -> None:
    schedule = save(values(community))
    assert [f"{cycle.opens_at:%Y-%m-%d %H:%M}" for cycle in Cycle.objects.all()] == [
        f"{opening:%Y-%m-%d %H:%M}" for opening in schedule.openings_after(database_clock(), 2)
    ]
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.before) == ("create_schedule", address("alice"), "")
    assert "FREQ=MONTHLY;BYDAY=1WE" in entry.after
    assert "2 planned" in entry.after


def test_only_an_admin_keeps_one(community: Community) -> None:
    with pytest.raises(Refusal, match="not_an_admin"):
        save(values(community), actor="bob")


def test_planned_cycles_follow_an_edit_and_announced_ones_stay(community: Community) -> None:
    schedule = save(values(community))
    first, second = Cycle.objects.all()
    assert announce_cycle(cycle_id=first.pk, at=first.announced_at)
    earlier = Cycle.objects.filter(pk=first.pk).values().get()
    edited = values(community, voting=3 * DAY, first_opens_at=datetime(YEAR, 1, 2, 17, 30))  # noqa: DTZ001
    schedule = save(edited, schedule_id=schedule.pk, seen=fingerprint(schedule))
    assert Cycle.objects.filter(pk=first.pk).values().get() == earlier
    moved = Cycle.objects.get(pk=second.pk)
    assert moved.closes_at - moved.opens_at == 3 * DAY
    assert moved.opens_at == second.opens_at - timedelta(minutes=30)
    assert (moved.number, moved.account_id, moved.thread_id) == (
        second.number,
        second.account_id,
        second.thread_id,
    )
    assert AuditEntry.objects.first().before != ""  # type: ignore[union-attr]


def test_cycles_can_move_onto_each_other_s_places(community: Community) -> None:
    schedule = save(values(community, ahead=4))
    before = list(Cycle.objects.values_list("number", "opens_at"))
    thursdays = values(community, ahead=4, recurrence="FREQ=MONTHLY;BYDAY=1TH")
    save(thursdays, schedule_id=schedule.pk, seen=fingerprint(schedule))
    after = list(Cycle.objects.values_list("number", "opens_at"))
    assert [number for number, _ in after] == [number for number, _ in before]
    assert all(f"{at:%a}" == "Thu" for _, at in after)


def test_a_cycle_for_which_no_opening_is_left_is_cancelled_in_public(community: Community) -> None:
    schedule = save(values(community))
    until = Cycle.objects.earliest("opens_at").opens_at + DAY
    ends = values(community, recurrence=f"FREQ=MONTHLY;BYDAY=1WE;UNTIL={until:%Y%m%d}")
    save(ends, schedule_id=schedule.pk, seen=fingerprint(schedule))
    phases = [cycle.phase for cycle in Cycle.objects.at(database_clock())]
    assert phases == ["planned", "cancelled"]


def test_what_is_due_is_frozen_by_the_schedule_as_it_was(community: Community) -> None:
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)
    weekly = community.schedule
    only_security = contest(community, programme_id=community.security.pk)
    save(values(community, **only_security), schedule_id=weekly.pk, seen=fingerprint(weekly))
    assert [each.key for each in Cycle.objects.get(pk=cycle.pk).contests.all()] == ["ignite", "security"]


def test_two_admins_do_not_undo_each_other(community: Community) -> None:
    schedule = save(values(community))
    seen = fingerprint(schedule)
    save(values(community, ahead=3), schedule_id=schedule.pk, seen=seen)
    with pytest.raises(Refusal, match="edited_meanwhile"):
        save(values(community, ahead=5), schedule_id=schedule.pk, seen=seen)
    assert Schedule.objects.get(pk=schedule.pk).ahead == 3


# The page


def body(community: Community, **changes: str) -> dict[str, str]:
    key = f"contest-{community.ignite.pk}-"
    typed = {
        "name": "Monthly vote", "rhythm": "monthly", "recurrence": "", "time_zone": "Europe/London",
        "first_opens_at": f"{YEAR}-01-02T18:00", "ahead": "2", "is_active": "on", "seen": "",
        key + "on": "on", key + "rule": "ladder", key + "quorum_power": "12.5", key + "quorum_voters": "3",
        key + "fallback": "return_to_reserve", key + "floor": "0", key + "cap": "100",
    }  # fmt: skip
    lengths = {"announce_before": "7", "snapshot_before": "1", "notice": "2", "voting": "7", "window": "3"}
    for name, number in lengths.items():
        typed |= {f"{name}_0": number, f"{name}_1": "days"}
    return {**typed, **changes}


def post(visitor: Visitor, path: str, typed: dict[str, str]) -> Any:
    return visitor.client.post(path, typed, headers={"x-csrftoken": visitor.token()})


def test_the_page_previews_without_storing_and_then_keeps(community: Community, alice: Visitor) -> None:
    preview = post(alice, "/admin/schedules/new/", body(community, do="preview"))
    text = preview.content.decode()
    assert preview.status_code == 200
    assert Page.read(text).faults == []
    assert "The next 6 cycles" in text
    assert f"Wed 2 Jan {YEAR} 18:00 GMT" in text
    assert "in UTC it comes that much earlier" in text
    assert Schedule.objects.count() == 1
    assert post(alice, "/admin/schedules/new/", body(community, do="save")).status_code == 302
    kept = Schedule.objects.get(name="Monthly vote")
    assert (kept.recurrence, kept.contests.get().quorum_power) == ("FREQ=MONTHLY;BYDAY=1WE", 1250)
    page = alice.client.get(f"/admin/schedules/{kept.pk}/").content.decode()
    assert Page.read(page).faults == []
    assert 'value="12.5"' in page


def test_a_schedule_of_sealed_cycles_is_previewed_kept_and_frozen(
    community: Community, alice: Visitor
) -> None:
    typed = body(community, ballots="sealed")
    for ballots, words in (("sealed", "Ballots are sealed"), ("live", "Ballots are public as they come")):
        preview = post(alice, "/admin/schedules/new/", {**typed, "ballots": ballots, "do": "preview"})
        assert words in preview.content.decode()
    assert post(alice, "/admin/schedules/new/", {**typed, "do": "save"}).status_code == 302
    kept = Schedule.objects.get(name="Monthly vote")
    assert not kept.live_results
    page = alice.client.get(f"/admin/schedules/{kept.pk}/").content.decode()
    assert Page.read(page).faults == []
    assert re.search(r'value="sealed"[^>]* checked', page)
    assert "could read the sealed ballots" in page.replace("whoever runs this site ", "")
    entry = AuditEntry.objects.get()
    assert "ballots: sealed until closing" in entry.after
    cycle = Cycle.objects.filter(schedule=kept).earliest("opens_at")
    assert announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at)
    assert Cycle.objects.get(pk=cycle.pk).is_sealed
    live = replace(values(community), live_results=True)
    save(live, schedule_id=kept.pk, seen=fingerprint(kept))
    assert Cycle.objects.get(pk=cycle.pk).is_sealed  # its rules are frozen
    assert "public as they come" in AuditEntry.objects.first().after  # type: ignore[union-attr]


PAGE_FAULTS = {
    "Did you mean Europe/London?": {"time_zone": "Europe/london"},
    "is no part of a recurrence rule": {"rhythm": "custom", "recurrence": "often"},
    "Voting needs a length above zero.": {"voting_0": "-1"},
    "Write a whole number.": {"voting_0": "a week"},
    "at most 366 days": {"voting_0": "99999999"},
    "Put at least one programme on the ballot.": {"contest": "off"},
    "from 0 to 100 %": {"quorum_power": "101"},
    "This rule is over": {"rhythm": "custom", "recurrence": f"FREQ=WEEKLY;UNTIL={YEAR}0101"},
    "Nothing was stored": {"name": "x" * 90},
}


@pytest.mark.parametrize("words", PAGE_FAULTS)
def test_the_page_keeps_what_was_typed_beside_its_fault(
    community: Community, alice: Visitor, words: str
) -> None:
    key = f"contest-{community.ignite.pk}-"
    typed = body(community, do="save", **PAGE_FAULTS[words])
    if typed.pop("contest", None):
        del typed[key + "on"]
    typed[key + "quorum_power"] = typed.pop("quorum_power", "10")
    answer = post(alice, "/admin/schedules/new/", typed)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert Page.read(text).faults == []
    assert all(value in text for value in PAGE_FAULTS[words].values() if value != "off")
    assert Schedule.objects.count() == 1


def test_the_contest_over_programmes_is_kept(community: Community, alice: Visitor) -> None:
    typed = {
        f"meta-{name}": value
        for name, value in {"on": "on", "rule": "mean", "fallback": "equal_split"}.items()
    }
    other = f"contest-{community.security.pk}-"
    second = {
        other + "on": "on",
        other + "rule": "mean",
        other + "fallback": "return_to_reserve",
        other + "cap": "60",
    }
    given = {**body(community, do="save", **typed), **second}
    assert post(alice, "/admin/schedules/new/", given).status_code == 302
    assert MetaContest.objects.get().rule == "mean"
    assert "contest over the programmes: mean" in describe(Schedule.objects.get(name="Monthly vote"))


def test_the_overview_lists_what_blocks(community: Community, alice: Visitor) -> None:
    community.schedule.contests.all().delete()
    plan_cycles(schedule_id=community.schedule.pk, at=database_clock())
    number = Cycle.objects.earliest("opens_at").number
    for path in ("/admin/", f"/admin/cycles/{number}/", f"/cycles/{number}/"):
        text = alice.client.get(path).content.decode()
        assert "nothing to vote on" in text, path
        assert Page.read(text).faults == []
