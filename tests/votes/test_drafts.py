"""Drafts on the server: versions, conflicts, refusals, and that nobody but their author reads them."""

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import Wallet
from journal.clock import database_clock
from tests.accounts.visitors import Visitor
from tests.factories import HOUR, Community, address, make_community, make_cycle, signed, wallet
from tests.races import at_once
from tpp.api_urls import urlpatterns
from tpp.urls import urlpatterns as pages
from votes.actions.ballots import cast_ballot
from votes.actions.drafts import MOST_BYTES, DraftChanged, Edit, open_draft, save_draft
from votes.models import Cycle, Draft

pytestmark = pytest.mark.django_db

SECRET = "xylophonic-secret"
EMPTY: dict[str, Any] = {"lines": {}, "locked": [], "reason": ""}


def content(reason: str = "", **lines: str) -> dict[str, Any]:
    return {"lines": {f"ignite/{key}": value for key, value in lines.items()}, "locked": [], "reason": reason}


class Author(Visitor):
    """A visitor with a draft."""

    def __init__(self, name: str, cycle: Cycle) -> None:
        super().__init__(name)
        self.path = f"/api/v1/cycles/{cycle.number}/draft/"
        self.sign_in()
        self.csrf = self.token()

    def read(self) -> Any:
        return self.client.get(self.path)

    def save(self, base: Any, content: Any, **more: Any) -> Any:
        return self.put(json.dumps({"base": base, "content": content, **more}).encode())

    def put(self, body: bytes) -> Any:
        return self.client.put(
            self.path, body, content_type="application/json", headers={"X-CSRFToken": self.csrf}
        )

    def forget(self) -> Any:
        return self.client.delete(self.path, headers={"X-CSRFToken": self.csrf})


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def cycle(community: Community) -> Cycle:
    return make_cycle(community)


@pytest.fixture
def alice(cycle: Cycle) -> Author:
    return Author("alice", cycle)


def test_a_draft_is_saved_read_and_forgotten(alice: Author) -> None:
    assert (alice.read().status_code, alice.read().json()["refusal"]) == (404, "no_draft")
    saved = alice.save(0, content("Söme\nwords", lending="12.5"))
    assert (saved.status_code, saved.json()["version"]) == (200, 1)
    read = alice.read()
    assert "no-store" in read["Cache-Control"]
    assert read.json() == {
        "version": 1,
        "content": content("Söme\nwords", lending="12.5"),
        "saved_at": saved.json()["saved_at"],
        "sent": False,
    }
    assert alice.forget().status_code == 204
    assert alice.read().status_code == 404
    assert Draft.objects.get().content is None
    assert alice.forget().status_code == 204


def test_what_is_newer_elsewhere_is_shown_and_never_overwritten(alice: Author, cycle: Cycle) -> None:
    other = Author("alice", cycle)
    assert alice.save(0, content(lending="10")).json()["version"] == 1
    refused = other.save(0, content(lending="20"))
    assert (refused.status_code, refused.json()["refusal"]) == (409, "draft_changed")
    assert refused.json()["draft"]["content"] == content(lending="10")
    assert other.save(refused.json()["draft"]["version"], content(lending="20")).json()["version"] == 2
    assert alice.save(1, content(lending="30")).json()["draft"]["content"] == content(lending="20")
    assert alice.read().json()["content"] == content(lending="20")


def test_a_version_never_comes_again_after_forgetting(alice: Author, cycle: Cycle) -> None:
    other = Author("alice", cycle)
    alice.save(0, content(lending="10"))
    assert other.forget().status_code == 204
    refused = alice.save(1, content(lending="11"))
    assert (refused.status_code, refused.json()["draft"]) == (409, None)
    assert other.save(0, content(lending="20")).json()["version"] == 3
    assert alice.save(1, content(lending="11")).status_code == 409


def test_a_version_that_was_never_given_is_refused(alice: Author) -> None:
    assert alice.save(7, content(lending="1")).status_code == 409
    assert not Draft.objects.exclude(content=None).exists()


