"""Challenging over HTTP: the pages, the API, every refusal, and an admin who mends."""

import html

import pytest
from django.test import Client

from journal.clock import database_clock
from tests.contests import binding
from tests.factories import HOUR, address, make_community, make_cycle, wallet
from tests.records import vote
from tests.votes.test_faults import Tamper, tamper  # noqa: F401 (a fixture)
from votes.actions.closing import close_cycle, publish_result
from votes.actions.records import build_closed_record
from votes.actions.steps import run_step
from votes.models import Challenge, Cycle, Recomputation
from votes.record.verify import CHECKS

pytestmark = pytest.mark.django_db
OTHER = '{"checks": [{"name": "rounding", "status": "fail", "found": "<b>wrong</b>"}]}'


@pytest.fixture(autouse=True)
def admin(settings: pytest.FixtureRequest) -> None:
    settings.TPP_ADMINS = [address("bob")]  # type: ignore[attr-defined]


def published() -> Cycle:
    """A cycle with a result that is public now, and its record."""
    cycle = make_cycle(make_community(), opens_in=-HOUR, voting=2 * HOUR)
    vote(cycle)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)
    return cycle


@pytest.fixture
def cycle() -> Cycle:
    return published()


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(wallet(name), backend="accounts.backends.WalletBackend")
    return client


def work(cycle: Cycle) -> None:
    assert run_step(name="verify", cycle_id=cycle.pk, at=database_clock())


def words(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, address
    return " ".join(html.unescape(response.content.decode()).split())


def test_from_the_result_to_a_challenge_and_its_answer(cycle: Cycle, client: Client) -> None:
    base = f"/cycles/{cycle.number}"
    result = words(client, f"{base}/result/")
    assert "can be challenged until" in result
    assert f'href="{base}/challenges/"' in result
    page = words(client, f"{base}/challenges/")
    assert "Sign in with any wallet" in page
    assert "Nobody has challenged this result." in page
    alice = signed_in("alice")
    page = words(alice, f"{base}/challenges/")
    for check in CHECKS.values():
        assert f"{check.number} {check.name}: {check.asserts}" in page
    sent = alice.post(f"{base}/challenges/", {"check": "37", "other": OTHER})
    challenge = Challenge.objects.get()
    assert (sent.status_code, sent.headers["Location"]) == (302, challenge.get_absolute_url())
    assert "The check is being made" in words(client, challenge.get_absolute_url())
    assert "Nothing is paid before it has answered" in words(client, f"{base}/challenges/")
    work(cycle)
    page = words(client, challenge.get_absolute_url())
    assert "The check passes" in page
    assert "The two differ" in page
    assert "<b>wrong</b>" not in client.get(challenge.get_absolute_url()).content.decode()
    assert "it passes" in words(client, f"{base}/challenges/")


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"check": ""}, 422, "choose one of the 40"),
        ({"check": "sums", "other": "x" * 20_001}, 422, "at most 20,000 bytes"),
        ({"check": "rounding"}, 409, "still being answered"),
    ],
)
def test_refusals_over_http_keep_what_was_typed(
    cycle: Cycle, form: dict[str, str], status: int, said: str
) -> None:
    alice = signed_in("alice")
    assert alice.post(f"/cycles/{cycle.number}/challenges/", {"check": "rounding"}).status_code == 302
    answer = alice.post(f"/cycles/{cycle.number}/challenges/", form)
    assert answer.status_code == status
    assert said in html.unescape(answer.content.decode())
    assert form.get("other", "") in answer.content.decode()
    assert Challenge.objects.count() == 1


def test_who_is_not_signed_in_or_has_no_token_challenges_nothing(cycle: Cycle, client: Client) -> None:
    answer = client.post(f"/cycles/{cycle.number}/challenges/", {"check": "37"})
    assert answer.status_code == 403
    assert "Sign in with a wallet" in answer.content.decode()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(wallet("alice"), backend="accounts.backends.WalletBackend")
    assert strict.post(f"/cycles/{cycle.number}/challenges/", {"check": "37"}).status_code == 403
    assert strict.post(f"/cycles/{cycle.number}/recompute/").status_code == 403
    assert not Challenge.objects.exists()


