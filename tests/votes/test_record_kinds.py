"""Records of other kinds of cycles: imports, which verify as far as they can, and the receipts of sealed ones."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from journal.clock import database_clock
from tests.factories import HOUR, make_community, make_cycle
from tests.records import check, failed, file_of, finish, names, objects, sealed_again, vote
from tests.votes.record.tampering import ballot_of, ballots, the
from votes.actions.ballots import receipt_of
from votes.actions.steps import run_everything_due
from votes.models import Ballot, Cycle
from votes.record.verify import Options, Status
from votes.record.verify.receipts import FRAUD, read_heads, read_receipts

pytestmark = pytest.mark.django_db
START = 1_700_000_000
VOTES = [
    {"voter": "0x" + "b2" * 20, "vp": 2.5, "choice": {"3": 1, "12": 1, "7": 1}, "created": START + 60},
    {"voter": "0x" + "a1" * 20, "vp": 7.5, "choice": {"12": 5, "3": 0}, "created": START},
    {"voter": "0x" + "c3" * 20, "vp": 90, "choice": {"7": 0}, "created": START + 3600},
    {"voter": "0x" + "d4" * 20, "vp": 0, "choice": {"7": 1}, "created": START + 61},
]


@pytest.fixture
def imported(tmp_path: Path) -> Cycle:
    file = tmp_path / "votes.json"
    file.write_text(json.dumps(VOTES))
    call_command("import_votes", str(file), "--title", "An old vote", verbosity=0)
    run_everything_due(at=database_clock())
    return Cycle.objects.get()


@pytest.mark.parametrize("kind", ["closed", "final"])
def test_an_import_verifies_as_far_as_it_can(imported: Cycle, kind: str) -> None:
    verdict = check(file_of(imported, kind))
    assert not failed(verdict)
    assert names(verdict, Status.UNKNOWN) == ["power_source", "signatures"]
    assert {"digests", "turnout", "rule_mean", "sums"} <= set(names(verdict, Status.PASSED))
    assert not verdict.has_passed


def test_an_import_that_was_tampered_with_is_caught_without_signatures(imported: Cycle) -> None:
    lines = objects(file_of(imported, "final"))
    one = ballots(lines)[0]
    one["shares"] = one["shares"][::-1] if len(one["shares"]) > 1 else [9_999]
    assert {"digests"} <= set(failed(check(sealed_again(lines))))
    lines = objects(file_of(imported, "final"))
    holder = the(lines, "holder")
    holder["power"] = str(int(holder["power"]) + 1)
    assert {"power_list", "turnout"} <= set(failed(check(sealed_again(lines))))


def test_a_live_record_cannot_pass_for_an_import() -> None:
    """Origin stands in the rules, under their hash, so nobody strips signatures by calling a vote an import."""
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    vote(cycle)
    lines = objects(file_of(finish(cycle), "closed"))
    rules = the(lines, "rules")
    rules["json"] = rules["json"].replace('"origin":"live"', '"origin":"imported"')
    the(lines, "header")["origin"] = "imported"
    for one in ballots(lines):
        one["signature"] = None
    assert "rules_hash" in failed(check(sealed_again(lines)))


def test_the_receipt_of_a_sealed_ballot_is_found_and_its_absence_is_fraud() -> None:
    community = make_community()
    community.schedule.live_results = False
    community.schedule.save()
    cycle = make_cycle(community, opens_in=-HOUR)
    vote(cycle)
    finish(cycle)
    cycle = Cycle.objects.get(pk=cycle.pk)
    rules = cycle.announcement.rules
    receipted = receipt_of(Ballot.objects.latest("pk"), rules)
    (kept,) = read_receipts("receipt.json", json.dumps(receipted.document()).encode())
    assert kept.receipt.commitment is not None
    lines = objects(file_of(cycle, "closed"))
    assert check(sealed_again(lines), Options(workers=1, receipts=[kept])).has_passed
    lines.remove(ballot_of(lines, "bob", 2))
    verdict = check(sealed_again(lines), Options(workers=1, receipts=[kept]))
    findings = [finding.found for outcome in verdict.outcomes for finding in outcome.findings]
    assert any(found.startswith(FRAUD) for found in findings)


def test_heads_that_were_saved_from_the_api_are_met(client: Client) -> None:
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    run_everything_due(at=database_clock())
    vote(cycle)
    run_everything_due(at=database_clock() + 2 * HOUR)
    saved = client.get(f"/api/v1/cycles/{cycle.number}/heads/")
    heads = read_heads("heads.json", saved.content)
    assert {head.size for head in heads} >= {0, 4}
    record = file_of(finish(cycle), "final")
    verdict = check(record, Options(workers=1, heads=heads))
    assert verdict.has_passed, failed(verdict)
    assert "saved_heads" in names(verdict, Status.PASSED)
