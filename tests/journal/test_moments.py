"""Instants for eyes: UTC in words, countdowns, how much of a phase has passed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from journal.templatetags.moments import countdown, moment, time_left, track

NOW = datetime(2026, 11, 23, 13, 48, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 25, 18, 0, tzinfo=UTC), "Wed 25 Nov 18:00 UTC"),
        (datetime(2026, 11, 5, 8, 5, 9, 999, tzinfo=UTC), "Thu 5 Nov 08:05:09 UTC"),
        (datetime(2027, 11, 25, 18, 0, tzinfo=UTC), "Thu 25 Nov 2027 18:00 UTC"),
        (datetime(2025, 11, 25, 18, 0, tzinfo=UTC), "Tue 25 Nov 2025 18:00 UTC"),
        (datetime(2026, 11, 26, 3, 0, tzinfo=timezone(timedelta(hours=9))), "Wed 25 Nov 18:00 UTC"),
    ],
)
def test_a_moment_is_told_in_utc(at: datetime, words: str) -> None:
    shown = moment({"now": NOW}, at)
    assert shown == f'<time datetime="{at.astimezone(UTC).isoformat()}">{words}</time>'


def test_the_readers_own_time_can_be_asked_for() -> None:
    at = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
    assert moment({"now": NOW}, at, "own").startswith('<time datetime="2026-11-25T18:00:00+00:00" data-own>')


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2, hours=4, minutes=12, seconds=59), "2 d 04:12"),
        (timedelta(days=1), "1 d 00:00"),
        (timedelta(hours=23, minutes=59, seconds=59), "23:59 h"),
        (timedelta(hours=1), "1:00 h"),
        (timedelta(minutes=59, seconds=59), "59:59 min"),
        (timedelta(milliseconds=900), "0:00 min"),
        (timedelta(seconds=-5), "0:00 min"),
    ],
)
def test_time_left_is_told_in_the_fewest_words(left: timedelta, words: str) -> None:
    assert time_left(NOW + left, NOW) == words
    assert f">{words}</span>" in countdown(NOW + left, NOW)


@pytest.mark.parametrize(
    ("hours", "width"), [(-1, "0.0"), (0, "0.0"), (5, "50.0"), (10, "100.0"), (99, "100.0")]
)
def test_a_track_shows_how_much_has_passed(hours: int, width: str) -> None:
    shown = track(NOW, NOW + timedelta(hours=10), NOW + timedelta(hours=hours))
    assert f'<rect class="past" width="{width}%" height="100%"/>' in shown
    assert 'aria-hidden="true"' in shown
