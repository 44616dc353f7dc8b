"""The calendar file, read back by the library that other people's programs use."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar, Event

from programmes.models import MetaProgramme
from tests.factories import HOUR, Community, make_community, make_cycle
from votes.actions.cycles import announce_cycle, cancel_unpublished, plan_cycle
from votes.models import Cancellation, Cycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> Community:
    return make_community()


def read(client: Client, address: str = "/cycles.ics") -> Calendar:
    """The calendar at `address`, whose lines must be as RFC 5545 wants them."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    lines = answer.content.split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\n" in line or len(line) > 75 for line in lines)
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    assert (calendar["VERSION"], calendar["PRODID"]) == ("2.0", "-//TPP//tpp 0.1.0//EN")
    assert [error for component in calendar.walk() for error in component.errors] == []
    return calendar


def events(client: Client, address: str = "/cycles.ics") -> list[Event]:
    return list(read(client, address).events)


def seconds_of(at: datetime) -> datetime:
    """What a calendar keeps of an instant."""
    return at.replace(microsecond=0)


def test_voting_is_an_event_in_utc_with_address_and_instants(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=30 * HOUR, voting=72 * HOUR)
    (event,) = events(client)
    assert event.uid == f"cycle-1@{settings.TPP_DEPLOYMENT_ID.removeprefix('0x')}"
    assert (event.start, event.end) == (seconds_of(cycle.opens_at), seconds_of(cycle.closes_at))
    assert f"DTSTART:{cycle.opens_at:%Y%m%dT%H%M%SZ}\r\n".encode() in event.to_ical()
    assert f"DTEND:{cycle.closes_at:%Y%m%dT%H%M%SZ}\r\n".encode() in event.to_ical()
    assert event["SUMMARY"] == "Test community, vote of cycle 1"
    assert event["URL"] == "http://testserver/cycles/1/"
    assert event["TRANSP"] == "TRANSPARENT"
    assert "http://testserver/cycles/1/ballot/" in str(event["DESCRIPTION"])
    assert f"{cycle.snapshot_at:%H:%M} UTC: voting power is frozen" in str(event["DESCRIPTION"])


def test_it_reminds_two_days_before_voting_closes(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=30 * HOUR, voting=72 * HOUR)
    (event,) = events(client)
    (alarm,) = event.alarms.times
    assert alarm.trigger == seconds_of(cycle.closes_at) - timedelta(days=2)
    (component,) = event.walk("VALARM")
    assert component["ACTION"] == "DISPLAY"
    assert component["DESCRIPTION"]


def test_of_a_short_vote_it_reminds_at_the_opening(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=30 * HOUR, voting=47 * HOUR)
    (event,) = events(client)
    assert [alarm.trigger for alarm in event.alarms.times] == [seconds_of(cycle.opens_at)]


def test_a_past_vote_stays_and_reminds_nobody(client: Client, community: Community) -> None:
    make_cycle(community, opens_in=2 * HOUR, voting=50 * HOUR)
    past = Cycle.objects.get()
    instants = past.instants
    shift = timedelta(days=400)
    plan_cycle(
        schedule=community.schedule,
        instants=type(instants)(**{name: at - shift for name, at in vars(instants).items()}),
        at=instants.announced_at - shift,
        origin="demo",
    )
    earlier, later = events(client)
    assert earlier.start == seconds_of(instants.opens_at - shift)
    assert (len(earlier.walk("VALARM")), len(later.walk("VALARM"))) == (0, 1)


