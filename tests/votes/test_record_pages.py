"""Records as they are served: whole, packed, in part; their page; and what the API says of them."""

import base64
import gzip
import hashlib
from typing import Any

import pytest
from django.test import Client

from journal.clock import database_clock
from tests.contests import page_of
from tests.factories import HOUR, make_community, make_cycle
from tests.records import check, file_of, finished_cycle, vote
from votes.actions.steps import run_everything_due
from votes.models import Cycle, Record

pytestmark = pytest.mark.django_db
FILE = "/cycles/1/record/final.ndjson"


@pytest.fixture
def cycle(monkeypatch: pytest.MonkeyPatch) -> Cycle:
    """A finished cycle whose records have several parts."""
    for place in ("votes.actions.records", "votes.record_files"):
        monkeypatch.setattr(f"{place}.PART", 1000)
    return finished_cycle()


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_file_is_the_record_byte_for_byte(client: Client, cycle: Cycle) -> None:
    answer = client.get(FILE)
    data = body(answer)
    assert data == file_of(cycle, "final")
    digest = hashlib.sha256(data).digest()
    assert answer["X-Record-SHA256"] == digest.hex()
    assert answer["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert int(answer["Content-Length"]) == len(data)
    assert "immutable" in answer["Cache-Control"]
    assert check(data).has_passed


def test_it_travels_as_one_gzip_stream(client: Client, cycle: Cycle) -> None:
    answer = client.get(FILE, HTTP_ACCEPT_ENCODING="gzip, br")
    packed = body(answer)
    assert answer["Content-Encoding"] == "gzip"
    assert int(answer["Content-Length"]) == len(packed)
    assert gzip.decompress(packed) == file_of(cycle, "final")
    assert "Accept-Encoding" in answer["Vary"]


def test_any_part_of_it_can_be_had(client: Client, cycle: Cycle) -> None:
    data = file_of(cycle, "final")
    size = len(data)
    for wanted, (start, end) in {
        "bytes=0-0": (0, 1),
        "bytes=999-1000": (999, 1001),
        "bytes=1500-3499": (1500, 3500),
        "bytes=2000-": (2000, size),
        "bytes=-10": (size - 10, size),
        f"bytes=0-{size + 99}": (0, size),
    }.items():
        answer = client.get(FILE, HTTP_RANGE=wanted)
        assert answer.status_code == 206
        assert body(answer) == data[start:end]
        assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
    assert client.get(FILE, HTTP_RANGE=f"bytes={size}-").status_code == 416
    for senseless in ("bytes=5-2", "lines=1-2", "bytes=-", "bytes=0-1,3-4"):
        assert body(client.get(FILE, HTTP_RANGE=senseless)) == data


def test_who_has_it_already_is_sent_nothing(client: Client, cycle: Cycle) -> None:
    tag = client.head(FILE)["ETag"]
    assert client.get(FILE, HTTP_IF_NONE_MATCH=tag).status_code == 304
    assert body(client.head(FILE)) == b""
    assert client.post(FILE).status_code == 405


def test_reasons_follow_the_same_bytes(client: Client, cycle: Cycle) -> None:
    data = body(client.get("/cycles/1/record/final-with-texts.ndjson"))
    assert data.startswith(file_of(cycle, "final"))
    assert "Because." in data.decode()
    assert check(data).has_passed


def test_the_hash_is_as_sha256sum_writes_it(client: Client, cycle: Cycle) -> None:
    record = Record.objects.get(cycle=cycle, kind="closed")
    assert client.get("/cycles/1/record/closed.ndjson.sha256").content.decode() == (
        f"{record.hash_hex}  closed.ndjson\n"
    )


def test_the_page_says_how_to_check_and_cycle_and_result_lead_to_it(client: Client, cycle: Cycle) -> None:
    page = page_of(client, cycle, "record/")
    for record in Record.objects.all():
        assert record.hash_hex in page
    assert f"{FILE} tpp-verify final.ndjson" in page
    assert "40 checks" in page
    for what in ("", "result/"):
        assert '"/cycles/1/record/"' in page_of(client, cycle, what)
    records = client.get("/api/v1/cycles/1/").json()["records"]
    assert [(one["kind"], one["address"]) for one in records] == [
        ("closed", "/cycles/1/record/closed.ndjson"),
        ("final", FILE),
    ]


def test_before_there_is_a_record_the_page_says_when_there_will_be(client: Client) -> None:
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    vote(cycle)
    assert "right after voting closes" in page_of(client, cycle, "record/")
    assert client.get(FILE).status_code == 404
    assert client.get("/cycles/1/record/draft.ndjson").status_code == 404
    assert client.get("/cycles/9/record/").status_code == 404
    assert client.get("/api/v1/cycles/1/").json()["records"] == []


def test_the_steps_make_what_the_page_offers(client: Client) -> None:
    cycle = make_cycle(make_community(), opens_in=-3 * HOUR, voting=HOUR / 2)
    run_everything_due(at=cycle.closes_at)
    run_everything_due(at=database_clock())
    assert body(client.get(FILE)) == file_of(cycle, "final")
