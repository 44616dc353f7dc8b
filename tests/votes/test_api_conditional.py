"""Answers that can be kept, pages that hold while rows come, and throttles that a good ballot never meets."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from deliberation.actions import publish_post
from journal import throttles
from journal.clock import database_clock
from tests.factories import (
    HOUR,
    UNIT,
    Community,
    a_moment_after,
    address,
    make_community,
    make_cycle,
    signed,
    wallet,
)
from votes import patience
from votes.actions.closing import close_cycle, publish_result
from votes.models import Ballot, Cycle

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/"
STRANGER = "203.0.113.7"


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def cycle(community: Community) -> Cycle:
    return make_cycle(community)


@pytest.fixture(autouse=True)
def _nobody_is_counted_yet() -> Iterator[None]:
    cache.clear()
    patience._read_frozen.cache_clear()
    throttles._cache_rests["until"] = 0.0
    yield
    throttles._cache_rests["until"] = 0.0


@pytest.fixture
def stranger() -> Client:
    """Somebody on another machine."""
    return Client(REMOTE_ADDR=STRANGER)


def url(cycle: Cycle, rest: str = "") -> str:
    return f"{ROOT}cycles/{cycle.number}/{rest}"


def send(client: Client, cycle: Cycle, body: bytes) -> Any:
    return client.post(url(cycle, "ballots/"), body, content_type="application/json")


def forged(cycle: Cycle, nonce: int) -> bytes:
    """A ballot in Alice's name that somebody else signed."""
    document = json.loads(signed("mallory", cycle, nonce=nonce).body())
    document["ballot"]["voter"] = address("alice")
    return json.dumps(document).encode()


# What can be kept


@pytest.mark.parametrize(
    "rest",
    [
        "cycles/",
        "cycles/1/",
        "cycles/1/rules.json",
        "cycles/1/ballots/",
        "community/",
        "programmes/",
        "transfers/",
    ],
)
def test_an_answer_that_has_not_changed_is_a_304(client: Client, cycle: Cycle, rest: str) -> None:
    answer = client.get(ROOT + rest)
    again = client.get(ROOT + rest, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    other = client.get(ROOT + rest, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, answer.content)


def test_a_304_comes_from_a_page_that_is_kept_for_a_moment_too(
    client: Client, cycle: Cycle, settings: Settings
) -> None:
    settings.TPP_PAGE_SECONDS = 60
    answer = client.get(url(cycle))
    assert client.get(url(cycle), headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(url(cycle)).content == answer.content


def test_a_new_ballot_changes_the_etag(client: Client, cycle: Cycle) -> None:
    before = client.get(url(cycle, "ballots/"))["ETag"]
    assert send(client, cycle, signed("alice", cycle).body()).status_code == 201
    answer = client.get(url(cycle, "ballots/"), headers={"If-None-Match": before})
    assert (answer.status_code, len(answer.json()["ballots"])) == (200, 1)


def test_only_what_never_changes_may_be_kept_unasked(client: Client, cycle: Cycle) -> None:
    send(client, cycle, signed("alice", cycle).body())
    assert client.get(url(cycle, "rules.json"))["Cache-Control"] == "public, max-age=86400, immutable"
    assert not client.get(url(cycle, "ballots/")).has_header("Cache-Control")
    close_cycle(cycle_id=cycle.pk, at=a_moment_after(cycle.closes_at))
    publish_result(cycle_id=cycle.pk, at=a_moment_after(cycle.closes_at))
    assert (
        client.get(url(cycle, "ballots/"))["Cache-Control"] == "public, max-age=60"
    )  # reasons can be erased
    assert client.get(url(cycle, "certificate/"))["Cache-Control"] == "public, max-age=86400, immutable"
    assert not client.get(url(cycle, "result/")).has_header("Cache-Control")  # another version may follow


def test_the_demo_keeps_nothing_since_it_is_founded_anew(
    client: Client, cycle: Cycle, settings: Settings
) -> None:
    settings.TPP_DEMO = True
    assert not client.get(url(cycle, "rules.json")).has_header("Cache-Control")


# Pages


def test_pages_hold_while_rows_come(client: Client, cycle: Cycle) -> None:
    said = [
        publish_post(thread=cycle.thread, author=wallet("alice"), text=f"Word {n}.", at=database_clock()).pk
        for n in range(5)
    ]
    first = client.get(f"{ROOT}posts/?limit=2&order=newest").json()
    publish_post(thread=cycle.thread, author=wallet("bob"), text="Meanwhile.", at=database_clock())
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    seen = [post["id"] for page in (first, second, third) for post in page["posts"]]
    assert (seen, third["next"]) == (said[::-1], None)


def test_cycles_come_in_pages_newest_opening_first(
    client: Client, community: Community, cycle: Cycle
) -> None:
    for opens_in in (48, 96):
        make_cycle(community, opens_in=opens_in * HOUR, announced=False)
    seen, following = [], f"{ROOT}cycles/?limit=1"
    while following:
        page = client.get(following).json()
        seen += [found["number"] for found in page["cycles"]]
        following = page["next"]
    assert seen == [3, 2, 1]


def test_voters_come_in_pages_by_address_with_power_as_text(client: Client) -> None:
    crowd = [f"voter {number}" for number in range(7)]
    cycle = make_cycle(make_community(dict.fromkeys(crowd, UNIT)))
    seen, following = [], url(cycle, "voters/?limit=3")
    while following:
        page = client.get(following).json()
        seen += page["powers"]
        following = page["next"]
    assert [row["address"] for row in seen] == sorted(address(name) for name in crowd)
    assert {row["power"] for row in seen} == {str(UNIT)}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "order=best", "after=-1"])
