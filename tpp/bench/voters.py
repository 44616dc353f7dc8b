"""Voters with keys that anybody can compute, and the ballots they signed beforehand."""

import random

from chain.signing import address_of, keccak256, sign_digest
from tpp.bench.load import Request
from votes.record.ballot import Ballot, Line, Submission, ballot_digest
from votes.record.rules import Rules

POWER = 10**18


def key_of(number: int) -> bytes:
    return keccak256(b"TPP bench voter %d" % number)


def address(number: int) -> str:
    return address_of(key_of(number))


def signed_ballots(rules: Rules, voters: range, nonces: range, *, host: str) -> list[Request]:
    """The first ballots of all `voters`, then their second ones …; each has a line for every option."""
    chance = random.Random(voters.start)  # noqa: S311 (the same ballots every time)
    keys = [(key_of(number), address(number)) for number in voters]
    return [_request(rules, key, voter, nonce, chance, host) for nonce in nonces for key, voter in keys]


def _request(rules: Rules, key: bytes, voter: str, nonce: int, chance: random.Random, host: str) -> Request:
    options = list(rules.option_numbers)
    cuts = sorted(chance.sample(range(1, 10_000), len(options) - 1))
    shares = [after - before for before, after in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    lines = tuple(
        Line(programme, typology, share) for (programme, typology), share in zip(options, shares, strict=True)
    )
    ballot = Ballot(str(rules.cycle), rules.hash, voter, nonce, "", lines)
    digest = ballot_digest(ballot, rules.domain_separator)
    body = Submission(ballot, sign_digest(key, digest)).body()
    head = (
        f"POST /api/v1/cycles/{rules.cycle}/ballots/ HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Request(head.encode() + body, digest)
