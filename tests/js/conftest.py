"""Chromium on a page of a small loopback server that serves static/js, under the site's strict CSP."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

STATIC = Path(__file__).parents[2] / "static"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PEOPLE = """[
 {"label": "river", "name": "River Castellan", "note": "delegate, 26.1 M ZK"},
 {"label": "brook", "name": "Brook Ostrander", "note": "delegate, 1.2 M ZK"},
 {"label": "söréñ", "name": "Sören </script> Ñuñez", "note": "builder"}
]""".replace("</", "<\\/")
PAGES = {
    "/favicon.ico": "",
    "/plain": "<!doctype html><html lang=en><title>Plain</title><p>Nothing here.</p></html>",
    "/demo": f"""<!doctype html><html lang=en><title>Demo</title><button id=cast>Sign once</button>
<script type="application/json" id="demo-people">{PEOPLE}</script>
<script type="module" src="/js/demo-wallet.js" data-chain-id="324"></script></html>""",
}

T = TypeVar("T")
InBrowser = Callable[[Callable[[Page], T]], T]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium")


class Handler(SimpleHTTPRequestHandler):
    """Serves the pages above and static/."""

    def do_GET(self) -> None:
        if self.path not in PAGES:
            return super().do_GET()
        page = PAGES[self.path].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        return None

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'; img-src 'self' data:")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(STATIC)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def chromium_path() -> str:
    found = shutil.which("chromium") or shutil.which("/usr/bin/chromium")
    if found is None:
        reason = "Chromium is not installed: no `chromium` on the PATH, nothing at /usr/bin/chromium."
        if "browser" in os.environ.get("TPP_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser_thread() -> Iterator[tuple[ThreadPoolExecutor, Browser]]:
    """Chromium, driven from a thread of its own: two playwrights cannot share one."""
    path = chromium_path()
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        browser = thread.submit(lambda: playwright.chromium.launch(executable_path=path, args=ARGS)).result()
        yield thread, browser
        thread.submit(browser.close).result()
        thread.submit(playwright.stop).result()


@pytest.fixture
def in_browser(browser_thread: tuple[ThreadPoolExecutor, Browser], site: str) -> Iterator[InBrowser[Any]]:
    """Runs a function of a fresh page, which must end without an error in the console."""
    thread, browser = browser_thread
    complaints: list[str] = []

    def run(act: Callable[[Page], T]) -> T:
        with browser.new_context(base_url=site) as context:
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on(
                "console",
                lambda message: complaints.append(message.text) if message.type == "error" else None,
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return act(page)

    yield lambda act: thread.submit(run, act).result()
    assert complaints == []