def test_an_empty_draft_is_none(alice: Author) -> None:
    assert alice.save(0, content(lending="1")).json()["version"] == 1
    assert alice.save(1, EMPTY).json()["version"] == 2
    assert alice.read().status_code == 404
    assert alice.save(2, content(lending="2")).json()["version"] == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[" * 50_000,
        b"null",
        b"{}",
        json.dumps({"base": 0}).encode(),
        json.dumps({"base": "0", "content": EMPTY}).encode(),
        json.dumps({"base": True, "content": EMPTY}).encode(),
        json.dumps({"base": -1, "content": EMPTY}).encode(),
        json.dumps({"base": 2**31, "content": EMPTY}).encode(),
        json.dumps({"base": 0, "content": EMPTY, "more": 1}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "more": 1}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "lines": []}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "lines": {"ignite": "1"}}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "lines": {"ignite/lending": 1}}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "lines": {"ignite/lending": "1" * 33}}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "lines": {f"a/b{n}": "" for n in range(401)}}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "locked": "ignite/lending"}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "locked": [[]]}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "reason": None}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "reason": "\x00"}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "reason": "\ud800"}}).encode(),
        json.dumps({"base": 0, "content": {**EMPTY, "reason": "x" * MOST_BYTES}}).encode(),
        b"\xff",
    ],
)
def test_what_is_no_draft_is_refused_in_words_and_not_stored(alice: Author, body: bytes) -> None:
    answer = alice.put(body)
    assert (answer.status_code, answer.json()["refusal"]) == (400, "malformed")
    assert answer.json()["words"]
    assert not Draft.objects.exclude(content=None).exists()


def test_sums_and_names_are_not_judged(alice: Author) -> None:
    odd = {"lines": {"*/ignite": "999", "later/thing": "abc"}, "locked": ["*/ignite"], "reason": "e\u0301"}
    assert alice.save(0, odd).status_code == 200
    assert alice.read().json()["content"] == odd


def test_without_a_session_there_is_no_draft(cycle: Cycle, client: Client) -> None:
    path = f"/api/v1/cycles/{cycle.number}/draft/"
    for answer in (client.get(path), client.put(path, b"{}"), client.delete(path)):
        assert (answer.status_code, answer.json()["refusal"]) == (401, "not_signed_in")


def test_a_forged_request_is_refused(alice: Author) -> None:
    alice.csrf = "x" * 64
    for answer in (alice.save(0, content(lending="1")), alice.forget()):
        assert (answer.status_code, answer.json()["refusal"]) == (403, "csrf_failed")


def test_drafts_are_for_open_cycles_and_voters(community: Community) -> None:
    coming = make_cycle(community, opens_in=30 * HOUR)
    past = make_cycle(community, opens_in=-90 * HOUR)
    assert Author("alice", coming).save(0, content(lending="1")).json()["refusal"] == "not_open_yet"
    assert Author("alice", past).save(0, content(lending="1")).json()["refusal"] == "closed"
    open_now = make_cycle(community)
    assert Author("dave", open_now).save(0, content(lending="1")).json()["refusal"] == "no_power_at_snapshot"
    stranger = Author("alice", open_now)
    stranger.path = "/api/v1/cycles/999/draft/"
    assert stranger.read().json()["refusal"] == "unknown_cycle"


def test_a_wallet_that_saves_without_end_is_slowed_and_others_are_not(
    alice: Author, cycle: Cycle, settings: Settings
) -> None:
    settings.TPP_DRAFT_SAVES_A_MINUTE = 3
    cache.clear()
    answers = [alice.save(version, content(lending=str(version))) for version in range(7)]
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert len(slowed) >= 3  # a minute may end in between
    assert int(slowed[0]["Retry-After"]) > 0
    assert slowed[0].json()["refusal"] == "too_many_requests"
    assert Author("bob", cycle).save(0, content(lending="1")).status_code == 200


