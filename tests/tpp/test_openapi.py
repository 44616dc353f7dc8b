"""The description of the API is true: what schemathesis makes of it meets no error and no undocumented answer."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import schemathesis
import yaml
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deliberation.actions import publish_post
from journal.clock import database_clock
from power.models import Register, Snapshot
from programmes.actions.applying import NewApplication, NewMilestone, send_application
from programmes.documents import document_of_programme, sha256_of
from programmes.models import ProgrammeRevision, RevisionWords, Sponsorship
from tests.accounts.visitors import Visitor
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
from tpp.api import document
from tpp.api_urls import urlpatterns
from tpp.openapi import BALLOT_REFUSALS
from tpp.processes import free_port
from votes import refusals
from votes.actions.closing import close_cycle, publish_result
from votes.actions.drafts import Edit, save_draft
from votes.actions.heads import publish_head
from votes.models import Cycle, WaitingBallot
from votes.record.ballot import Submission, parse_submission

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/"
EXAMPLES = 20  # of each operation
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def past(client: Client, settings: Any) -> Cycle:
    """A published past, an open cycle with ballots, a planned one, and something said; the first is given."""
    community = make_community()
    past = make_cycle(community, opens_in=-72 * HOUR)
    assert close_cycle(cycle_id=past.pk, at=a_moment_after(past.closes_at))
    assert publish_result(cycle_id=past.pk, at=a_moment_after(past.closes_at))
    settings.TPP_RPC_URLS = [f"http://127.0.0.1:{free_port()}"]  # so that ballots may wait for wallets
    now = make_cycle(community)
    for name in ("alice", "bob"):
        body = signed(name, now, reason="Because.").body()
        answer = client.post(f"{ROOT}cycles/{now.number}/ballots/", body, content_type="application/json")
        assert answer.status_code == 201
    assert publish_head(cycle_id=now.pk, at=database_clock())
    waits = Submission(signed("carol", now).ballot, b"")
    answer = client.post(f"{ROOT}cycles/{now.number}/ballots/", waits.body(), content_type="application/json")
    assert answer.status_code == 202
    make_cycle(community, opens_in=48 * HOUR, announced=False)
    said = publish_post(thread=now.thread, author=wallet("alice"), text="Words.", at=database_clock())
    publish_post(thread=now.thread, author=wallet("bob"), text="More.", at=database_clock())
    said.text.delete()  # erased
    typed = Edit(0, {"lines": {"ignite/lending": "60"}, "locked": [], "reason": "Mine."})
    save_draft(number=now.number, wallet=wallet("alice"), edit=typed, at=database_clock())
    apply(community, at=database_clock())
    return past


def apply(community: Community, *, at: datetime) -> None:
    """One application with one milestone, one revision, one sponsorship."""
    due_on, step = (at + 30 * 24 * HOUR).date(), {"measure": "Users", "target": "10", "source": "The site"}
    send_application(
        typology=community.ignite.typologies.get(slug="lending"),
        applicant=wallet("bob"),
        application=NewApplication("Desk", "Bob.", "A desk.", "", (), address("bob"), UNIT),
        milestones=[NewMilestone(**step, due_on=due_on, amount=UNIT)],
        at=at,
    )
    document = document_of_programme(community.ignite)
    revision = ProgrammeRevision.objects.create(
        programme=community.ignite, number=1, edited_at=at, words_sha256=sha256_of(document)
    )
    RevisionWords.objects.create(revision=revision, document=document)
    Sponsorship.objects.create(
        programme=community.ignite, wallet=wallet("bob"), sequence=1, sponsors=True, revision=1, said_at=at
    )


def known(path: str, past: Cycle) -> dict[str, Any]:
    """Values of the parameters of `path` under which there is something."""
    now = Cycle.objects.get(number=past.number + 1)
    values: dict[str, Any] = {
        "number": (now if any(part in path for part in ("ballots/", "draft/", "heads/")) else past).number,
        "digest": bytes(now.ballots.earliest("pk").digest).hex(),
        "address": address("alice"),
        "register_id": Register.objects.get().pk,
        "snapshot_id": Snapshot.objects.latest("pk").pk,
        "thread_id": now.thread_id,
        "account_id": now.account_id,
        "result_version": 1,
        "programme": "ignite",
        "slug": "lending" if "{programme}" in path else "ignite",
    }
    if "waiting/0x" in path:
        values |= {"number": now.number, "digest": bytes(WaitingBallot.objects.get().key).hex()}
    return {name: value for name, value in values.items() if f"{{{name}}}" in path}


@pytest.fixture
def session(past: Cycle) -> dict[str, Any]:
    """What a request from the page of Alice, who is signed in, brings along."""
    visitor = Visitor("alice")
    visitor.sign_in()
    token = visitor.token()
    cookies = {cookie.key: cookie.value for cookie in visitor.client.cookies.values()}
    return {"cookies": cookies, "headers": {"X-CSRFToken": token}}


@pytest.fixture
def site(session: dict[str, Any]) -> Iterator[Any]:
    """The site as a server calls it; the test's transaction stays open across requests from here on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_schemathesis_meets_no_error_and_no_undocumented_answer(
    past: Cycle, session: dict[str, Any], site: Any
) -> None:
    schema = schemathesis.openapi.from_wsgi(f"{ROOT}openapi.json", site)
    met: dict[str, set[int]] = {}
    failures = []
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    for operation in sorted(operations, key=lambda one: one.method != "get"):  # before anything is deleted
        try:
            met[operation.label] = try_out(operation, known(operation.path, past), session)
        except (Exception, BaseExceptionGroup) as failure:
            failures.append(f"{operation.label}: {[*getattr(failure, 'exceptions', [failure])]}")
    assert not failures, "\n\n".join(failures)
    assert len(met) == sum(len(methods) for methods in document()["paths"].values())
    empty = [label for label, statuses in met.items() if label.startswith("GET") and 200 not in statuses]
    assert empty == []


