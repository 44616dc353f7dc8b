"""What the whole way to a signed ballot weighs, as a production server sends it."""

from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, Response, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.composing import give_wallet, open_cycle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_fifty_options_with_every_dialog_and_a_signature_weigh_little(
    live_server: LiveServer, page: Page, settings: Settings, tmp_path: Path
) -> None:
    """Pages and answers as they are; static files as `collectstatic` leaves them: gzip where that is smaller."""
    page.set_default_timeout(10_000)
    weights: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        name = answer.url.removeprefix(live_server.url)
        weights[name] = weights.get(name, 0) + len(answer.body())

    page.on("response", weigh)
    give_wallet(page)
    cycle = open_cycle((50,))
    page.goto(f"{live_server.url}/cycles/{cycle.number}/ballot/")
    expect(page.locator("#sign")).to_be_visible()
    lines = page.locator("input.pct")
    expect(lines).to_have_count(50)
    for at, share in enumerate(["8"] * 11 + ["12"]):
        lines.nth(at).fill(share)
    page.get_by_label("Your reason").fill("Depth that stays.")
    for name in ("a spreadsheet…", "Rank instead…", "Keys", "Sign in another place…"):
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
    with page.expect_response("**/effect/"):
        page.get_by_role("button", name="What would it change?").first.click()
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")

    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", "--no-input", verbosity=0)
    sent = {}
    for name, plain in weights.items():
        if name.startswith("/static/"):
            file = tmp_path / name.removeprefix("/static/")
            packed = file.with_name(f"{file.name}.gz")
            assert plain == file.stat().st_size
            sent[name] = (packed if packed.exists() else file).stat().st_size
        else:
            sent[name] = plain
    assert {
        f"/static/js/composer/{part}.js" for part in ("signing", "review", "elsewhere", "ranking")
    } <= set(sent)
    assert "/static/js/crypto/secp256k1.js" in sent
    assert sum(sent.values()) <= 150_000, sent
