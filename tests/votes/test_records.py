"""Making records: once, by the steps, the same bytes whoever makes them and whenever; and what verifies."""

import hashlib
import json
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction

from journal.clock import database_clock
from journal.models import Alarm
from tests.contests import HALVES, cast, with_meta
from tests.factories import HOUR, make_community, make_cycle
from tests.records import SPLITS, check, failed, file_of, finish, finished_cycle, names, objects, vote
from votes.actions.heads import publish_head
from votes.actions.record_lines import lines_of, text_lines
from votes.actions.records import build_closed_record, build_final_record, check_records
from votes.actions.steps import STEPS, run_everything_due
from votes.models import Cycle, Record, RecordPart
from votes.models.records import PART
from votes.record.lines import sealed
from votes.record.verify import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle() -> Cycle:
    return finished_cycle()


@pytest.mark.parametrize("kind", ["closed", "final"])
def test_a_record_passes_every_check_that_applies(cycle: Cycle, kind: str) -> None:
    data = file_of(cycle, kind)
    verdict = check(data)
    assert verdict.has_passed, failed(verdict)
    assert verdict.ballots == 4
    record = Record.objects.get(cycle=cycle, kind=kind)
    assert (record.size, record.lines) == (len(data), data.count(b"\n"))
    assert record.hash_hex == hashlib.sha256(data).hexdigest() == verdict.record_hash


def test_what_was_checked_is_what_there_is(cycle: Cycle) -> None:
    """No check passes for want of something to look at."""
    verdict = check(file_of(cycle, "final"))
    assert names(verdict, Status.NOT_APPLICABLE) == [
        "power_on_chain",
        "contract_signatures",
        "blinds",
        "texts",
        "waiting",
        "head_signatures",
        "heads",
        "saved_heads",
        "receipts",
        "fallbacks",
        "challenges",
    ]
    assert not names(verdict, Status.UNKNOWN)


def test_the_record_holds_superseded_ballots_and_every_signature(cycle: Cycle) -> None:
    ballots = [one for one in objects(file_of(cycle, "closed")) if one["type"] == "ballot"]
    assert [one["position"] for one in ballots] == [0, 1, 2, 3]
    assert [one["replaced"] for one in ballots] == [False, True, False, False]
    assert all(len(one["signature"]) == 132 for one in ballots)


def test_texts_follow_the_seal_and_may_be_absent(cycle: Cycle) -> None:
    data = file_of(cycle, "closed")
    texts = list(text_lines(cycle))
    assert [json.loads(raw)["text"] for raw in texts] == ["Because.", "I thought again."]
    whole, one_erased = check(data + b"".join(texts)), check(data + texts[1])
    assert whole.has_passed
    assert one_erased.has_passed
    assert "texts" in names(whole, Status.PASSED)
    assert whole.record_hash == one_erased.record_hash == check(data).record_hash


def test_whoever_makes_it_and_whenever_the_bytes_are_the_same(cycle: Cycle) -> None:
    """The closed record, too, is made again after settlement."""
    cycle = Cycle.objects.get(pk=cycle.pk)
    for kind in ("closed", "final"):
        assert b"".join(sealed(lines_of(cycle, kind))) == file_of(cycle, kind)


def test_a_record_is_made_once_and_not_too_early() -> None:
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    at = cycle.settles_at
    assert not build_closed_record(cycle_id=cycle.pk, at=at)
    assert not build_final_record(cycle_id=cycle.pk, at=at)
    vote(cycle)
    run_everything_due(at=cycle.closes_at)
    assert [record.kind for record in Record.objects.all()] == ["closed"]
    assert not build_closed_record(cycle_id=cycle.pk, at=at)
    assert not build_final_record(cycle_id=cycle.pk, at=at)
    run_everything_due(at=at + HOUR)
    assert sorted(record.kind for record in Record.objects.filter(cycle=cycle)) == ["closed", "final"]
    assert not build_final_record(cycle_id=cycle.pk, at=at)
    assert not [step.name for step in STEPS.values() if step.due(at + HOUR).filter(pk=cycle.pk).exists()]


def test_a_cycle_with_a_meta_contest_verifies() -> None:
    cycle = make_cycle(with_meta(), opens_in=-HOUR)
    for name, split in SPLITS.items():
        cast(cycle, {name: {**HALVES, **split}})
    finish(cycle)
    verdict = check(file_of(cycle, "final"))
    assert verdict.has_passed, failed(verdict)


def test_a_cycle_whose_heads_were_published_verifies() -> None:
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    assert publish_head(cycle_id=cycle.pk, at=database_clock())
    vote(cycle)
    assert publish_head(cycle_id=cycle.pk, at=database_clock() + HOUR)
    verdict = check(file_of(finish(cycle), "final"))
    assert verdict.has_passed, failed(verdict)
    assert {"heads", "head_signatures"} <= set(names(verdict, Status.PASSED))


def test_a_sealed_cycle_verifies_with_its_blinds() -> None:
    community = make_community()
    community.schedule.live_results = False
    community.schedule.save()
    cycle = make_cycle(community, opens_in=-HOUR)
    vote(cycle)
    finish(cycle)
    verdict = check(file_of(cycle, "final"))
    assert verdict.has_passed, failed(verdict)
    assert "blinds" in names(verdict, Status.PASSED)


def test_a_cycle_that_nobody_voted_in_verifies() -> None:
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    finish(cycle)
    verdict = check(file_of(cycle, "final"))
    assert verdict.has_passed, failed(verdict)
    assert "fallbacks" in names(verdict, Status.PASSED)
    assert "rule_ladder" in names(verdict, Status.NOT_APPLICABLE)


@pytest.mark.parametrize("fallback", ["return_to_reserve", "repeat_last_split", "equal_split"])
def test_every_fall_back_verifies(fallback: str) -> None:
    community = make_community(quorum_voters=3)
    community.schedule.contests.update(fallback=fallback)
    cycle = make_cycle(community, opens_in=-HOUR)
    vote(cycle)
    finish(cycle)
    verdict = check(file_of(cycle, "final"))
    assert verdict.has_passed, failed(verdict)


def test_a_large_record_is_stored_in_parts_that_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("votes.actions.records.PART", 1000)
    cycle = finished_cycle()
    parts = RecordPart.objects.filter(record_of=cycle, kind="final").order_by("number")
    assert parts.count() > 3
    assert PART > 1000
    assert check(file_of(cycle, "final")).has_passed


def test_the_nightly_comparison_says_nothing_while_nothing_changed(cycle: Cycle) -> None:
    assert check_records(at=database_clock()) == 0
    assert not Alarm.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_row_changed_behind_the_triggers_raises_an_alarm_once(
    superuser: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """Only who owns the database can do it; both records hold the result, and are not what they were."""
    finished_cycle()
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")
        superuser.execute("UPDATE votes_result SET voters = voters + 1")
    at = database_clock()
    assert check_records(at=at) == 2
    assert check_records(at=at + timedelta(days=1)) == 2
    assert sorted(alarm.subject for alarm in Alarm.objects.all()) == ["cycle/1/closed", "cycle/1/final"]
    assert {alarm.raised_at for alarm in Alarm.objects.all()} == {at}
    assert "record_drift" in caplog.text


@pytest.mark.parametrize("model", [Record, RecordPart])
def test_records_are_only_ever_appended(cycle: Cycle, model: type[Record]) -> None:
    for change in (lambda: model.objects.update(kind="final"), lambda: model.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