def try_out(operation: Any, values: dict[str, Any], session: dict[str, Any]) -> set[int]:
    """Call it with good and bad values, half of them where something is; the statuses that came.

    What belongs to a session is called with one and without.
    """
    needs_session = "security" in operation.definition.raw
    met = set()
    cases = st.one_of(
        operation.as_strategy(path_parameters=values),
        operation.as_strategy(),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def call(case: Any) -> None:
        for visitor in ({}, session) if needs_session else ({},):
            answer = case.call(**visitor)
            met.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

    call()
    bare = operation.Case(path_parameters=values) if operation.method == "get" else None
    if bare is not None:
        answer = bare.call(**(session if needs_session else {}))
        bare.validate_response(answer, checks=CHECKS)
        met.add(answer.status_code)
    return met


def test_it_is_openapi_3_1_in_both_forms_for_anybody(client: Client) -> None:
    answer = client.get(f"{ROOT}openapi.json")
    described = answer.json()
    assert (described["openapi"], described["info"]["version"]) == ("3.1.0", "1")
    secured = [
        path for path, of in described["paths"].items() if any("security" in each for each in of.values())
    ]
    assert secured == [f"{ROOT}cycles/{{number}}/draft/"]
    assert yaml.safe_load(client.get(f"{ROOT}openapi.yaml").content) == described
    again = client.get(f"{ROOT}openapi.json", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_address_of_the_api_is_described() -> None:
    described = {re.sub(r"\{\w+\}", "{}", path) for path in document()["paths"]}
    routes = {ROOT + re.sub(r"<\w+:\w+>", "{}", str(url.pattern)) for url in urlpatterns}
    assert routes - described == {f"{ROOT}openapi.json", f"{ROOT}openapi.yaml"}
    assert described <= routes


def test_every_operation_says_what_it_is_and_how_it_refuses() -> None:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert len(operation["description"]) > 10, path
            for status, answer in operation["responses"].items():
                assert answer["description"], (path, status)
                if status[0] in "45":
                    assert "Refusal" in json.dumps(answer["content"]), (path, method, status)
            assert {"429", "503"} <= operation["responses"].keys(), path


def test_the_refusals_of_a_ballot_are_those_that_the_room_knows() -> None:
    named = {name: status for status, names in BALLOT_REFUSALS.items() for name in names}
    del named["too_many_requests"], named["not_found"]
    details = dict.fromkeys(["programme", "typology", "total", "most", "given", "nonce", "reason"], "")
    assert named == {name: refusals.refuse(name, **details).status for name in refusals._WORDS}


def test_the_example_of_a_ballot_has_the_form_that_is_described_and_parses() -> None:
    described = document()
    post = described["paths"][f"{ROOT}cycles/{{number}}/ballots/"]["post"]
    body = post["requestBody"]["content"]["application/json"]
    (example,) = (example["value"] for example in body["examples"].values())
    resolved = {**described["components"]["schemas"]["SignedBallot"], "components": described["components"]}
    jsonschema.validate(example, resolved)
    assert parse_submission(json.dumps(example).encode()).ballot.cycle == "12"


def test_the_page_lists_every_address_without_a_script(client: Client) -> None:
    page = client.get("/api/")
    text = page.content.decode()
    assert page.status_code == 200
    for path in document()["paths"]:
        assert path in text
    assert "<script>" not in text
