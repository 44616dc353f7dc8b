"""Zones without summer time, and zones whose rules change after cycles were planned."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import pairwise
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, reset_tzpath

import pytest

from tests.factories import make_community
from votes.actions.cycles import plan_cycles
from votes.models import Cycle, Schedule

ZONE = "Test/City"
WALL = datetime(2026, 6, 3, 18)  # noqa: DTZ001 (a wall time)
WINTER = datetime(2026, 1, 7, 18, tzinfo=UTC)
DAY = timedelta(days=1)


def compiled(name: str) -> bytes:
    """The compiled rules of a zone, from the system or from the tzdata package."""
    for directory in TZPATH:
        if (path := Path(directory) / name).exists():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


class City:
    """A zone whose rules are those of another, until somebody decides otherwise."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / ZONE
        self.file.parent.mkdir()

    def keeps_time_like(self, name: str) -> None:
        self.file.write_bytes(compiled(name))
        ZoneInfo.clear_cache()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    before = TZPATH
    city = City(tmp_path)
    known = {name: compiled(name) for name in ("UTC", "Europe/London", "Africa/Abidjan", "Asia/Kolkata")}
    for name, data in known.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    reset_tzpath([str(tmp_path)])
    ZoneInfo.clear_cache()
    yield city
    reset_tzpath(before)
    ZoneInfo.clear_cache()


def weekly(zone: str, first: datetime) -> Schedule:
    return Schedule(
        recurrence="FREQ=WEEKLY", time_zone=zone, first_opens_at=first.replace(tzinfo=ZoneInfo(zone))
    )


@pytest.mark.parametrize(
    "zone", ["Asia/Kolkata", "Asia/Tokyo", "America/Phoenix", "America/Sao_Paulo", "UTC"]
)
def test_without_summer_time_an_opening_is_the_same_utc_time_all_year(zone: str) -> None:
    openings = weekly(zone, WALL).openings_after(datetime(2026, 6, 1, tzinfo=UTC), 104)
    assert len({opening.time() for opening in openings}) == 1
    assert {opening.astimezone(ZoneInfo(zone)).hour for opening in openings} == {18}
    assert {later - earlier for earlier, later in pairwise(openings)} == {7 * DAY}


def test_a_zone_that_gave_summer_time_up_keeps_its_wall_time_before_and_after() -> None:
    """Mexico City, whose last summer ended on 30 October 2022."""
    openings = weekly("America/Mexico_City", datetime(2022, 1, 5, 18)).openings_after(  # noqa: DTZ001
        datetime(2022, 1, 1, tzinfo=UTC), 104
    )
    hours = [f"{opening:%Y-%m} {opening.hour}" for opening in openings]
    assert "2022-06 23" in hours
    assert {hour for hour in hours if hour.startswith("2023")} == {
        f"2023-{month:02} 0" for month in range(1, 13)
    }


def test_the_leap_day_is_one_day_of_a_daily_schedule() -> None:
    daily = weekly("Europe/London", datetime(2028, 2, 1, 18))  # noqa: DTZ001
    daily.recurrence = "FREQ=DAILY"
    openings = daily.openings_after(datetime(2028, 2, 28, 12, tzinfo=UTC), 3)
    assert [f"{opening:%m-%d %H}" for opening in openings] == ["02-28 18", "02-29 18", "03-01 18"]


@pytest.mark.django_db
def test_where_a_zone_changes_its_rules_planned_cycles_stay_and_later_ones_keep_the_wall_time(
    city: City,
) -> None:
    """The city, so far without summer time, decides to have London's from the end of March on."""
    city.keeps_time_like("Africa/Abidjan")
    schedule = make_community().schedule
    schedule.first_opens_at, schedule.time_zone, schedule.ahead = WINTER, ZONE, 3
    schedule.save()
    before_summer = datetime(2027, 3, 20, tzinfo=UTC)
    assert plan_cycles(schedule_id=schedule.pk, at=before_summer) == 3
    planned = ["2027-03-24 18", "2027-03-31 18", "2027-04-07 18"]
    assert openings() == planned
    city.keeps_time_like("Europe/London")
    plan_cycles(schedule_id=schedule.pk, at=before_summer)
    assert openings() == planned, "nobody plans a second cycle for the hour by which an opening moved"
    assert plan_cycles(schedule_id=schedule.pk, at=before_summer + 7 * DAY) == 1
    assert openings() == [*planned, "2027-04-14 17"], "18:00 in the city's summer"


def openings() -> list[str]:
    """When cycles open, in UTC."""
    return [
        f"{at:%Y-%m-%d %H}" for at in Cycle.objects.order_by("opens_at").values_list("opens_at", flat=True)
    ]
