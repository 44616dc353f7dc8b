"""Nothing public differs between cycles that differ in one sealed ballot; at the closing all of it appears.

Every address of the site is asked for, with every value that its parts can have here, by a stranger and by another
delegate who is signed in; what pages link to is asked for too. Compared are status, headers, bodies and their sizes,
and all that was logged meanwhile. Masked are the commitment, instants, and what is signed or hashed over them.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product

import psycopg
import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from pytest_django import Settings

from accounts.models import Wallet
from journal.clock import database_clock, pretended_clock
from power.models import Register, Snapshot
from tests.factories import EVEN, UNIT, address, make_community, make_cycle, signed, wallet
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result
from votes.models import Ballot, Cycle
from votes.record.ballot import Submission
from votes.record.lines import KINDS

pytestmark = pytest.mark.django_db

POWERS = {"alice": 50 * UNIT, "bob": 30 * UNIT, "carol": 20 * UNIT, "dave": 10 * UNIT}
UNKNOWN = "ab" * 32
# For a role, or no page, or what the code alone says.
LEFT_OUT = ("admin/", "sign-out/", "sign-in/", "api/v1/openapi")
MOST_PAGES = 2_000
SEEN_BY_ALL = ("even", "another split", "one that replaces")  # the other variants by a stranger alone

_PART = re.compile(r"<(?:(\w+):)?(\w+)>")
_TIMED = {"Set-Cookie", "Expires", "Last-Modified", "Date"}
_MASKS = [
    (re.compile(pattern.encode()), replacement.encode())
    for pattern, replacement in (
        (r"<time\b[^>]*>[^<]*</time>", "<time>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|\+00:00)", "<instant>"),
        (r'(name="csrf(?:middleware)?-?token" (?:content|value)=)"[^"]*"', r'\1"<token>"'),
    )
]
# A tree head signs and hashes commitments and instants.
_TREE = re.compile(rb'"(root|signature|leaf|path)": ?("0x[0-9a-f]*"|\[[^]]*\])')


@dataclass
class Seen:
    """What one variant of the ballot let the public see; by who asked and for what."""

    digest: str
    commitment: str
    blind: str
    answers: dict[tuple[str, str], tuple[int, Mapping[str, str], bytes, int]] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)

    def masked(self, text: str) -> str:
        """With its commitment, also where a page shows its first digits, and its digest by name."""
        whole = text.replace(self.commitment, "<commitment>").replace(self.digest, "<digest>")
        return whole.replace(self.commitment[:12] + "…", "<commitment>…")


@pytest.fixture
def cycle(settings: Settings) -> Cycle:
    settings.TPP_PAGE_SECONDS = 0  # each page anew, so that no variant is shown another's
    cycle = make_cycle(make_community(POWERS, live_results=False))
    cast_ballot(number=cycle.number, submission=signed("dave", cycle), at=database_clock())
    for name in POWERS:
        wallet(name)
    cache.clear()
    return cycle


def variants(cycle: Cycle) -> dict[str, Submission]:
    """The last ballot of the cycle, in every way in which it can be another."""
    turned = {"ignite": {"lending": 4000, "exchanges": 6000}, "security": {"audits": 7000, "bounties": 3000}}
    return {
        "even": signed("alice", cycle, EVEN),
        "another split": signed("alice", cycle, turned),
        "one contest left out": signed("alice", cycle, {"ignite": {"lending": 10_000}}),
        "a withdrawal": signed("alice", cycle, {}),
        "a reason": signed("alice", cycle, EVEN, reason="Lending saved us /threads/1/ last year. " * 20),
        "another voter": signed("carol", cycle, EVEN),
        "another nonce": signed("alice", cycle, EVEN, nonce=2**53 - 1),
        "one that replaces": signed("dave", cycle, turned, nonce=2),
    }


def test_nothing_public_differs_by_a_sealed_ballot_until_all_appears(
    cycle: Cycle, superuser: psycopg.Connection
) -> None:
    at = database_clock()
    watchers = {"a stranger": Client(), "another delegate": Client()}
    watchers["another delegate"].force_login(Wallet.objects.get(address=address("bob")))
    seen = {}
    for name, submission in variants(cycle).items():
        superuser.execute("SELECT setval('votes_ballot_id_seq', 1000)")  # sequences are never rolled back
        sid = transaction.savepoint()
        with logged() as lines, pretended_clock(at):
            seen[name] = cast(cycle, submission)
            look_around(seen[name], cycle, watchers if name in SEEN_BY_ALL else {"a stranger": Client()})
        seen[name].logged = [seen[name].masked(line) for line in lines]
        transaction.savepoint_rollback(sid)
    first = seen.pop("even")
    assert len(first.answers) > 130
    assert {status for status, *_ in first.answers.values()} <= {
        200,
        301,
        302,
        400,
        401,
        403,
        404,
        405,
        409,
        410,
        422,
    }
    for name, other in seen.items():
        who = {watcher for watcher, _ in other.answers}
        assert other.answers.keys() == {asked for asked in first.answers if asked[0] in who}, name
        for asked, answer in other.answers.items():
            assert answer == first.answers[asked], f"{name}: {asked}"
        assert other.logged == first.logged or name not in SEEN_BY_ALL, name
        assert other.logged == first.logged[: len(other.logged)], name
    for asked, (status, _, body, _) in first.answers.items():
        if "<digest>" in asked[1]:
            assert status == 404 or "<digest>" not in body.decode(), asked
            unknown = first.answers[asked[0], asked[1].replace("<digest>", UNKNOWN)]
            assert (status, body.replace(b"<digest>", UNKNOWN.encode())) == (unknown[0], unknown[2]), asked
        else:
            assert b"<digest>" not in body, asked


def test_at_the_closing_all_of_it_appears_at_once(cycle: Cycle) -> None:
    seen = cast(cycle, signed("alice", cycle, EVEN, reason="Because of the audits."))
    stranger = {"a stranger": Client()}
    look_around(seen, cycle, stranger)
    before = b"".join(body for _, _, body, _ in seen.answers.values())
    row = Ballot.objects.select_related("blind").latest("pk")
    secrets = {
        "digest": "<digest>",  # as masked
        "blind": seen.blind,
        "signature": bytes(row.signature or b"").hex(),
        "reason": "Because of the audits.",
    }
    for what, secret in secrets.items():
        places = [asked for asked, answer in seen.answers.items() if secret in answer[2].decode()]
        assert not [asked for asked in places if "<digest>" not in asked[1]], what
    assert b"<commitment>" in before
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    seen.answers.clear()
    look_around(seen, Cycle.objects.get(pk=cycle.pk), stranger)
    after = {asked[1]: answer for asked, answer in seen.answers.items()}
    listed = after[f"/api/v1/cycles/{cycle.number}/ballots/"][2].decode()
    for what, secret in secrets.items():
        assert secret in listed, what
    for key in ("<digest>", "<commitment>"):
        page = after[f"/cycles/{cycle.number}/ballots/{key}/"]
        assert page[0] == 200
        assert "Because of the audits." in page[2].decode()
    assert "Because of the audits." in after[f"/cycles/{cycle.number}/ballots/"][2].decode()
    assert "Because of the audits." in after[f"/cycles/{cycle.number}/result/"][2].decode()
    assert '"newest":{"digest":"0x<digest>"' in after[
        f"/api/v1/cycles/{cycle.number}/voters/{address('alice')}/"
    ][2].decode().replace(" ", "")


def test_the_walk_finds_what_a_live_cycle_shows(settings: Settings) -> None:
    """The comparison above would find a difference if there were one."""
    settings.TPP_PAGE_SECONDS = 0
    cycle = make_cycle(make_community(POWERS))
    found = []
    for split in ({"ignite": {"lending": 10_000}}, {"ignite": {"exchanges": 10_000}}):
        sid = transaction.savepoint()
        answer = cast_ballot(
            number=cycle.number, submission=signed("alice", cycle, split), at=database_clock()
        )
        seen = Seen(answer.ballot.digest_hex[2:], UNKNOWN, "")
        look_around(seen, cycle, {"a stranger": Client()})
        found.append(seen.answers)
        transaction.savepoint_rollback(sid)
    differ = {asked[1] for asked, answer in found[0].items() if found[1].get(asked) != answer}
    number = cycle.number
    assert {f"/cycles/{number}/ballots/", f"/api/v1/cycles/{number}/ballots/"} <= differ


# Walking


def cast(cycle: Cycle, submission: Submission) -> Seen:
    answer = Client().post(
        f"/api/v1/cycles/{cycle.number}/ballots/", submission.body(), content_type="application/json"
    )
    assert answer.status_code == 201, answer.content
    receipt = answer.json()
    return Seen(receipt["digest"][2:], receipt["receipt"]["commitment"][2:], receipt["blind"][2:])


def look_around(seen: Seen, cycle: Cycle, watchers: Mapping[str, Client]) -> None:
    """Ask for everything as every watcher."""
    for who, client in watchers.items():
        waiting = dict.fromkeys(addresses(seen, cycle))
        asked: set[str] = set()
        while waiting:
            path = next(iter(waiting))
            del waiting[path]
            asked.add(path)
            assert len(asked) < MOST_PAGES
            links = look(seen, who, path, client.get(path))
            waiting |= dict.fromkeys(link for link in links if link not in asked)
        for name, path, body in probes(seen, cycle):
            kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
            look(seen, who, f"{name}: {path}", client.post(path, body, content_type=kind))


def probes(seen: Seen, cycle: Cycle) -> Iterator[tuple[str, str, bytes]]:
    """What somebody would send to learn how another one voted, or whether."""
    api = f"/api/v1/cycles/{cycle.number}/"
    for name in ("alice", "carol", "dave"):
        lines = [{"programme": "ignite", "typology": "lending", "basisPoints": 10_000}]
        yield (
            f"effect for {name}",
            f"{api}effect/",
            json.dumps({"voter": address(name), "lines": lines}).encode(),
        )
        for nonce in (1, 2):
            in_their_name = signed(name, cycle, nonce=nonce)
            forged = Submission(in_their_name.ballot, signed("bob", cycle, nonce=nonce).signature)
            yield f"forged for {name}, {nonce}", f"{api}ballots/", forged.body()
    for key in (seen.commitment, seen.digest, UNKNOWN):
        for what in ("", "receipt.json"):
            path = f"/cycles/{cycle.number}/ballots/{key}/{what}"
            yield "a wrong blind", path, f"blind=0x{UNKNOWN}".encode()


def look(seen: Seen, who: str, path: str, answer: HttpResponseBase) -> list[str]:
    raw = answer.content if isinstance(answer, HttpResponse) else answer.getvalue()
    body = raw
    for pattern, replacement in _MASKS:
        body = pattern.sub(replacement, body)
    size = len(body)  # without instants: in words one is shorter at the full minute
    if re.search("/(heads|proof)/", path):
        body = _TREE.sub(rb'"\1":"<hash>"', body)
    body = seen.masked(body.decode()).encode()
    headers = {name: value for name, value in answer.items() if name not in _TIMED}
    if body != raw:  # what hashes the body differs where what is masked does
        headers.pop("ETag", None)
    headers = {name: seen.masked(value) for name, value in headers.items()}
    if "Content-Length" in headers:
        headers["Content-Length"] = str(int(headers["Content-Length"]) - len(raw) + size)
    seen.answers[who, seen.masked(path)] = (answer.status_code, headers, body, size)
    if not answer["Content-Type"].startswith("text/html"):
        return []
    found = re.findall(r'(?:href|action)="(/[^"#]*)', raw.decode())
    return [link.replace("&amp;", "&") for link in found if may_follow(link)]


def may_follow(link: str) -> bool:
    return not link.startswith(("/static/", *(f"/{path}" for path in LEFT_OUT)))


def addresses(seen: Seen, cycle: Cycle) -> Iterator[str]:
    """Every address that the site has, with every value that makes sense in it here."""
    by_name, by_kind = values(cycle), kinds(seen, cycle)
    for name in POWERS:
        yield f"{reverse('ballot_example', args=[cycle.number])}?voter={address(name)}"
    for route in routes(get_resolver().url_patterns):
        if route.startswith(LEFT_OUT):
            continue
        parts = _PART.findall(route)
        unknown = [part for part in parts if part[1] not in by_name and part[0] not in by_kind]
        assert not unknown, f"tell this test in `kinds` what {unknown} of {route} can be"
        for chosen in product(*(by_name.get(name) or by_kind[kind] for kind, name in parts)):
            path = "/" + route
            for value in chosen:
                path = _PART.sub(value, path, count=1)
            yield path


def values(cycle: Cycle) -> dict[str, list[str]]:
    """What the parts of addresses can be here, by name."""
    return {
        "thread_id": [str(cycle.thread_id)],
        "register_id": [str(pk) for pk in Register.objects.values_list("pk", flat=True)],
        "snapshot_id": [str(pk) for pk in Snapshot.objects.values_list("pk", flat=True)],
        "account_id": [str(cycle.account_id)],
        "programme": ["ignite"],
        "token": ["of-no-mail"],
        "typology": ["lending"],
    }


def kinds(seen: Seen, cycle: Cycle) -> dict[str, list[str]]:
    """What other parts can be, by kind."""
    keys = [seen.digest, seen.commitment, UNKNOWN]
    for earlier in Ballot.objects.select_related("blind").filter(cycle=cycle, voter=address("dave"))[:1]:
        keys += [bytes(earlier.digest).hex(), earlier.tree_key.hex()]
    return {
        "digest": keys,
        "address": [address(name) for name in POWERS],
        "number": [str(cycle.number)],
        "contest": ["ignite", "security", "all_programmes"],
        "record": list(KINDS),
        **{kind: ["1"] for kind in ("int", "row")},
        **{kind: ["ignite", "lending"] for kind in ("slug", "key")},
    }


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for each in patterns:
        assert isinstance(each.pattern, RoutePattern), "only plain routes are known here"
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, before + str(each.pattern))
        else:
            yield before + str(each.pattern)


class _Lines(logging.Handler):
    """Everything that any part of the site logs, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[list[str]]:
    handler, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