def test_a_draft_is_sent_by_a_ballot_that_comes_after_it(alice: Author, cycle: Cycle) -> None:
    def not_sent() -> list[Draft]:
        return list(Draft.objects.of(wallet("alice")).not_sent(database_clock()))

    assert not_sent() == []
    alice.save(0, content(lending="60"))
    assert len(not_sent()) == 1
    cast_ballot(number=cycle.number, submission=signed("bob", cycle), at=database_clock())
    assert len(not_sent()) == 1
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    assert not_sent() == []
    assert alice.read().json()["sent"] is True
    alice.save(1, content(lending="61"))
    assert len(not_sent()) == 1
    assert alice.read().json()["sent"] is False
    assert list(Draft.objects.not_sent(cycle.closes_at)) == []
    assert list(Draft.objects.not_sent(cycle.opens_at - timedelta(microseconds=1))) == []


@pytest.fixture
def everybody(cycle: Cycle, settings: Settings) -> list[Client]:
    """Somebody anonymous, another delegate, an admin; each with a session that has signed in where one can."""
    settings.TPP_ADMINS = [address("carol")]
    return [Client(), Visitor("bob").client, Visitor("carol").client]


def test_nobody_else_reads_a_draft_anywhere(
    alice: Author, cycle: Cycle, everybody: list[Client], community: Community
) -> None:
    """Every address of the API and every page that takes nothing or the cycle's number, asked by everybody."""
    alice.save(0, content(SECRET, lending="37.31"))
    for client, name in zip(everybody[1:], ("bob", "carol"), strict=True):
        client.force_login(wallet(name), backend="accounts.backends.WalletBackend")
    number = str(cycle.number)
    paths = {f"/api/v1/{url.pattern}".replace("<number:number>", number) for url in urlpatterns}
    for group in pages:
        for url in getattr(group, "url_patterns", [group]):
            paths.add(f"/{url.pattern}".replace("<number:number>", number).replace("<int:number>", number))
    paths = {path for path in paths if "<" not in path} | {"/programmes/ignite/", "/"}
    assert len(paths) > 30
    for client in everybody:
        for path in sorted(paths):
            answer = client.get(path)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
            assert SECRET.encode() not in body, path
            assert b"37.31" not in body, path
    assert SECRET in alice.read().json()["content"]["reason"]


def test_another_wallet_has_a_draft_of_its_own(alice: Author, cycle: Cycle) -> None:
    bob = Author("bob", cycle)
    alice.save(0, content(SECRET))
    assert bob.read().status_code == 404
    bob.save(0, content("Bob's"))
    assert bob.forget().status_code == 204
    assert alice.read().json()["content"]["reason"] == SECRET


def test_opening_the_ballot_is_noted_once(alice: Author, cycle: Cycle) -> None:
    alice.read()
    first = Draft.objects.get()
    alice.read()
    alice.save(0, content(lending="1"))
    again = Draft.objects.get()
    assert (again.pk, again.opened_at, again.wallet_id) == (first.pk, first.opened_at, address("alice"))


def test_the_database_refuses_impossible_drafts(cycle: Cycle) -> None:
    at, author = database_clock(), wallet("alice")
    Draft.objects.create(cycle=cycle, wallet=author, opened_at=at)
    with pytest.raises(IntegrityError, match="one_draft_per_wallet_and_cycle"), transaction.atomic():
        Draft.objects.create(cycle=cycle, wallet=author, opened_at=at)
    with pytest.raises(IntegrityError, match="a_draft_that_was_saved_says_when"), transaction.atomic():
        Draft.objects.update(content=EMPTY)
    with pytest.raises(IntegrityError, match="a_draft_that_was_saved_says_when"), transaction.atomic():
        Draft.objects.update(version=1, first_saved_at=at, saved_at=at - HOUR)


@pytest.mark.django_db(transaction=True)
def test_of_many_that_save_at_once_on_one_version_exactly_one_succeeds() -> None:
    cycle = make_cycle(make_community())
    author = Wallet.objects.get(pk=wallet("alice").pk)
    at = database_clock()
    for base in (0, 1, 2):

        def save(device: int, base: int = base) -> bool:
            typed = Edit(base, content(lending=str(device)))
            try:
                return save_draft(number=cycle.number, wallet=author, edit=typed, at=at).version == base + 1
            except DraftChanged:
                return False

        won = at_once(*(partial(save, device) for device in range(6)))
        assert sum(won) == 1
        stored = open_draft(number=cycle.number, wallet=author, at=at)
        assert stored.version == base + 1
        assert stored.content == content(lending=str(won.index(True)))
