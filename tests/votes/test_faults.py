"""A real fault, written by whoever owns the database: settlement stops, a new version mends it, or nothing does."""

import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from journal.models import Alarm, AuditEntry
from journal.refusal import Refusal
from tests.contests import HALVES, binding, cast, received, with_meta
from tests.factories import HOUR, Community, address, make_community, make_cycle
from tests.records import SPLITS, check, failed, file_of, objects, vote
from votes.actions.cancelling import cancel_cycle
from votes.actions.challenges import open_challenge
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.corrections import publish_version
from votes.actions.records import build_closed_record
from votes.actions.steps import STEPS, run_everything_due, run_step
from votes.models import (
    Cancellation,
    Challenge,
    ChallengeAnswer,
    Cycle,
    OptionResult,
    Recomputation,
    Result,
    Settlement,
    Verification,
)

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)
ADMIN = address("bob")

Tamper = Callable[..., None]


@pytest.fixture(autouse=True)
def admin(settings: pytest.FixtureRequest) -> None:
    settings.TPP_ADMINS = [ADMIN]  # type: ignore[attr-defined]


@pytest.fixture
def tamper(superuser: psycopg.Connection) -> Tamper:
    """What nobody may: change rows without the triggers that keep them."""

    def execute(sql: str, *values: object) -> None:
        with superuser.transaction():
            superuser.execute("SET LOCAL session_replication_role = replica")
            assert superuser.execute(sql, values).rowcount > 0

    return execute


def closed(community: Community, *, with_everything: bool = False) -> Cycle:
    """A cycle whose result is public and whose record is about to be made."""
    cycle = make_cycle(community, opens_in=-HOUR, voting=2 * HOUR)
    vote(cycle)
    if with_everything:
        cast(cycle, {"alice": {**SPLITS["alice"], **HALVES}}, nonce=9)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    return cycle


def move_one_unit(cycle: Cycle, tamper: Tamper) -> None:
    """One base unit more for the first option of ignite, by the rule that binds."""
    row = binding(cycle, "ignite").options.all()[0]
    tamper("UPDATE votes_optionresult SET amount = amount + 1 WHERE id = %s", row.pk)


def challenge(cycle: Cycle, name: str = "rounding", who: str = "alice") -> Challenge:
    at = cycle.results.latest().published_at
    opened = open_challenge(number=cycle.number, check=name, wallet=address(who), at=at)
    assert run_step(name="verify", cycle_id=cycle.pk, at=at + SECOND)
    return opened


def mend(cycle: Cycle, at: timedelta = HOUR / 2) -> Result:
    return publish_version(
        number=cycle.number, reason="One unit was moved.", actor=ADMIN, at=cycle.closes_at + at
    )


