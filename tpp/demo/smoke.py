"""The smoke run: three demo delegates vote over HTTP and the running workers do the rest."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tpp.demo.content import community
from tpp.demo.voting import sign
from votes.record.ballot import Ballot, Line
from votes.record.instants import from_iso
from votes.record.receipt import Receipt, verify_receipt
from votes.record.rules import Rules
from votes.tally import largest_line, profile, tally

PATIENCE = 60  # seconds for what the workers do after the closing
Say = Callable[[str], None]


class SmokeFailed(Exception):
    """Something did not come out as it must; the message says what."""


def run(base_url: str, say: Say = print) -> None:
    """Vote, wait, recompute. Raises SmokeFailed."""
    api = f"{base_url.rstrip('/')}/api/v1/cycles/"
    open_cycles = [cycle for cycle in _get(api)["cycles"] if cycle["phase"] == "open"]
    _must(len(open_cycles) == 1, f"{len(open_cycles)} cycles are open")
    cycle = open_cycles[0]
    number = cycle["number"]
    rules = Rules.parse(_read(f"{api}{number}/rules.json"))
    say(f"cycle {number} is open until {cycle['closes_at']}")
    for place, delegate in enumerate(sorted(community().delegates, key=lambda d: -d.power)[:3]):
        answer = _cast(api, number, rules, delegate.label, place)
        say(f"{delegate.name} voted: 201, receipt {answer['digest'][:10]}… verified")
    _refusals(api, number, rules)
    say("a forged and a cut ballot were refused by name")
    result = _wait(lambda: _get(f"{api}{number}/result/"), "a published result")
    say(f"closed and tallied by the worker: {result['voters']} voters")
    _check(api, number, rules, result)
    say("every published share and amount equals an independent tally of the public ballots")
    _wait(lambda: _get(f"{api}{number}/")["phase"] == "settled" or None, "settlement")
    say("settled")


def _cast(api: str, number: int, rules: Rules, label: str, place: int) -> dict[str, Any]:
    """Send a ballot twice: the same bytes must get the same receipt."""
    voter = next(d.address for d in community().delegates if d.label == label)
    known = _get(f"{api}{number}/voters/{voter}/")
    lines: list[Line] = []
    for contest in rules.contests:
        most = [largest_line(option, contest.bounds) for option in range(len(contest.options))]
        rest = 10_000
        for turn in range(len(most)):
            option = (place + turn) % len(most)
            share = min(rest, most[option])
            rest -= share
            if share:
                lines.append(Line(contest.programme, contest.options[option].typology, share))
    nonce = (known["newest"] or {"nonce": 0})["nonce"] + 1
    ballot = Ballot(str(number), rules.hash, voter, nonce, "A smoke run.", tuple(lines))
    body = sign(label, ballot, rules).body()
    status, answer = _post(f"{api}{number}/ballots/", body)
    _must(status == 201, f"a good ballot was answered {status}: {answer}")
    _must(_post(f"{api}{number}/ballots/", body) == (201, answer), "the same bytes got another answer")
    content = answer["receipt"]
    receipt = Receipt(
        cycle=content["cycle"],
        rules=bytes.fromhex(content["rules"][2:]),
        digest=bytes.fromhex(content["digest"][2:]),
        status=content["status"],
        received_at=from_iso(content["received_at"]),
    )
    signature = bytes.fromhex(answer["signature"][2:])
    _must(verify_receipt(rules.receipt_key, receipt, signature), "a receipt's signature does not hold")
    return answer


def _refusals(api: str, number: int, rules: Rules) -> None:
    first, second = community().delegates[:2]
    forged = sign(first.label, Ballot(str(number), rules.hash, second.address, 2**40, "", ()), rules).body()
    for body, name in ((forged, "bad_signature"), (forged[:-20], "malformed")):
        status, answer = _post(f"{api}{number}/ballots/", body)
        _must(400 <= status < 500 and answer["refusal"] == name, f"{name} expected, got {status} {answer}")


def _check(api: str, number: int, rules: Rules, result: dict[str, Any]) -> None:
    """Tally the public ballots with pure Python and compare with what was published."""
    ballots = [ballot for ballot in _all_ballots(api, number) if ballot["replaced_by"] is None]
    power = {
        voter: int(_get(f"{api}{number}/voters/{voter}/")["power"]) for voter in {b["voter"] for b in ballots}
    }
    for contest in rules.contests:
        places = {option.typology: place for place, option in enumerate(contest.options)}
        votes = [
            (
                power[ballot["voter"]],
                _shares(ballot, contest.programme, places),
            )
            for ballot in ballots
        ]
        counted = profile([vote for vote in votes if vote[1]], len(places))
        published = next(
            row for row in result["contests"] if row["programme"] == contest.programme and row["is_binding"]
        )
        outcome = tally(contest.rule, counted, contest.bounds, contest.budget)
        shares = tuple(Fraction(option["share"]) for option in published["options"])
        amounts = tuple(int(option["amount"]) for option in published["options"])
        _must(shares == outcome.shares, f"{contest.name}: shares {shares}, expected {outcome.shares}")
        _must(amounts == outcome.amounts, f"{contest.name}: amounts {amounts}, expected {outcome.amounts}")


def _shares(ballot: dict[str, Any], programme: str, places: dict[str, int]) -> dict[int, int]:
    lines = [line for line in ballot["lines"] if line["programme"] == programme]
    return {places[line["typology"]]: line["basisPoints"] for line in lines}


def _all_ballots(api: str, number: int) -> list[dict[str, Any]]:
    ballots: list[dict[str, Any]] = []
    address: str | None = f"{api}{number}/ballots/"
    root = api.split("/api/")[0]
    while address:
        page = _get(address)
        ballots += page["ballots"]
        address = page["next"] and root + page["next"]
    return ballots


def _wait(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if answer := ask():
                return answer
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
        time.sleep(0.5)
    raise SmokeFailed(f"{what} did not come within {PATIENCE} seconds")


def _read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310 (our own loopback address)
        data: bytes = response.read()
        return data


def _get(address: str) -> Any:
    return json.loads(_read(address))


def _post(address: str, body: bytes) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SmokeFailed(otherwise)
