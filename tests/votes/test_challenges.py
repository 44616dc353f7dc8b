"""Challenges with real faults: the named check answers by itself, nothing is paid by a record that fails."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from journal.clock import database_clock
from journal.models import Alarm
from journal.refusal import Refusal
from tests.factories import HOUR, Community, address, make_community, make_cycle
from tests.records import check, failed, file_of, objects, vote
from votes.actions.challenges import ask_again, open_challenge
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.records import build_closed_record, build_final_record
from votes.actions.steps import STEPS, run_everything_due, run_step
from votes.actions.verifying import verify_result
from votes.models import (
    Challenge,
    ChallengeAnswer,
    Cycle,
    OtherOutput,
    Settlement,
    Verification,
)
from votes.record.verify import CHECKS, Status

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture(autouse=True)
def admin(settings: object) -> str:
    settings.TPP_ADMINS = [address("bob")]  # type: ignore[attr-defined]
    return address("bob")


def closed(community: Community, **splits: object) -> Cycle:
    """A cycle whose result and record are public."""
    cycle = make_cycle(community, opens_in=-HOUR, voting=2 * HOUR)
    vote(cycle)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)
    return cycle


@pytest.fixture
def cycle(community: Community) -> Cycle:
    return closed(community)


def challenge(cycle: Cycle, name: str = "rounding", who: str = "alice", other: str = "") -> Challenge:
    opened = open_challenge(
        number=cycle.number, check=name, wallet=address(who), other=other, at=cycle.closes_at + SECOND
    )
    assert run_step(name="verify", cycle_id=cycle.pk, at=cycle.closes_at + 2 * SECOND)
    return opened


def status(opened: Challenge) -> str:
    return str(opened.answers.get().outcome["status"])


def test_a_challenge_whose_check_passes_is_closed_with_its_output(cycle: Cycle) -> None:
    opened = challenge(cycle)
    answer = opened.answers.get()
    assert answer.outcome["status"] == "pass"
    assert answer.outcome["number"] == CHECKS["rounding"].number
    assert answer.verification.hash_hex == cycle.records.get(kind="closed").hash_hex
    assert not Alarm.objects.exists()
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)


def test_nothing_is_paid_while_a_challenge_awaits_its_answer(cycle: Cycle) -> None:
    opened = open_challenge(number=cycle.number, check="31", wallet=address("alice"), at=cycle.closes_at)
    assert opened.check_name == list(CHECKS)[30]
    assert not STEPS["settle"].due(cycle.settles_at).exists()
    assert not settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    with pytest.raises(DatabaseError, match="not answered yet"), transaction.atomic():
        Settlement.objects.create(cycle=cycle, result=cycle.results.latest(), settled_at=cycle.settles_at)
    assert STEPS["verify"].due(cycle.settles_at).exists()
    run_everything_due(at=cycle.settles_at)
    assert Settlement.objects.filter(cycle=cycle).exists()


def test_one_verification_serves_every_challenge_of_the_same_record(cycle: Cycle) -> None:
    for name, who in (("rounding", "alice"), ("sums", "carol")):
        open_challenge(number=cycle.number, check=name, wallet=address(who), at=cycle.closes_at)
    assert verify_result(cycle_id=cycle.pk, at=cycle.closes_at)
    challenge(cycle, "heads", "bob")
    assert ChallengeAnswer.objects.count() == 3
    assert Verification.objects.count() == 1
    assert not verify_result(cycle_id=cycle.pk, at=cycle.closes_at)


def test_working_it_out_again_gives_the_same_hash(cycle: Cycle) -> None:
    first = ask_again(number=cycle.number, at=cycle.closes_at)
    assert ask_again(number=cycle.number, at=cycle.closes_at) == first
    assert verify_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    second = ask_again(number=cycle.number, at=cycle.settles_at + HOUR)
    assert second != first
    assert verify_result(cycle_id=cycle.pk, at=cycle.settles_at + HOUR)
    second.refresh_from_db()
    assert second.answer.verification.hash_hex == cycle.records.get(kind="closed").hash_hex
    assert Verification.objects.count() == 1


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({"check": "trust"}, "unknown_check"),
        ({"check": "41"}, "unknown_check"),
        ({"number": 99}, "unknown_cycle"),
        ({"other": "x" * 20_001}, "output_too_long"),
        ({"other": "a\0b"}, "output_too_long"),
        ({"check": "sums"}, "one_open_challenge"),
        ({"check": "rounding"}, "one_open_challenge"),
        ({"late": True, "wallet": address("carol")}, "window_over"),
    ],
)
def test_refusals(cycle: Cycle, wanted: dict[str, object], name: str) -> None:
    usual = {"number": cycle.number, "check": "rounding", "wallet": address("alice")}
    open_challenge(**usual, at=cycle.closes_at)  # type: ignore[arg-type]
    at = cycle.settles_at if wanted.pop("late", False) else cycle.closes_at
    with pytest.raises(Refusal) as refused:
        open_challenge(**{**usual, **wanted}, at=at)  # type: ignore[arg-type]
    assert refused.value.name == name
    assert Challenge.objects.count() == 1


def test_a_wallet_challenges_a_check_of_a_version_once(cycle: Cycle) -> None:
    challenge(cycle)
    with pytest.raises(Refusal) as refused:
        challenge(cycle)
    assert refused.value.name == "challenged_already"
    challenge(cycle, "sums")


def test_before_a_result_there_is_nothing_to_challenge(community: Community) -> None:
    cycle = make_cycle(community)
    with pytest.raises(Refusal) as refused:
        open_challenge(number=cycle.number, check="sums", wallet=address("alice"), at=database_clock())
    assert refused.value.name == "nothing_to_challenge"


def test_nobody_blocks_a_cycle_by_talking(cycle: Cycle) -> None:
    """However many challenge whatever: as long as the checks pass, money moves at its time."""
    for place, name in enumerate(CHECKS):
        open_challenge(
            number=cycle.number, check=name, wallet=f"0x{place:040x}", other="I doubt it.", at=cycle.closes_at
        )
    run_everything_due(at=cycle.settles_at)
    assert Settlement.objects.get(cycle=cycle).settled_at == cycle.settles_at
    with pytest.raises(Refusal) as refused:
        open_challenge(number=cycle.number, check="sums", wallet=address("dora"), at=cycle.settles_at)
    assert refused.value.name == "window_over"


def test_the_words_of_another_implementation_stand_beside_their_hash_and_can_be_erased(cycle: Cycle) -> None:
    opened = challenge(cycle, other='{"name": "rounding", "status": "fail"}')
    assert bytes(opened.other_hash or b"") != b""
    with pytest.raises(DatabaseError), transaction.atomic():
        OtherOutput.objects.filter(challenge=opened).update(text="Other words.")
    with pytest.raises(DatabaseError), transaction.atomic():
        Challenge.objects.filter(pk=opened.pk).update(wallet=address("bob"))
    OtherOutput.objects.filter(challenge=opened).delete()
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert build_final_record(cycle_id=cycle.pk, at=cycle.settles_at)
    data = file_of(cycle, "final")
    (line,) = [one for one in objects(data) if one["type"] == "challenge"]
    assert line["other"] == "0x" + bytes(opened.other_hash or b"").hex()
    assert line["passed"] is True
    assert line["opened_by"] == address("alice")
    verdict = check(data)
    assert verdict.has_passed, failed(verdict)
    assert next(o for o in verdict.outcomes if o.check.name == "challenges").status is Status.PASSED