@pytest.mark.parametrize("kind", ["live", "sealed", "over programmes"])
@pytest.mark.parametrize("when", ["before the record is made", "after it"])
def test_a_fault_stops_settlement_until_a_new_version_mends_it(tamper: Tamper, kind: str, when: str) -> None:
    community = with_meta() if kind == "over programmes" else make_community(live_results=kind == "live")
    cycle = closed(community, with_everything=kind == "over programmes")
    if when == "after it":
        assert build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)
    move_one_unit(cycle, tamper)
    assert when == "after it" or build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)

    opened = challenge(cycle)
    outcome = opened.answers.get().outcome
    assert outcome["status"] == "fail"
    assert "ignite" in outcome["findings"][0]["where"]
    assert "37 rounding" in Alarm.objects.get().words
    late = cycle.settles_at + 100 * HOUR
    assert not STEPS["settle"].due(late).exists()
    assert not settle_cycle(cycle_id=cycle.pk, at=late)
    with pytest.raises(DatabaseError, match="a check of the record fails"), transaction.atomic():
        Settlement.objects.create(cycle=cycle, result=cycle.results.latest(), settled_at=late)

    second = mend(cycle)
    assert (second.version, second.correction.actor) == (2, ADMIN)
    (change,) = second.correction.changes
    assert (change["contest"], change["binding"], change["facts"]) == ("ignite", True, [])
    assert [(option["option"], option["moved_amount"]) for option in change["options"]] == [("lending", "-1")]
    assert AuditEntry.objects.filter(verb="publish_version", actor=ADMIN).exists()
    assert cycle.results.get(version=1).contests.exists()

    window_over = second.published_at + cycle.window
    run_everything_due(at=window_over - SECOND)
    assert not Settlement.objects.exists()
    assert Verification.objects.filter(result=second, has_failed=False).exists()  # nobody had to ask
    assert challenge(cycle, "sums").answers.get().outcome["status"] == "pass"
    run_everything_due(at=window_over)
    assert Settlement.objects.get(cycle=cycle).result == second
    assert received()["ignite/lending"] == second_amount(second)
    verdict = check(file_of(cycle, "final"))
    assert verdict.has_passed, failed(verdict)
    lines = objects(file_of(cycle, "final"))
    assert [one["version"] for one in lines if one["type"] == "result"] == [1, 2]
    assert [(one["check"], one["passed"]) for one in lines if one["type"] == "challenge"] == [
        ("rounding", False),
        ("sums", True),
    ]


def second_amount(result: Result) -> int:
    return OptionResult.objects.get(
        contest_result__result=result,
        contest_result__is_binding=True,
        contest_result__contest__key="ignite",
        option__key="lending",
    ).amount


def test_another_check_of_the_same_record_fails_too_whatever_was_challenged(tamper: Tamper) -> None:
    """A challenge of a check that holds does not hide the one that doesn't."""
    cycle = closed(make_community())
    move_one_unit(cycle, tamper)
    assert challenge(cycle, "heads").answers.get().outcome["status"] == "does not apply"
    assert not STEPS["settle"].due(cycle.settles_at).exists()


def test_a_new_version_needs_an_admin_a_reason_and_a_check_that_fails(tamper: Tamper) -> None:
    cycle = closed(make_community())
    at = cycle.closes_at + SECOND
    for wanted, name in (
        ({}, "no_check_fails"),
        ({"actor": address("alice")}, "not_an_admin"),
        ({"reason": " "}, "no_reason"),
        ({"number": 99}, "unknown_cycle"),
    ):
        usual = {"number": cycle.number, "reason": "Because.", "actor": ADMIN, "at": at}
        with pytest.raises(Refusal) as refused:
            publish_version(**{**usual, **wanted})  # type: ignore[arg-type]
        assert refused.value.name == name
    result = cycle.results.get()
    with pytest.raises(DatabaseError, match="needs a check that fails"), transaction.atomic():
        Result.objects.create(
            cycle=cycle, version=2, published_at=at, reason="I say so.", software="x", voters=1, power=1
        )
    assert challenge(cycle).result == result
    move_one_unit(cycle, tamper)
    with pytest.raises(Refusal) as refused:
        mend(cycle)  # the fault is there, but no verification has found it yet
    assert refused.value.name == "no_check_fails"


def test_what_no_version_mends_can_be_cancelled_and_only_while_a_check_fails(tamper: Tamper) -> None:
    cycle = closed(make_community())
    with pytest.raises(Refusal) as refused:
        cancel_cycle(number=cycle.number, actor=ADMIN, reason="I dislike it.", at=cycle.closes_at + SECOND)
    assert refused.value.name == "voting_has_opened"
    with pytest.raises(DatabaseError, match="voting has opened"), transaction.atomic():
        Cancellation.objects.create(cycle=cycle, cancelled_at=cycle.closes_at, reason="No.", actor=ADMIN)
    tamper("UPDATE votes_ballot SET signature = set_byte(signature, 5, 1) WHERE voter = %s", address("carol"))
    opened = challenge(cycle, "signatures")
    assert opened.answers.get().outcome["status"] == "fail"
    with pytest.raises(Refusal) as refused:
        mend(cycle)
    assert refused.value.name == "nothing_changes"
    assert cycle.results.count() == 1
    cancel_cycle(
        number=cycle.number, actor=ADMIN, reason="A signature is wrong.", at=cycle.closes_at + HOUR / 2
    )
    run_everything_due(at=cycle.settles_at + HOUR)
    assert not Settlement.objects.exists()
    assert received() == {}


