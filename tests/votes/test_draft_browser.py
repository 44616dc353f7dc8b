"""Drafts in real browsers: two devices, two tabs, no network, no session; and the banner *not sent*."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from journal.clock import database_clock
from tests.factories import make_community, make_cycle, signed, wallet
from votes.actions.ballots import cast_ballot
from votes.models import Cycle, Draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What a page does with a draft, in a few words: it types, and writes down what it hears.
OPEN = """async () => {
    const { openDraft } = await import('/static/js/drafts.js');
    const data = JSON.parse(document.getElementById('ballot-data').textContent);
    window.draft = openDraft(data);
    window.heard = [];
    for (const name of ['saved', 'offline', 'conflict', 'changed', 'signed-out', 'refused'])
        window.draft.addEventListener(name, (event) => {
            window.heard.push([name, event.detail]);
            if (name === 'changed' && window.shows) event.preventDefault();
        });
    return await window.draft.load();
}"""
TYPE = "(share) => draft.save({lines: {'ignite/lending': share}, locked: [], reason: ''})"


@pytest.fixture
def cycle() -> Cycle:
    return make_cycle(make_community())


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, cycle: Cycle) -> Visit:
    """A page of the ballot in a browser of its own, signed in as `name`, or as nobody."""

    def open_page(name: str | None = None, context: BrowserContext | None = None) -> Page:
        own = context or browser.new_context(base_url=live_server.url)
        # the page's own script keeps a draft too: here there is to be one alone
        own.route("**/js/ballot.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        if name is not None:
            client = Client()
            client.force_login(wallet(name), backend="accounts.backends.WalletBackend")
            own.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
        page = own.new_page()
        page.goto(f"/cycles/{cycle.number}/ballot/")
        return page

    return open_page


def shares(page: Page) -> Any:
    """Load the draft; what its lines are, None where there is none."""
    return (page.evaluate(OPEN) or {}).get("lines")


def wait_for(page: Page, name: str, count: int = 1) -> Any:
    """The details of the `count`-th event of this name."""
    page.wait_for_function("([name, n]) => heard.filter((h) => h[0] === name).length >= n", arg=[name, count])
    found = page.evaluate("(name) => heard.filter((h) => h[0] === name)", name)
    return list(found or [])[count - 1][1]


def stored() -> Any:
    return (Draft.objects.get().content or {})["lines"]


def test_a_second_device_sees_the_draft_and_a_conflict_overwrites_nothing(visit: Visit) -> None:
    laptop, phone = visit("alice"), visit("alice")
    assert shares(laptop) is None
    laptop.evaluate(TYPE, "60")
    assert wait_for(laptop, "saved")["where"] == "server"
    assert shares(phone) == {"ignite/lending": "60"}
    laptop.evaluate(TYPE, "61")
    wait_for(laptop, "saved", 2)
    phone.evaluate(TYPE, "70")
    theirs = wait_for(phone, "conflict")["theirs"]
    assert theirs["content"]["lines"] == {"ignite/lending": "61"}
    phone.evaluate(TYPE, "71")
    phone.wait_for_timeout(1200)
    assert stored() == {"ignite/lending": "61"}
    phone.evaluate("draft.keepMine()")
    wait_for(phone, "saved", 2)
    assert stored() == {"ignite/lending": "71"}
    laptop.evaluate(TYPE, "50")
    wait_for(laptop, "conflict")
    assert laptop.evaluate("draft.takeTheirs()")["lines"] == {"ignite/lending": "71"}
    laptop.evaluate(TYPE, "51")
    wait_for(laptop, "saved", 4)  # one told that theirs is saved
    assert stored() == {"ignite/lending": "51"}


def test_two_tabs_follow_each_other_where_the_page_shows_it(visit: Visit) -> None:
    first = visit("alice")
    second = visit(context=first.context)
    assert shares(first) is shares(second) is None
    second.evaluate("window.shows = true")
    first.evaluate(TYPE, "60")
    wait_for(first, "saved")
    assert wait_for(second, "changed")["content"]["lines"] == {"ignite/lending": "60"}
    second.evaluate(TYPE, "61")
    wait_for(second, "saved")
    assert stored() == {"ignite/lending": "61"}
    first.evaluate(TYPE, "62")  # this page never showed the 61
    assert wait_for(first, "conflict")["theirs"]["content"]["lines"] == {"ignite/lending": "61"}
    assert stored() == {"ignite/lending": "61"}


def test_without_network_it_waits_in_the_browser_and_is_sent_later(visit: Visit) -> None:
    page = visit("alice")
    shares(page)
    page.evaluate(TYPE, "10")
    wait_for(page, "saved")
    page.context.set_offline(True)
    page.evaluate(TYPE, "20")
    wait_for(page, "offline")
    assert stored() == {"ignite/lending": "10"}
    page.context.set_offline(False)
    wait_for(page, "saved", 2)
    assert stored() == {"ignite/lending": "20"}


def test_what_was_typed_without_network_survives_the_tab(visit: Visit) -> None:
    page = visit("alice")
    shares(page)
    page.context.set_offline(True)
    page.evaluate(TYPE, "20")
    wait_for(page, "offline")
    page.close()
    context = page.context
    context.set_offline(False)
    again = visit(context=context)
    assert shares(again) == {"ignite/lending": "20"}
    wait_for(again, "saved")
    assert stored() == {"ignite/lending": "20"}


def test_an_ended_session_costs_nothing_that_was_typed(visit: Visit) -> None:
    page = visit("alice")
    shares(page)
    page.evaluate(TYPE, "30")
    wait_for(page, "saved")
    Session.objects.all().delete()
    page.evaluate(TYPE, "31")
    wait_for(page, "signed-out")
    page.reload()
    assert shares(page) == {"ignite/lending": "31"}
    expect(page.locator("#not-sent")).to_be_visible()
    page.evaluate(TYPE, "32")
    again = visit("alice", page.context)
    assert shares(again) == {"ignite/lending": "32"}
    wait_for(again, "saved")
    assert stored() == {"ignite/lending": "32"}


def test_a_page_that_goes_away_still_sends_what_was_typed(visit: Visit, live_server: LiveServer) -> None:
    page = visit("alice")
    shares(page)
    page.evaluate(TYPE, "1")
    wait_for(page, "saved")
    page.evaluate(TYPE, "2")
    page.goto("/cycles/")
    expect(page.locator("#not-sent")).to_be_visible()
    page.wait_for_timeout(500)
    assert stored() == {"ignite/lending": "2"}


def test_another_wallet_in_the_same_browser_does_not_meet_the_draft(visit: Visit) -> None:
    page = visit("alice")
    shares(page)
    page.evaluate(TYPE, "40")
    wait_for(page, "saved")
    page.route("**/draft/", lambda route: route.abort())
    page.evaluate(TYPE, "41")
    wait_for(page, "offline")
    bobs = visit("bob", page.context)
    assert shares(bobs) is None
    page.unroute("**/draft/")
    page.evaluate("draft.flush()")
    wait_for(page, "signed-out")  # the session is Bob's now
    assert not Draft.objects.of(wallet("bob")).exclude(content=None).exists()
    page.close()
    alices = visit("alice", bobs.context)
    assert shares(alices) == {"ignite/lending": "41"}


def test_nobody_signed_in_keeps_the_draft_in_the_browser_and_is_told(visit: Visit) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shares(page)
    page.evaluate(TYPE, "55")
    assert wait_for(page, "saved")["where"] == "browser"
    assert not [url for url in asked if "/draft/" in url]
    page.goto("/forum/")
    banner = page.locator("#not-sent")
    expect(banner).to_contain_text("Not sent.")
    expect(banner).to_contain_text(re.compile(r"closes in \d+:\d\d h"))
    banner.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/cycles/\d+/ballot/$"))
    signed_in = visit("alice", page.context)
    assert shares(signed_in) == {"ignite/lending": "55"}
    wait_for(signed_in, "saved")
    assert stored() == {"ignite/lending": "55"}


def test_the_banner_stands_on_every_page_until_the_ballot_is_in(visit: Visit, cycle: Cycle) -> None:
    page = visit("alice")
    shares(page)
    expect(page.locator("#not-sent")).to_be_hidden()
    page.evaluate(TYPE, "60")
    expect(page.locator("#not-sent")).to_be_visible()
    wait_for(page, "saved")
    elsewhere = visit("alice")  # another device, whose browser knows nothing
    for path in ("/", "/programmes/ignite/", f"/cycles/{cycle.number}/", "/uptake/"):
        elsewhere.goto(path)
        expect(elsewhere.locator("#not-sent")).to_be_visible()
    cast_ballot(number=cycle.number, submission=signed("alice", cycle), at=database_clock())
    elsewhere.reload()
    expect(elsewhere.locator("#not-sent")).to_be_hidden()
    page.evaluate("draft.forget()")
    expect(page.locator("#not-sent")).to_be_hidden()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tpp-draft'))") == []
    page.reload()
    assert shares(page) is None


def test_signing_out_leaves_nothing_behind(visit: Visit) -> None:
    page = visit("alice")
    shares(page)
    page.evaluate(TYPE, "60")
    wait_for(page, "saved")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert "lending" not in json.dumps(page.evaluate("({...localStorage})"))
