"""rules.json: everything that a cycle's outcome depends on, frozen when the cycle is announced.

Its bytes are RFC 8785 canonical JSON and its hash is SHA-256 over them. Every ballot carries the hash; after the
announcement nothing else is read.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from chain.signing import domain_separator
from votes.record.canonical import canonical
from votes.record.instants import from_iso, iso
from votes.tally import Bounds, largest_lines
from votes.tally.fallback import REPEAT

VERSION = 1
META = "*"


@dataclass(frozen=True)
class Instants:
    """Aware UTC instants; every interval is half-open."""

    announced_at: datetime
    snapshot_at: datetime
    opens_at: datetime
    closes_at: datetime
    settles_at: datetime


@dataclass(frozen=True)
class Limits:
    """What a voter may send: ballots in the cycle, bytes of reason (UTF-8), least power [base units], lines.

    Rules frozen before lines were limited name no such limit.
    """

    ballots_per_voter: int = 20
    reason_bytes: int = 2_000
    least_power: int = 1
    lines: int | None = None


@dataclass(frozen=True)
class OptionRules:
    """An option of a contest. `floor` and `cap` [basis points]."""

    typology: str
    name: str
    floor: int
    cap: int


@dataclass(frozen=True)
class LastSplit:
    """What `repeat_last_split` would repeat: the exact shares by typology that `cycle` voted and settled."""

    cycle: int
    shares: Mapping[str, Fraction]


@dataclass(frozen=True)
class ContestRules:
    """One budget [base units] to be split. `quorum_power` [basis points of all frozen power].

    The contest over the programmes themselves is the programme "*", its typologies are programmes, and a `budget`
    of None is what it gives. `last_split` is frozen only where the fall-back is `repeat_last_split`: the one of the
    last cycle that had voted one for this contest and was settled by this cycle's announcement, or None.
    """

    programme: str
    name: str
    budget: int | None
    rule: str
    quorum_power: int
    quorum_voters: int
    fallback: str
    options: tuple[OptionRules, ...]
    last_split: LastSplit | None = None

    @property
    def bounds(self) -> tuple[Bounds, ...]:
        return tuple(Bounds(option.floor, option.cap) for option in self.options)


@dataclass(frozen=True)
class PowerRules:
    """Where voting power comes from: a published register, by its hash."""

    source: str
    sha256: str
    holders: int
    total: int


@dataclass(frozen=True)
class TokenRules:
    """The token whose budget is split."""

    chain_id: int
    address: str
    symbol: str
    decimals: int


@dataclass(frozen=True)
class FacilitatorRules:
    """Who is paid to make a programme work, and by what rule."""

    programme: str
    wallet: str
    ends_at: datetime
    pay_rule: str


@dataclass(frozen=True)
class Rules:
    """The frozen rules of one cycle. Without `live_results` its ballots are sealed until it is certified.

    `waiting_seconds`: how long the count waits, at most, for ballots of contract wallets that are not decided at
    closing; 0 where such wallets cannot vote.
    """

    cycle: int
    origin: str
    deployment: bytes
    receipt_key: bytes
    instants: Instants
    window_seconds: int
    token: TokenRules
    power: PowerRules
    limits: Limits
    contests: tuple[ContestRules, ...]
    facilitators: tuple[FacilitatorRules, ...] = ()
    live_results: bool = True
    waiting_seconds: int = 0

    @cached_property
    def data(self) -> bytes:
        """The canonical bytes of rules.json."""
        return canonical(_document(self))

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of `data`: what every ballot carries as `rules`."""
        return hashlib.sha256(self.data).digest()

    @cached_property
    def domain_separator(self) -> bytes:
        """The EIP-712 domain of this cycle's ballots."""
        return domain_separator(self.token.chain_id, self.deployment)

    @cached_property
    def option_numbers(self) -> Mapping[tuple[str, str], int]:
        """The number of each (programme, typology) in the order of rules.json, from 0."""
        keys = [(c.programme, o.typology) for c in self.contests for o in c.options]
        return {key: number for number, key in enumerate(keys)}

    @cached_property
    def largest_lines(self) -> Mapping[tuple[str, str], int]:
        """The largest line that keeps its cap, for each (programme, typology) [basis points]."""
        return {
            (contest.programme, option.typology): line
            for contest in self.contests
            for option, line in zip(contest.options, largest_lines(contest.bounds), strict=True)
        }

    @classmethod
    def parse(cls, data: bytes | str) -> "Rules":
        """The rules that `data` holds; KeyError, TypeError or ValueError where it is no rules.json.

        The bytes stay as they are, so that the hash of frozen rules never depends on what a later version writes.
        """
        rules = _parse(json.loads(data))
        rules.__dict__["data"] = data.encode() if isinstance(data, str) else data
        return rules


