"""The command: what it says, its exit status, and that it needs neither our server nor its packages."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.environments import copy_of_the_source, make_environment
from tests.records import file_of, finished_cycle, objects, sealed_again
from tests.votes.record.tampering import ballot_of, change
from votes.actions.ballots import receipt_of
from votes.actions.record_lines import text_lines
from votes.models import Ballot, Cycle
from votes.record.verify import CHECKS
from votes.record.verify.cli import main

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle() -> Cycle:
    return finished_cycle()


@pytest.fixture
def record(cycle: Cycle, tmp_path: Path) -> Path:
    path = tmp_path / "final.ndjson"
    path.write_bytes(file_of(cycle, "final"))
    return path


def receipt_file(cycle: Cycle, place: Path) -> Path:
    """A receipt as the site's receipt page offers it."""
    receipted = receipt_of(Ballot.objects.filter(cycle=cycle).latest("pk"), cycle.announcement.rules)
    place.write_text(json.dumps(receipted.document()))
    return place


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_a_right_record_says_so_with_every_check_by_number_and_name(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, words = answer(capsys, record)
    assert status == 0
    assert "this record is right" in words
    for check in CHECKS.values():
        assert f"{check.number:3} " in words
        assert f" {check.name} " in words


def test_a_wrong_record_says_what_was_expected_and_what_was_found(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = objects(record.read_bytes())
    change("result", voters=4)(lines)
    record.write_bytes(sealed_again(lines))
    status, words = answer(capsys, record)
    assert status == 1
    assert "THIS RECORD IS NOT RIGHT: 1 failed" in words
    assert "expected [3, 100000000000000000000]" in words
    assert "found    [4, 100000000000000000000]" in words


def test_what_could_not_be_checked_is_neither_right_nor_wrong(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, words = answer(capsys, record, "--skip-signatures")
    assert status == 2
    assert "2 that apply could not be made" in words


def test_a_file_that_is_not_there_or_no_receipt_is_said_in_a_line(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(record.read_bytes())[:200])
    bad.write_text('{"receipt": 5}')
    for arguments in (
        [tmp_path / "none"],
        [record, "--receipt", bad],
        [record, "--heads", record.parent / "none"],
        [record, "--rpc", "file:///etc/passwd"],
        [cut],
    ):
        status, words = answer(capsys, *arguments)
        assert status == 3
        assert words.startswith("tpp-verify: ")
        assert words.count("\n") == 1


def test_the_same_as_json_and_from_a_gzip_file(
    cycle: Cycle, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "final.ndjson.gz"
    packed.write_bytes(gzip.compress(record.read_bytes() + b"".join(text_lines(cycle))))
    receipt = receipt_file(cycle, tmp_path / "receipt.json")
    status, words = answer(capsys, packed, "--json", "--receipt", receipt)
    document: dict[str, Any] = json.loads(words)
    assert status == 0
    assert document["passed"] is True
    assert [check["number"] for check in document["checks"]] == list(range(1, 41))
    by_name = {check["name"]: check["status"] for check in document["checks"]}
    assert by_name["receipts"] == by_name["texts"] == by_name["settlement"] == "pass"


def test_a_missing_ballot_is_called_fraud_loudly(
    cycle: Cycle, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = objects(record.read_bytes())
    receipt = receipt_file(cycle, tmp_path / "receipt.json")
    lines.remove(ballot_of(lines, "bob", 2))
    record.write_bytes(sealed_again(lines))
    status, words = answer(capsys, record, "--receipt", receipt)
    assert status == 1
    assert words.splitlines()[-1].startswith("PROOF OF FRAUD: it is missing from this record.")


@pytest.mark.registry
def test_it_installs_and_verifies_without_the_server(cycle: Cycle, record: Path, tmp_path: Path) -> None:
    """In an environment that holds this package with its base dependencies, and neither Django nor web3."""
    source = copy_of_the_source(tmp_path / "source")
    python = make_environment(tmp_path / "environment", str(source))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(list(map(str, command)), cwd=elsewhere, capture_output=True, text=True, env={})

    for package in ("django", "web3", "celery", "rest_framework", "psycopg"):
        assert run(python, "-c", f"import {package}").returncode == 1
    receipt = receipt_file(cycle, tmp_path / "receipt.json")
    right = run(python.parent / "tpp-verify", record, "--receipt", receipt)
    assert (right.returncode, right.stderr) == (0, "")
    assert "this record is right" in right.stdout
    record.write_bytes(record.read_bytes().replace(b'"binding":true', b'"binding":false', 1))
    wrong = run(python.parent / "tpp-verify", record)
    assert wrong.returncode == 1
    assert "versions" in wrong.stdout
