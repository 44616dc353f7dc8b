"""The public clock: the scheduler's last tick, how late each job was, what comes next."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from journal.actions import raise_alarm, record_tick
from journal.clock import database_clock
from journal.models import Heartbeat, JobRun
from tests.factories import HOUR, make_community, make_cycle
from tpp.pages.clock import LATE_AFTER, MEASURED_RUNS, in_words, median, read_clock
from votes import tasks
from votes.actions.steps import run_step
from votes.models import Cancellation, Schedule

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
DUE = datetime(2025, 1, 1, tzinfo=UTC)


def run(step: str, late: timedelta, *, number: int = 1, failure: str = "") -> JobRun:
    """A run that ended `late` after it was due."""
    return JobRun.objects.create(
        step=step,
        subject=f"cycle/{number}",
        due_at=DUE,
        started_at=DUE,
        finished_at=DUE + late,
        failure=failure,
    )


def test_every_tick_overwrites_the_one_row() -> None:
    before = database_clock()
    tasks.tick()
    first = Heartbeat.objects.get().ticked_at
    Heartbeat.objects.update(ticked_at=first - SECOND)  # of ticks that pile up only the first does anything
    tasks.tick()
    second = Heartbeat.objects.get().ticked_at
    assert before < first < second < database_clock()


def test_the_database_keeps_a_second_heartbeat_out() -> None:
    record_tick(at=DUE)
    for only in (True, False):
        with pytest.raises(IntegrityError), transaction.atomic():
            Heartbeat.objects.create(only=only, ticked_at=DUE)


@pytest.mark.parametrize(("age", "is_late"), [(2 * SECOND, False), (LATE_AFTER, False), (11 * SECOND, True)])
def test_the_scheduler_is_late_after_ten_seconds(age: timedelta, is_late: bool) -> None:
    record_tick(at=DUE)
    clock = read_clock(at=DUE + age)
    assert (clock.since_tick, clock.is_late) == (age, is_late)
    assert clock.words.endswith(f"{in_words(age)} ago")
    assert ("is late" in clock.words) == is_late


def test_a_clock_that_jumped_back_makes_no_tick_of_the_future() -> None:
    record_tick(at=DUE)
    assert read_clock(at=DUE - HOUR).since_tick == timedelta(0)


def test_the_page_says_in_words_whether_the_scheduler_runs(client: Client) -> None:
    page = client.get("/clock/").content.decode()
    assert "The scheduler has not run yet" in page
    assert "Nothing happens by itself until a worker and the scheduler run." in page
    tasks.tick()
    assert "The clock runs" in client.get("/clock/").content.decode()
    record_tick(at=database_clock() - 200 * SECOND)
    page = client.get("/clock/").content.decode()
    assert "its last tick was 3 min 20 s ago" in page
    assert "No ballot is lost by it" in page


def test_a_job_shows_last_median_and_worst_of_its_last_fifty_runs() -> None:
    run("close", 90 * SECOND)  # the fifty-first from behind
    for late in [SECOND] * 20 + [2 * SECOND] * 5 + [4 * SECOND] * 24 + [3 * SECOND]:
        run("close", late)
    run("close", HOUR, failure="The node does not answer.")
    close = next(job for job in read_clock(at=DUE).jobs if job.step == "close")
    assert close.measured_runs == MEASURED_RUNS
    assert close.last is not None
    # sorted: twenty ones, five twos, a three, twenty-four fours; the middle is between the last two and the three
    assert (close.last.lateness, close.median, close.worst) == (3 * SECOND, 2.5 * SECOND, 4 * SECOND)
    assert close.words == {"last": "3.0 s", "median": "2.5 s", "worst": "4.0 s"}


def test_a_median_of_an_odd_number_is_the_middle_one() -> None:
    assert median([9 * SECOND, SECOND, 2 * SECOND]) == 2 * SECOND


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0.0 s"),
        (0.19, "0.1 s"),
        (9.99, "9.9 s"),
        (10, "10 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (86_400, "1 d 0 h"),
        (100 * 86_400 + 3_600, "100 d 1 h"),
    ],
)
def test_durations_are_said_in_the_largest_two_units(seconds: float, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


def test_the_last_failure_stands_in_words_until_it_is_done_and_after(client: Client) -> None:
    run("tally", SECOND, failure="An older trouble.")
    run("tally", SECOND, failure="Power is not known yet.")
    page = client.get("/clock/").content.decode()
    assert "Power is not known yet." in page
    assert "An older trouble." not in page
    assert "It is not done yet." in page
    run("tally", 2 * SECOND, number=2)
    assert "It is not done yet." in client.get("/clock/").content.decode()
    run("tally", 2 * SECOND)
    page = client.get("/clock/").content.decode()
    assert "Power is not known yet." in page
    assert "It was done since." in page


def test_a_job_that_cannot_do_its_work_is_due_and_has_its_reason(client: Client) -> None:
    community = make_community()
    cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)  # its rules were due an hour ago
    community.schedule.contests.all().delete()
    assert not run_step(name="announce", cycle_id=cycle.pk, at=database_clock())
    page = client.get("/clock/").content.decode()
    assert re.search(r"Cycle 1</a>: Publish rules, due 1 h 0 min ago", page)
    assert "no programme stands on the ballot" in page
    waiting = client.get("/api/v1/clock/").json()["waiting"]
    assert [(job["step"], job["cycle"]) for job in waiting] == [("announce", 1)]
    assert waiting[0]["late_microseconds"] > 3_600_000_000


def test_what_is_due_for_a_moment_is_not_called_late(client: Client) -> None:
    make_cycle(make_community(), opens_in=3 * HOUR, announced=False)
    assert [job.step for job in read_clock(at=database_clock()).waiting] == ["announce"]
    assert "Due and not done" not in client.get("/clock/").content.decode()


def test_lateness_by_cycle_is_that_of_live_cycles_and_their_jobs() -> None:
    cycle = make_cycle(make_community())
    run("announce", SECOND)
    run("freeze", SECOND, failure="Not yet.")
    (row,) = read_clock(at=database_clock()).cycles
    assert row.cycle == cycle
    names = ["announce", "freeze", "head", "close", "tally", "record", "verify", "counterfactuals", "settle"]
    names += ["final_record", "count_drafts", "forget_drafts"]
    assert row.late == {name: SECOND if name == "announce" else None for name in names}
    assert row.words == ["1.0 s", *[""] * 11]


def test_next_instants_stand_in_utc_and_in_the_zone_of_their_schedule(client: Client) -> None:
    community = make_community()
    Schedule.objects.update(time_zone="Asia/Kathmandu")
    cycle = make_cycle(community, opens_in=HOUR / 2)
    cancelled = make_cycle(community, opens_in=200 * HOUR)
    Cancellation.objects.create(cycle=cancelled, cancelled_at=DUE, reason="Not now.")
    coming = client.get("/api/v1/clock/").json()["coming"]
    assert [(instant["what"], instant["cycle"]) for instant in coming] == [
        ("voting opens", 1),
        ("voting closes", 1),
        ("money moves, at the earliest", 1),
    ]
    assert coming[0]["time_zone"] == "Asia/Kathmandu"
    assert coming[0]["there"].endswith("+05:45")
    assert datetime.fromisoformat(coming[0]["there"]) == cycle.opens_at
    there = cycle.opens_at + timedelta(hours=5, minutes=45)
    page = client.get("/clock/").content.decode()
    assert f"{there:%H:%M} +0545</span> in" in page
    assert f'<time datetime="{cycle.opens_at.isoformat()}" data-own>' in page


def test_a_zone_that_does_not_exist_is_named_and_breaks_nothing(client: Client) -> None:
    community = make_community()
    Schedule.objects.update(time_zone="Mars/Olympus")
    make_cycle(community)
    assert "Mars/Olympus is no known time zone" in client.get("/clock/").content.decode()
    assert client.get("/api/v1/clock/").json()["coming"][0]["there"] is None


def test_an_empty_clock_says_what_will_stand_there(client: Client) -> None:
    page = client.get("/clock/").content.decode()
    assert "Nothing is scheduled. As soon as a schedule exists" in page
    assert "No job has failed so far." in page
    assert "No cycle has run by itself here yet" in page
    data = client.get("/api/v1/clock/").json()
    assert (data["last_tick"], data["since_tick_microseconds"], data["is_late"]) == (None, None, True)
    assert {job["measured_runs"] for job in data["jobs"]} == {0}


def test_page_and_data_agree(client: Client) -> None:
    make_cycle(make_community())
    run("close", 1_500 * timedelta(milliseconds=1))
    run("settle", SECOND, failure="No.")
    data, page = client.get("/api/v1/clock/").json(), client.get("/clock/").content.decode()
    close = next(job for job in data["jobs"] if job["step"] == "close")
    assert close["last"]["late_microseconds"] == close["worst_late_microseconds"] == 1_500_000
    assert page.count('<td class="n">1.5 s</td>') == 3 + 1  # last, median and worst, and the cycle's own
    assert data["cycles"][0]["late_microseconds"]["close"] == 1_500_000
    settle = next(job for job in data["jobs"] if job["step"] == "settle")
    assert (settle["last"], settle["last_failure"]["words"]) == (None, "No.")
    assert [instant["what"] for instant in data["coming"]] == [
        "voting closes",
        "money moves, at the earliest",
    ]


@pytest.mark.parametrize("address", ["/clock/", "/api/v1/clock/"])
def test_a_clock_is_never_kept(client: Client, address: str) -> None:
    assert "no-store" in client.get(address)["Cache-Control"]
    assert client.post(address).status_code == 405


def test_tables_are_accessible_and_nothing_is_inline(client: Client) -> None:
    make_cycle(make_community())
    page = client.get("/clock/").content.decode()
    assert page.count("<table") == page.count("<caption") == 3
    assert not re.search(r"<th(?! scope)[ >]| style=|<script(?![^>]* src=)", page)
    assert page.count('<a class="address" href="/cycles.ics"') == 1


def test_the_number_of_queries_is_bounded(client: Client) -> None:
    community = make_community()
    counts = []
    for cycles in ([0], [100, 200, 300]):
        for hours in cycles:
            make_cycle(community, opens_in=hours * HOUR)
            for step in ("announce", "freeze", "close"):
                run(step, SECOND, number=len(JobRun.objects.all()))
        for address in ("/clock/", "/api/v1/clock/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
    assert counts[1] <= 22


def test_an_alarm_stands_on_the_clock_for_good(client: Client) -> None:
    at = database_clock()
    assert raise_alarm(name="record_drift", subject="cycle/1/closed", words="It came out otherwise.", at=at)
    assert not raise_alarm(
        name="record_drift", subject="cycle/1/closed", words="It came out otherwise.", at=at
    )
    page = client.get("/clock/").content.decode()
    assert page.count("It came out otherwise.") == 1
    (alarm,) = client.get("/api/v1/clock/").json()["alarms"]
    assert (alarm["name"], alarm["subject"]) == ("record_drift", "cycle/1/closed")
    assert "Alarms" not in Client().get("/").content.decode()
