"""Every "no" of the server to a ballot, met on the ballot page: in words that say what to do, the draft still there.

The server really refuses: because of what happened while the page was open, or because what the page sends is
changed on its way.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.composing import add_programmes, give_wallet
from tests.conftest import _connect_as_superuser
from tests.factories import make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle
from votes.models import Ballot, Cycle
from votes.record.ballot import Submission
from votes.refusals import _WORDS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVEN = {"growth": {"lending": 5000, "exchanges": 5000}}


@dataclass
class Scene:
    """A ballot page that is filled in and waits at the review, and what can happen to it."""

    page: Page
    cycle: Cycle

    def cast(self, count: int = 1) -> None:
        for nonce in range(1, count + 1):
            submission = signed("alice", self.cycle, EVEN, nonce=nonce)
            cast_ballot(number=self.cycle.number, submission=submission, at=database_clock())

    def close(self) -> None:
        assert close_cycle(cycle_id=self.cycle.pk, at=self.cycle.closes_at)

    def sql(self, statement: str) -> None:
        """Let what takes hours have happened."""
        with _connect_as_superuser() as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute(statement)

    def opens_later(self) -> None:
        self.sql("UPDATE votes_cycle SET opens_at = now() + interval '1 hour'")

    def cancelled(self) -> None:
        self.sql(
            "INSERT INTO votes_cancellation (cycle_id, cancelled_at, reason, actor)"
            " SELECT id, now(), 'A fault.', '' FROM votes_cycle"
        )

    def tamper(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what the page sends."""

        def send(route: Route) -> None:
            body = json.loads(route.request.post_data or "")
            change(body)
            route.continue_(post_data=json.dumps(body))

        self.page.route("**/api/v1/cycles/*/ballots/", send)

    def lines(self, *shares: tuple[str, int]) -> None:
        made = [{"programme": "growth", "typology": name, "basisPoints": share} for name, share in shares]
        self.tamper(lambda body: body["ballot"].update(lines=made))

    def three_wait(self) -> None:
        """Anybody can send what a contract wallet might confirm; here somebody has, as often as may be."""
        for number in range(4):
            ballot = signed("alice", self.cycle, EVEN).ballot
            answer = Client().post(
                f"/api/v1/cycles/{self.cycle.number}/ballots/",
                Submission(ballot, bytes([number])).body(),
                content_type="application/json",
            )
            assert answer.status_code == 202
        self.forge()

    def forge(self) -> None:
        self.tamper(lambda body: body.update(signature="0x" + "11" * 64 + "1b"))


CASES: dict[str, tuple[Callable[[Scene], object], str]] = {
    "not_open_yet": (Scene.opens_later, "Voting has not opened yet"),
    "closed": (Scene.close, "Voting closed before this ballot came in"),
    "cycle_cancelled": (Scene.cancelled, "This cycle was cancelled"),
    "unknown_rules": (
        lambda scene: scene.tamper(lambda body: body["ballot"].update(rules="0x" + "ab" * 32)),
        "Load the page again",
    ),
    "bad_signature": (Scene.forge, "Press the button again and sign with the wallet whose ballot it is"),
    "lines_do_not_sum": (
        lambda scene: scene.lines(("lending", 5000), ("exchanges", 4000)),
        "must give exactly 10,000 basis points (100 %)",
    ),
    "over_cap": (
        lambda scene: scene.lines(("lending", 6000), ("exchanges", 4000)),
        "lending may get at most",
    ),
    "unknown_option": (
        lambda scene: scene.lines(("nothing", 5000), ("exchanges", 5000)),
        "growth has no option nothing in this cycle. Load the page again",
    ),
    "duplicate_line": (
        lambda scene: scene.lines(("exchanges", 5000), ("exchanges", 5000)),
        "exchanges of growth stands on the ballot twice",
    ),
    "malformed": (lambda scene: scene.tamper(lambda body: body.update(more=1)), "Load the page again"),
    "stale_nonce": (Scene.cast, "Another ballot of yours came in meanwhile"),
    "too_many_ballots": (lambda scene: scene.cast(20), "At most 20 ballots per voter"),
    "too_many_waiting": (Scene.three_wait, "already wait for its wallet to confirm them"),
    "no_power_at_snapshot": (
        lambda scene: scene.sql("DELETE FROM power_snapshotpower"),
        "had no voting power when it was frozen",
    ),
}
# What happens while the lines are filled in; all else happens at the review.
EARLIER = {"too_many_ballots"}


def test_no_refusal_is_forgotten_here() -> None:
    """All but that of a cycle that never was, and the verdicts, which stand on the page of a ballot that waited."""
    assert _WORDS.keys() - CASES.keys() == {"unknown_cycle", "not_confirmed", "undecided"}


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_is_told_and_the_draft_stays(
    live_server: LiveServer, page: Page, settings: Settings, name: str
) -> None:
    happens, words = CASES[name]
    settings.TPP_RPC_URLS = ["http://127.0.0.1:1"] if name == "too_many_waiting" else []
    community = make_community()
    add_programmes(community, [3])
    scene = Scene(page, make_cycle(community))
    page.set_default_timeout(10_000)
    give_wallet(page)
    page.goto(f"{live_server.url}/cycles/{scene.cycle.number}/ballot/")
    expect(page.locator("#sign")).to_be_visible()
    fields = {"Lending": "12.5", "Exchanges": "87.5"}
    for option, share in fields.items():
        page.get_by_role("textbox", name=option).first.fill(share)
    page.get_by_label("Your reason").fill("Depth that stays.")
    if name in EARLIER:
        happens(scene)
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("button", name="Sign in my wallet")).to_be_visible()
    if name not in EARLIER:
        happens(scene)
    before = Ballot.objects.count()
    page.get_by_role("button", name="Sign in my wallet").click()
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text(words)
    expect(trouble).to_contain_text(f"({name})")
    assert "nonce" not in trouble.inner_text().replace("stale_nonce", "")
    assert Ballot.objects.count() == before
    for option, share in fields.items():
        expect(page.get_by_role("textbox", name=option).first).to_have_value(share)
    expect(page.get_by_label("Your reason")).to_have_value("Depth that stays.")
    kept = page.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('tpp-draft'))")
    assert "87.5" in json.dumps(kept)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tpp-unsent'))") == []


def test_after_another_tab_the_same_button_sends_it(live_server: LiveServer, page: Page) -> None:
    """What the words of `stale_nonce` say is so."""
    community = make_community()
    add_programmes(community, [3])
    scene = Scene(page, make_cycle(community))
    page.set_default_timeout(10_000)
    give_wallet(page)
    page.goto(f"{live_server.url}/cycles/{scene.cycle.number}/ballot/")
    expect(page.locator("#sign")).to_be_visible()
    page.get_by_role("textbox", name="Exchanges").first.fill("100")
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("button", name="Sign in my wallet")).to_be_visible()
    scene.cast()
    page.get_by_role("button", name="Sign in my wallet").click()
    expect(page.locator("#trouble")).to_contain_text("came in meanwhile")
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_role("button", name="Sign in my wallet").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This ballot is in")
    assert [ballot.nonce for ballot in Ballot.objects.order_by("nonce")] == [1, 2]
