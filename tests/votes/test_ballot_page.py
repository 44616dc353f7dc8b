"""The ballot page in a real browser: budgets that a vote over all programmes decides."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.contests import with_meta
from tests.factories import make_cycle
from votes.models import ScheduledContest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_shares_are_shown_where_no_amount_is_known_and_caps_as_they_are_typed(
    live_server: LiveServer, page: Page
) -> None:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    community = with_meta()
    ScheduledContest.objects.filter(programme__slug="ignite").update(floor=1_000, cap=5_500)
    cycle = make_cycle(community)
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    over_all = page.locator("section", has=page.get_by_role("heading", name="All programmes"))
    over_all.get_by_role("textbox", name="Ignite").fill("51")
    expect(over_all.get_by_text("At most 50 % can go here")).to_be_visible()
    over_all.get_by_role("textbox", name="Ignite").fill("50")
    over_all.get_by_role("button", name="give the rest evenly").click()
    expect(over_all.get_by_text("555 TST, 55 % of the budget")).to_be_visible()
    expect(over_all.get_by_text("complete")).to_be_visible()
    ignite = page.locator("section", has=page.get_by_role("heading", name="Ignite"))
    ignite.get_by_role("textbox", name="Lending").fill("60")
    expect(ignite.get_by_text("60 % of the budget")).to_be_visible()
    expect(ignite.get_by_text("40 % left")).to_be_visible()
    expect(ignite.get_by_text("TST")).to_have_count(0)
    assert troubles == []