def test_anybody_has_it_worked_out_again(cycle: Cycle, client: Client) -> None:
    for _ in range(3):
        assert client.post(f"/cycles/{cycle.number}/recompute/").status_code == 302
    assert Recomputation.objects.count() == 1
    assert "It is being worked out" in words(client, f"/cycles/{cycle.number}/challenges/")
    Recomputation.objects.get()
    assert run_step(name="verify", cycle_id=cycle.pk, at=database_clock())
    page = words(client, f"/cycles/{cycle.number}/challenges/")
    assert "every check passed that could be made here" in page
    assert cycle.records.get(kind="closed").hash_hex in page
    assert "the hash was the same" in page


def test_a_cycle_without_a_result_has_no_challenges(client: Client) -> None:
    cycle = make_cycle(make_community())
    words(client, f"/cycles/{cycle.number}/challenges/", 404)
    assert client.post(f"/cycles/{cycle.number}/recompute/").status_code == 302
    words(client, f"/cycles/{cycle.number}/result/v1/", 404)
    for name in ("challenges", "verifications"):
        assert client.get(f"/api/v1/cycles/{cycle.number}/{name}/").json()[name] == []
        assert client.get(f"/api/v1/cycles/99/{name}/").status_code == 404
    assert client.get(f"/api/v1/cycles/{cycle.number}/result/1/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_admin_mends_what_fails_and_both_versions_stay(tamper: Tamper, client: Client) -> None:  # noqa: F811
    cycle = published()
    row = binding(cycle, "ignite").options.all()[0]
    tamper("UPDATE votes_optionresult SET amount = amount + 7 WHERE id = %s", row.pk)
    bob, base = signed_in("bob"), f"/cycles/{cycle.number}"
    admin_page = f"/admin/cycles/{cycle.number}/"
    assert "A check of its record fails" not in words(bob, admin_page)
    assert bob.post(admin_page, {"do": "publish", "reason": "So."}).status_code == 409
    assert signed_in("alice").post(f"{base}/challenges/", {"check": "37"}).status_code == 302
    work(cycle)
    assert "A check of this record fails:" in words(client, f"{base}/result/")
    assert "37 rounding" in words(client, "/clock/")
    page = words(client, Challenge.objects.get().get_absolute_url())
    assert "The check fails" in page
    assert str(row.amount + 7) in page
    assert "A check of its record fails" in words(bob, admin_page)
    assert signed_in("alice").post(admin_page, {"do": "publish", "reason": "So."}).status_code == 403
    assert bob.post(admin_page, {"do": "publish", "reason": "Seven units moved."}).status_code == 302
    second = words(client, f"{base}/result/")
    assert "What version 2 changes" in second
    assert "Seven units moved." in second
    assert f'{row.amount + 7}</td><td class="n">{row.amount}</td>' in second
    assert "A check of this record fails" not in second
    first = words(client, f"{base}/result/v1/")
    assert "This is version 1, which no longer stands." in first
    assert words(client, f"{base}/result/v2/").count("What version 2 changes") == 1
    api = f"/api/v1{base}"
    assert client.get(f"{api}/result/").json()["version"] == 2
    assert client.get(f"{api}/result/1/").json()["correction"] is None
    (change,) = client.get(f"{api}/result/2/").json()["correction"]["changes"]
    assert change["options"][0]["moved_amount"] == "-7"
    (challenge,) = client.get(f"{api}/challenges/").json()["challenges"]
    assert challenge["answers"][0]["outcome"]["status"] == "fail"
    assert client.get(f"{api}/verifications/").json()["verifications"][0]["failed"] == ["rounding", "sums"]