def test_status_and_sequence_follow_the_cycle_and_the_uid_stays(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=2.5 * HOUR, announced=False)
    (planned,) = events(client)
    assert (planned["STATUS"], planned["SEQUENCE"]) == ("TENTATIVE", 0)
    assert announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at + HOUR)
    (announced,) = events(client)
    assert (announced["STATUS"], announced["SEQUENCE"]) == ("CONFIRMED", 1)
    cancelled_at = cycle.announced_at + 1.5 * HOUR
    Cancellation.objects.create(
        cycle=cycle, cancelled_at=cancelled_at, reason="The register was wrong; sorry."
    )
    (cancelled,) = events(client)
    assert (cancelled["STATUS"], cancelled["SEQUENCE"]) == ("CANCELLED", 2)
    assert cancelled["SUMMARY"] == "Cancelled: Test community, vote of cycle 1"
    assert "The register was wrong; sorry." in str(cancelled["DESCRIPTION"])
    assert cancelled.walk("VALARM") == []
    assert planned.uid == announced.uid == cancelled.uid
    modified = [event.LAST_MODIFIED for event in (planned, announced, cancelled)]
    assert modified == [
        seconds_of(at) for at in (cycle.announced_at, cycle.announced_at + HOUR, cancelled_at)
    ]
    assert [event.DTSTAMP for event in (planned, announced, cancelled)] == modified


def test_a_cycle_that_was_never_published_is_cancelled_too(client: Client, community: Community) -> None:
    cycle = make_cycle(community, opens_in=HOUR / 2, announced=False)
    assert cancel_unpublished(cycle_id=cycle.pk, at=cycle.opens_at)
    (event,) = events(client)
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)


def test_imports_are_nobodys_calendar(client: Client, community: Community) -> None:
    make_cycle(community)
    Cycle.objects.filter(announcement__isnull=True).delete()
    imported = make_cycle(community, opens_in=-500 * HOUR, announced=False)
    Cycle.objects.filter(pk=imported.pk).update(origin="imported")
    assert [event["URL"] for event in events(client)] == ["http://testserver/cycles/1/"]
    assert client.get(f"/cycles/{imported.number}.ics").status_code == 404


def test_one_cycle_by_itself(client: Client, community: Community) -> None:
    make_cycle(community)
    make_cycle(community, opens_in=100 * HOUR)
    calendar = read(client, "/cycles/2.ics")
    assert calendar["SOURCE"] == "http://testserver/cycles/2.ics"
    (event,) = calendar.events
    assert event.to_ical() == events(client)[1].to_ical()
    assert client.get("/cycles/3.ics").status_code == 404
    assert client.get("/cycles/0.ics").status_code == 404


def test_names_with_signs_of_the_format_come_back_whole(client: Client, community: Community) -> None:
    name = 'Ünion; of "A", \\B\\ and C: a very long name in all'
    MetaProgramme.objects.update(name=name)
    make_cycle(community)
    calendar = read(client)
    assert calendar["X-WR-CALNAME"] == calendar["NAME"] == f"{name}: votes"
    assert calendar.events[0]["SUMMARY"] == f"{name}, vote of cycle 1"


def test_before_there_is_anything_the_calendar_is_empty_and_valid(client: Client) -> None:
    calendar = read(client)
    assert calendar["NAME"] == "Token Programmes: votes"
    assert calendar.refresh_interval == HOUR
    assert calendar.events == []


def test_who_has_it_already_is_told_so(client: Client, community: Community) -> None:
    make_cycle(community, opens_in=2 * HOUR)
    tag = client.get("/cycles.ics")["ETag"]
    assert client.get("/cycles.ics", headers={"If-None-Match": tag}).status_code == 304
    make_cycle(community, opens_in=100 * HOUR)
    assert client.get("/cycles.ics", headers={"If-None-Match": tag}).status_code == 200
    assert client.post("/cycles.ics").status_code == 405


def test_the_number_of_queries_does_not_grow(client: Client, community: Community) -> None:
    counts = []
    for hours in ([2], [100, 200, 300]):
        for opens_in in hours:
            make_cycle(community, opens_in=opens_in * HOUR)
        with CaptureQueriesContext(connection) as queries:
            assert len(events(client)) > 0
        counts.append(len(queries))
    assert counts == [3, 3]


def test_every_page_names_the_calendar_and_the_cycles_link_to_it(
    client: Client, community: Community
) -> None:
    make_cycle(community)
    alternate = '<link rel="alternate" type="text/calendar"'
    for address in ("/", "/cycles/", "/clock/", "/uptake/"):
        page = client.get(address).content.decode()
        assert alternate in page
        assert page.count('href="/cycles.ics"') >= 2
    assert 'As a <a href="/cycles.ics"' in client.get("/cycles/").content.decode()