def test_rows_put_right_again_pass_again(tamper: Tamper) -> None:
    cycle = closed(make_community())
    assert challenge(cycle, "sums").answers.get().outcome["status"] == "pass"
    move_one_unit(cycle, tamper)
    assert challenge(cycle, "rounding").answers.get().outcome["status"] == "fail"
    row = binding(cycle, "ignite").options.all()[0]
    tamper("UPDATE votes_optionresult SET amount = amount - 1 WHERE id = %s", row.pk)
    assert challenge(cycle, "budgets").answers.get().outcome["status"] == "pass"
    assert [row.has_failed for row in Verification.objects.order_by("pk")] == [False, True, False]
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)


def test_a_release_that_changes_the_check_answers_anew(
    tamper: Tamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old release's answer stays; the new release finds the fault, and a new version can be published."""
    cycle = closed(make_community())
    opened = challenge(cycle)
    assert not STEPS["verify"].due(cycle.settles_at).exists()
    move_one_unit(cycle, tamper)
    for module in ("votes.actions.verifying", "votes.actions.due", "votes.actions.closing"):
        monkeypatch.setattr(f"{module}.SOFTWARE", "tpp 99.0")
    assert STEPS["verify"].due(cycle.settles_at).exists()
    assert run_step(name="verify", cycle_id=cycle.pk, at=cycle.closes_at + 2 * SECOND)
    answers = opened.answers.order_by("pk")
    assert [(answer.software, answer.outcome["status"]) for answer in answers] == [
        (answers[0].software, "pass"),
        ("tpp 99.0", "fail"),
    ]
    assert mend(cycle).version == 2


def test_two_workers_answer_once() -> None:
    cycle = closed(make_community())
    open_challenge(number=cycle.number, check="sums", wallet=address("alice"), at=cycle.closes_at)
    ran: list[bool] = []

    def work() -> None:
        ran.append(run_step(name="verify", cycle_id=cycle.pk, at=cycle.closes_at + SECOND))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == [False] * 5 + [True]
    assert ChallengeAnswer.objects.count() == Verification.objects.count() == 1


def test_a_challenge_and_a_settlement_exclude_each_other(superuser: psycopg.Connection) -> None:
    """While money moves a challenge waits, and is then refused; the database sees to it."""
    cycle = closed(make_community())
    refused: list[str] = []

    def talk() -> None:
        try:
            open_challenge(number=cycle.number, check="sums", wallet=address("alice"), at=cycle.closes_at)
        except Refusal as refusal:
            refused.append(refusal.name)
        connection.close()

    with transaction.atomic():
        assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
        thread = threading.Thread(target=talk)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(10)
    assert refused == ["window_over"]
    assert not Challenge.objects.exists()


def test_a_later_version_in_a_record_needs_a_fault_in_the_one_before(tamper: Tamper) -> None:
    cycle = closed(make_community())
    move_one_unit(cycle, tamper)
    challenge(cycle)
    second = mend(cycle)
    row = OptionResult.objects.get(
        contest_result__result__version=1,
        contest_result__is_binding=True,
        contest_result__contest__key="ignite",
        option__key="lending",
    )
    tamper("UPDATE votes_optionresult SET amount = %s WHERE id = %s", second_amount(second), row.pk)
    assert run_step(name="verify", cycle_id=cycle.pk, at=second.published_at)
    assert [one["name"] for one in Verification.objects.get(result=second).failed] == ["versions"]
    assert Recomputation.objects.get().answer.verification.has_failed
