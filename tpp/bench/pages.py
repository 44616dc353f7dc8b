"""The demo's pages under load: 16 clients at once, for readers without an account and for those signed in."""

import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from chain.signing import address_of, demo_key, personal_digest, sign_digest
from tpp import setup
from tpp.bench.figures import say
from tpp.demo.content import community
from tpp.demo.launcher import start_site
from tpp.processes import Stack, reserve_port, scratch

CLIENTS = 16
SECONDS = 8.0
PAGES = ("/", "/cycles/11/result/", "/programmes/ignite/", "/cycles/12/ballot/")
ANSWERS = ("/api/v1/cycles/11/result/",)


def run() -> None:
    say(f"{CLIENTS} clients, {SECONDS:.0f} s a page, load generator on the same cores")
    with scratch(setup.ROOT / ".test") as state, Stack(state) as stack:
        site = start_site(stack, reserve_port(), ("--voting-seconds", "3600"))
        labels = [person.label for person in community().delegates][:CLIENTS]
        sessions = [sign_in(site, label) for label in labels]
        for path in PAGES + ANSWERS:
            measure(site, path, "", [{}] * CLIENTS)
        for path in PAGES:
            measure(
                site,
                path,
                f", {len(sessions)} delegates signed in",
                [{"Cookie": sessions[number % len(sessions)]} for number in range(CLIENTS)],
            )


def measure(site: str, path: str, whose: str, clients: list[dict[str, str]]) -> None:
    """One row. `clients`: the headers that each of them sends."""
    _load(site, path, clients, 1.0)  # warm
    took = sorted(_load(site, path, clients, SECONDS))
    p50, p95 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.95))
    say(f"| {path}{whose} | {len(took) / SECONDS:.0f}/s | p50 {p50:.0f} ms | p95 {p95:.0f} ms |")


def _load(site: str, path: str, clients: list[dict[str, str]], seconds: float) -> list[float]:
    """How long each answer took [s]."""
    deadline = time.perf_counter() + seconds

    def client(headers: dict[str, str]) -> list[float]:
        connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=30)
        took = []
        while (started := time.perf_counter()) < deadline:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.client.OK or (headers and b"Sign out" not in body):
                raise RuntimeError(f"{path} answered {answer.status}, or somebody else's page")
            took.append(time.perf_counter() - started)
        connection.close()
        return took

    with ThreadPoolExecutor(len(clients)) as threads:
        return [each for took in threads.map(client, clients) for each in took]


def sign_in(site: str, label: str) -> str:
    """The cookies of a demo person who signs in as a browser would."""
    key, cookies = demo_key(label), dict[str, str]()
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=30)

    def ask(method: str, path: str, sent: dict[str, object] | None = None, token: str = "") -> str:
        headers = {"Cookie": _as_header(cookies), "X-CSRFToken": token, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(sent) if sent is not None else None, headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path} answered {answer.status}: {body}")
        for value in answer.headers.get_all("Set-Cookie", []):
            name, _, rest = value.partition("=")
            cookies[name] = rest.partition(";")[0]
        return body

    found = re.search(r'name="csrf-token" content="(\w+)"', ask("GET", "/sign-in/"))
    assert found
    given = {"address": address_of(key), "chainId": 1}
    text = json.loads(ask("POST", "/sign-in/message/", given, found[1]))["text"]
    signature = sign_digest(key, personal_digest(text))
    ask("POST", "/sign-in/finish/", {"signature": "0x" + signature.hex()}, found[1])
    cookies.pop("just_wrote", None)  # a few seconds later
    connection.close()
    return _as_header(cookies)


def _as_header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
