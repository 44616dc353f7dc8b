"""The smoke run: three demo delegates vote over HTTP and the running workers do the rest."""

import time
import urllib.error
from collections.abc import Callable
from fractions import Fraction
from http import HTTPStatus
from typing import Any

from tpp.demo.client import Api
from tpp.demo.content import community
from tpp.demo.voting import sign
from votes.record.ballot import Ballot, Line
from votes.record.instants import from_iso
from votes.record.receipt import Receipt, verify_receipt
from votes.record.rules import ContestRules, Rules
from votes.tally import largest_line, profile, tally

PATIENCE = 60  # seconds for what the workers do after the closing
Say = Callable[[str], None]


class SmokeFailed(Exception):
    """Something did not come out as it must; the message says what."""


def run(base_url: str, say: Say = print) -> None:
    """Vote, wait, recompute. Raises SmokeFailed."""
    api = Api(base_url)
    number = api.open_cycle()
    if number is None:
        raise SmokeFailed("no cycle is open")
    rules = api.rules(number)
    say(f"cycle {number} is open until {rules.instants.closes_at:%H:%M:%S} UTC")
    for place, delegate in enumerate(sorted(community().delegates, key=lambda d: -d.power)[:3]):
        answer = _cast(api, number, rules, delegate.label, delegate.address, place)
        say(f"{delegate.name} voted: 201, receipt {answer['digest'][:10]}… verified")
    _check_refusals(api, number, rules)
    say("a forged and a cut ballot were refused by name")
    result = _wait(lambda: api.get(f"{number}/result/"), "a published result")
    say(f"closed and tallied by the worker: {result['voters']} voters")
    _check_result(api, number, rules, result)
    say("every published share and amount equals an independent tally of the public ballots")
    _wait(lambda: api.get(f"{number}/")["phase"] == "settled", "settlement")
    say("settled")


def _cast(api: Api, number: int, rules: Rules, label: str, voter: str, place: int) -> dict[str, Any]:
    """Send a ballot twice: the same bytes must get the same receipt."""
    nonce = (api.newest_nonce(number, voter) or 0) + 1
    lines = tuple(line for contest in rules.contests for line in _greedy(contest, place))
    body = sign(label, Ballot(str(number), rules.hash, voter, nonce, "A smoke run.", lines), rules).body()
    status, answer = api.send(number, body)
    _must(status == HTTPStatus.CREATED, f"a good ballot was answered {status}: {answer}")
    _must(api.send(number, body) == (status, answer), "the same bytes got another answer")
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


def _greedy(contest: ContestRules, place: int) -> list[Line]:
    """As much as its cap allows to the option at `place`, then to those after it."""
    lines, rest = [], 10_000
    for turn in range(len(contest.options)):
        option = (place + turn) % len(contest.options)
        share = min(rest, largest_line(option, contest.bounds))
        if share:
            lines.append(Line(contest.programme, contest.options[option].typology, share))
        rest -= share
    return lines


def _check_refusals(api: Api, number: int, rules: Rules) -> None:
    first, second = community().delegates[:2]
    forged = sign(first.label, Ballot(str(number), rules.hash, second.address, 2**40, "", ()), rules).body()
    for body, name in ((forged, "bad_signature"), (forged[:-20], "malformed")):
        status, answer = api.send(number, body)
        refused = 400 <= status < 500 and answer["refusal"] == name
        _must(refused, f"{name} expected, got {status} {answer}")


def _check_result(api: Api, number: int, rules: Rules, result: dict[str, Any]) -> None:
    """Tally the public ballots with pure Python and compare with what was published."""
    ballots = [ballot for ballot in api.ballots(number) if ballot["replaced_by"] is None]
    voters = {ballot["voter"] for ballot in ballots}
    power = {voter: int(api.get(f"{number}/voters/{voter}/")["power"]) for voter in voters}
    for contest in rules.contests:
        places = {option.typology: place for place, option in enumerate(contest.options)}
        votes = [(power[ballot["voter"]], _shares(ballot, contest.programme, places)) for ballot in ballots]
        counted = profile([vote for vote in votes if vote[1]], len(places))
        published = next(
            row for row in result["contests"] if row["programme"] == contest.programme and row["is_binding"]
        )
        outcome = tally(contest.rule, counted, contest.bounds, int(published["budget"]))
        shares = tuple(Fraction(option["share"]) for option in published["options"])
        amounts = tuple(int(option["amount"]) for option in published["options"])
        _must(shares == outcome.shares, f"{contest.name}: shares {shares}, expected {outcome.shares}")
        _must(amounts == outcome.amounts, f"{contest.name}: amounts {amounts}, expected {outcome.amounts}")


def _shares(ballot: dict[str, Any], programme: str, places: dict[str, int]) -> dict[int, int]:
    lines = [line for line in ballot["lines"] if line["programme"] == programme]
    return {places[line["typology"]]: line["basisPoints"] for line in lines}


def _wait(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if answer := ask():
                return answer
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
        time.sleep(0.5)
    raise SmokeFailed(f"{what} did not come within {PATIENCE} seconds")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SmokeFailed(otherwise)