def _document(rules: Rules) -> dict[str, Any]:
    return {
        "version": VERSION,
        "cycle": str(rules.cycle),
        "origin": rules.origin,
        "deployment": "0x" + rules.deployment.hex(),
        "receipt_key": "0x" + rules.receipt_key.hex(),
        "instants": {name: iso(at) for name, at in vars(rules.instants).items()},
        "challenge": {"window_seconds": rules.window_seconds},
        "live_results": rules.live_results,
        **({"waiting_seconds": rules.waiting_seconds} if rules.waiting_seconds else {}),
        "token": dict(vars(rules.token)),
        "power": {**vars(rules.power), "total": str(rules.power.total)},
        "limits": _limits_document(rules.limits),
        "amounts": "largest remainder in base units, ties to the option listed first",
        "contests": [_contest_document(contest) for contest in rules.contests],
        "facilitators": [
            {**vars(facilitator), "ends_at": iso(facilitator.ends_at)} for facilitator in rules.facilitators
        ],
    }


def _limits_document(limits: Limits) -> dict[str, Any]:
    document = {**vars(limits), "least_power": str(limits.least_power)}
    return {name: limit for name, limit in document.items() if limit is not None}


def _contest_document(contest: ContestRules) -> dict[str, Any]:
    """What the fall-back would repeat is named, if only as null, where it would repeat something."""
    last = contest.last_split
    repeated = last and {"cycle": str(last.cycle), "shares": {k: str(v) for k, v in last.shares.items()}}
    return {
        **({"last_split": repeated} if contest.fallback == REPEAT else {}),
        "programme": contest.programme,
        "name": contest.name,
        "budget": None if contest.budget is None else str(contest.budget),
        "rule": contest.rule,
        "quorum": {"power": contest.quorum_power, "voters": contest.quorum_voters},
        "fallback": contest.fallback,
        "options": [dict(vars(option)) for option in contest.options],
    }


def _parse(document: dict[str, Any]) -> Rules:
    if document["version"] != VERSION:
        raise ValueError(f"rules.json of version {document['version']} is not known here")
    power, limits = document["power"], document["limits"]
    return Rules(
        cycle=int(document["cycle"]),
        origin=document["origin"],
        deployment=bytes.fromhex(document["deployment"][2:]),
        receipt_key=bytes.fromhex(document["receipt_key"][2:]),
        instants=Instants(**{name: from_iso(text) for name, text in document["instants"].items()}),
        window_seconds=document["challenge"]["window_seconds"],
        token=TokenRules(**document["token"]),
        power=PowerRules(**{**power, "total": int(power["total"])}),
        limits=Limits(**{**limits, "least_power": int(limits["least_power"])}),
        contests=tuple(_parse_contest(contest) for contest in document["contests"]),
        facilitators=tuple(
            FacilitatorRules(**{**facilitator, "ends_at": from_iso(facilitator["ends_at"])})
            for facilitator in document["facilitators"]
        ),
        live_results=_parse_live_results(document.get("live_results", True)),
        waiting_seconds=document.get("waiting_seconds", 0),
    )


def _parse_live_results(value: object) -> bool:
    """Nothing but true and false: whether ballots are hidden must not hang on how a program reads another value."""
    if not isinstance(value, bool):
        raise TypeError("live_results in rules.json is true or false")
    return value


def _parse_contest(contest: dict[str, Any]) -> ContestRules:
    return ContestRules(
        programme=contest["programme"],
        name=contest["name"],
        budget=None if contest["budget"] is None else int(contest["budget"]),
        rule=contest["rule"],
        quorum_power=contest["quorum"]["power"],
        quorum_voters=contest["quorum"]["voters"],
        fallback=contest["fallback"],
        options=tuple(OptionRules(**option) for option in contest["options"]),
        last_split=_parse_last_split(contest.get("last_split")),
    )


def _parse_last_split(last: dict[str, Any] | None) -> LastSplit | None:
    if last is None:
        return None
    return LastSplit(int(last["cycle"]), {key: Fraction(share) for key, share in last["shares"].items()})