def test_a_parameter_that_means_nothing_is_refused(client: Client, cycle: Cycle, query: str) -> None:
    answer = client.get(f"{ROOT}posts/?{query}")
    assert (answer.status_code, answer.json()["refusal"]) == (400, "malformed")


def test_erased_words_are_null_and_leave_their_hash(client: Client, cycle: Cycle) -> None:
    post = publish_post(thread=cycle.thread, author=wallet("alice"), text="Oh.", at=database_clock())
    post.text.delete()
    (shown,) = client.get(f"{ROOT}threads/{cycle.thread_id}/posts/").json()["posts"]
    assert (shown["words"], len(shown["text_sha256"])) == (None, 66)


def test_what_is_not_there_is_refused_in_words(client: Client, cycle: Cycle) -> None:
    for rest in ("nothing", "cycles/99/", "threads/999/", "programmes/none/", "accounts/0/", "wallets/0x1/"):
        answer = client.get(ROOT + rest)
        assert (answer.status_code, answer.json()["refusal"]) == (404, "not_found"), rest


# Throttles


def test_who_reads_very_often_is_told_to_wait(cycle: Cycle, stranger: Client, settings: Settings) -> None:
    settings.TPP_READS_A_MINUTE = 3
    answers = [stranger.get(url(cycle)) for _ in range(8)]  # eight, should a minute end between them
    assert answers[0].status_code == 200
    last = answers[-1]
    assert (last.status_code, last.json()["refusal"]) == (429, "too_many_requests")
    assert 0 < int(last["Retry-After"]) <= 60
    assert Client(REMOTE_ADDR="198.51.100.9").get(url(cycle)).status_code == 200
    assert send(stranger, cycle, signed("alice", cycle).body()).status_code == 201


def test_this_machine_is_never_counted(client: Client, cycle: Cycle, settings: Settings) -> None:
    settings.TPP_READS_A_MINUTE = 1
    assert {client.get(url(cycle)).status_code for _ in range(4)} == {200}


def test_after_five_hundred_bad_ballots_a_good_one_from_the_same_address_is_in(
    cycle: Cycle, stranger: Client, settings: Settings
) -> None:
    settings.TPP_REFUSED_BALLOTS_A_MINUTE = 20
    bad = [send(stranger, cycle, forged(cycle, nonce)) for nonce in range(1, 251)]
    bad += [send(stranger, cycle, b"{") for _ in range(250)]
    assert {answer.status_code for answer in bad} <= {400, 422, 429}
    assert bad[0].json()["refusal"] == "bad_signature"
    assert bad[-1].status_code == 429
    assert int(bad[-1]["Retry-After"]) > 0
    answer = send(stranger, cycle, signed("alice", cycle).body())
    assert answer.status_code == 201
    assert Ballot.objects.get().digest_hex == answer.json()["digest"]


def test_a_signed_ballot_is_told_why_it_is_refused_also_when_patience_is_out(
    cycle: Cycle, stranger: Client, settings: Settings
) -> None:
    settings.TPP_REFUSED_BALLOTS_A_MINUTE = 1
    for nonce in range(1, 6):
        send(stranger, cycle, forged(cycle, nonce))
    assert send(stranger, cycle, signed("stranger", cycle).body()).json()["refusal"] == "no_power_at_snapshot"


def test_a_forged_ballot_beyond_the_limit_costs_no_query(
    cycle: Cycle, stranger: Client, settings: Settings, django_assert_num_queries: Any
) -> None:
    settings.TPP_REFUSED_BALLOTS_A_MINUTE = 1
    for nonce in range(1, 6):
        send(stranger, cycle, forged(cycle, nonce))
    with django_assert_num_queries(0):
        assert send(stranger, cycle, forged(cycle, 9)).status_code == 429


def test_without_the_cache_nobody_is_kept_out(cycle: Cycle, stranger: Client, settings: Settings) -> None:
    settings.TPP_READS_A_MINUTE = settings.TPP_REFUSED_BALLOTS_A_MINUTE = 1
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert {stranger.get(url(cycle)).status_code for _ in range(4)} == {200}
    assert {send(stranger, cycle, b"{").status_code for _ in range(4)} == {400}
    assert send(stranger, cycle, signed("alice", cycle).body()).status_code == 201


@pytest.mark.parametrize(
    ("remote", "forwarded", "network"),
    [
        ("127.0.0.1", "", None),
        ("::1", "", None),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("", "", None),
    ],
)
def test_the_network_that_asks(
    remote: str, forwarded: str, network: str | None, rf: Any, settings: Settings
) -> None:
    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttles.network_of(request) == network


def test_behind_a_trusted_proxy_its_own_word_counts(rf: Any, settings: Settings) -> None:
    settings.TPP_TRUST_PROXY = True
    request = rf.get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.7")
    assert throttles.network_of(request) == "203.0.113.7"
