"""Checking a record on its page, in a real browser under the site's own Content-Security-Policy."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Page, Response, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.records import file_of, finished_cycle, objects, sealed_again
from tests.votes.record.tampering import ballot_of, move_a_unit
from votes.models import Ballot, Cycle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def cycle() -> Cycle:
    return finished_cycle()


@pytest.fixture
def record(live_server: LiveServer, page: Page, cycle: Cycle) -> Iterator[Page]:
    """The record's page, on which nothing may complain."""
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{live_server.url}/cycles/1/record/")
    page.set_default_timeout(20_000)
    yield page
    assert complaints == []


def check(page: Page) -> None:
    page.get_by_role("button", name="Check this record").click()
    expect(page.get_by_role("status")).not_to_have_text("Checking …", timeout=20_000)


def found(page: Page, name: str) -> Any:
    return page.locator(f'#checks [data-check="{name}"]')


def upload(page: Page, label: str, name: str, data: bytes) -> None:
    page.get_by_text("A file that I have, receipts, saved tree heads").click()
    page.get_by_label(label).set_input_files({"name": name, "mimeType": "application/json", "buffer": data})


def test_the_published_record_passes_check_by_check(record: Page) -> None:
    check(record)
    status = record.get_by_role("status")
    expect(status).to_contain_text("Every check that applies passed: this record is right.")
    expect(status).to_contain_text("Cycle 1, final record, 4 ballots")
    expect(status).to_contain_text("byte for byte the one whose SHA-256 stands above")
    assert record.locator("#checks > li").count() == 40
    expect(found(record, "signatures").locator("b")).to_have_text("Passed")
    expect(found(record, "receipts").locator("b")).to_have_text("Does not apply")
    expect(record.get_by_role("button", name="Stop")).to_be_hidden()


def test_a_tampered_file_fails_with_what_was_expected_and_found(record: Page, cycle: Cycle) -> None:
    lines = objects(file_of(cycle, "final"))
    move_a_unit(lines)
    upload(record, "A record on this device", "mine.ndjson", sealed_again(lines))
    check(record)
    expect(record.get_by_role("status")).to_contain_text("This record is not right: ")
    expect(record.get_by_role("status")).to_contain_text("none of those that stand above")
    expect(found(record, "rounding")).to_contain_text("expected")
    expect(found(record, "rounding").locator("b")).to_have_text("Failed")
    expect(found(record, "sums").locator("b")).to_have_text("Passed")


def test_a_receipt_is_looked_for_and_proves_fraud_where_its_ballot_is_missing(
    record: Page, cycle: Cycle
) -> None:
    ballot = Ballot.objects.get(
        cycle=cycle, voter=ballot_of(objects(file_of(cycle, "final")), "carol")["voter"]
    )
    receipt = Client().get(ballot.get_absolute_url() + "receipt.json").content
    upload(record, "Receipts: is their ballot", "receipt.json", receipt)
    check(record)
    expect(found(record, "receipts").locator("b")).to_have_text("Passed")
    lines = copy.deepcopy(objects(file_of(cycle, "final")))
    lines.remove(ballot_of(lines, "carol"))
    data = {"name": "other.ndjson", "mimeType": "application/json", "buffer": sealed_again(lines)}
    record.get_by_label("A record on this device").set_input_files(data)  # type: ignore[arg-type]
    check(record)
    expect(found(record, "receipts")).to_contain_text("PROOF OF FRAUD")


def test_what_is_no_receipt_is_said_and_nothing_is_sent_to_the_server(record: Page) -> None:
    sent: list[str] = []
    record.on("request", lambda request: sent.append(request.method))
    upload(record, "Receipts: is their ballot", "shopping.json", json.dumps(["milk"]).encode())
    check(record)
    expect(record.get_by_role("status")).to_contain_text("shopping.json holds no receipt")
    assert set(sent) <= {"GET"}


def test_it_can_be_stopped_and_begun_again(record: Page) -> None:
    record.evaluate("document.querySelector('#verify-record option').value = '/nowhere/'")
    record.route("**/nowhere/", lambda route: None)  # never answered
    record.get_by_role("button", name="Check this record").click()
    record.get_by_role("button", name="Stop").click()
    expect(record.get_by_role("status")).to_contain_text("Stopped.")
    record.reload()
    check(record)
    expect(record.get_by_role("status")).to_contain_text("this record is right")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_page_reads_well_before_and_after_a_check(
    record: Page, cycle: Cycle, scheme: Any, width: int
) -> None:
    record.emulate_media(color_scheme=scheme)
    record.set_viewport_size({"width": width, "height": 800})
    lines = objects(file_of(cycle, "final"))
    move_a_unit(lines)
    upload(record, "A record on this device", "mine.ndjson", sealed_again(lines))
    for is_checked in (False, True):
        if is_checked:
            check(record)
        report = Axe().run(record)
        assert report.violations_count == 0, report.generate_report()
        assert record.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_the_command_is_there(live_server: LiveServer, cycle: Cycle) -> None:
    page = Client().get("/cycles/1/record/").content.decode()
    assert "This needs JavaScript." in page
    assert "tpp-verify final.ndjson" in page


def test_the_page_weighs_little_also_with_the_verifier_that_comes_when_somebody_checks(
    live_server: LiveServer, page: Page, cycle: Cycle, settings: Settings, tmp_path: Path
) -> None:
    """As opened, every byte is counted; with the verifier, as it is sent: collected static files go as gzip."""
    sizes: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        sizes[answer.url.removeprefix(live_server.url)] = len(answer.body())

    page.on("response", weigh)
    page.goto(f"{live_server.url}/cycles/1/record/", wait_until="networkidle")
    assert "/static/js/verify/page.js" in sizes
    assert "/static/js/verify/run.js" not in sizes
    assert sum(sizes.values()) <= 75_000, sizes
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", "--no-input", verbosity=0)
    names = {name.removeprefix("/static/") for name in sizes if name.startswith("/static/")}
    for part in ("js/verify", "js/crypto"):
        names |= {f"{part}/{file.name}" for file in (tmp_path / part).glob("*.js")}
    sent = sum(
        (tmp_path / f"{name}.gz").stat().st_size for name in names if (tmp_path / f"{name}.gz").exists()
    )
    assert len(names) >= 30
    assert sizes["/cycles/1/record/"] + sent <= 100_000
