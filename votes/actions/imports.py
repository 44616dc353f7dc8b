"""Votes that were held in another system, brought in as finished cycles: to be read and recomputed, not to pay."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from deliberation.actions import open_thread
from journal.locks import wait_for_lock
from journal.refusal import Refusal
from power.actions import freeze_list
from programmes.models import MetaProgramme
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.cycles import PLAN, next_number, publish_rules
from votes.actions.identity import deployment_id, receipt_seed
from votes.actions.past import record_unsigned_ballots
from votes.models import Announcement, Cycle, CyclePower
from votes.record.ballot import Ballot, Line
from votes.record.instants import iso
from votes.record.receipt import public_key
from votes.record.rules import (
    ContestRules,
    Instants,
    Limits,
    OptionRules,
    PowerRules,
    Rules,
    TokenRules,
)
from votes.snapshot_export import LONGEST_NAME, Export, base_units, basis_points

CONTEST = "imported"
USUAL_LENGTH = timedelta(days=5)  # of a vote of which only the end is known
_SECOND = timedelta(seconds=1)
_LONGEST_SYMBOL = 12
_LARGEST_NUMBER = 999_999_999  # that an address of a page can carry
_NO_TOKEN = "0x" + "0" * 40


@dataclass(frozen=True)
class Terms:
    """What the file does not say. `symbol` and `decimals` are those of its voting power.

    Without `number` it gets the next one, without instants those of its first and last vote.
    """

    title: str
    rule: str = "mean"
    number: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    symbol: str = "VP"
    decimals: int = 18


@transaction.atomic
def import_vote(*, export: Export, terms: Terms, at: datetime) -> Cycle:
    """A settled cycle of origin `imported` from the votes in `export`, through the verbs of every cycle.

    All or nothing. It has one contest, no programme, no account and no budget. Raises Refusal `already_imported`,
    `number_taken`, `cycles_overlap`, `not_over` or `cannot_be_imported`.
    """
    _check_words("title", terms.title, LONGEST_NAME)
    _check_words("unit", terms.symbol, _LONGEST_SYMBOL)
    wait_for_lock(PLAN, 0)  # numbers are given one at a time, and a file comes in once
    _check_is_new(export)
    instants = _instants(export, terms)
    _check_instants(export, instants, at)
    powers = _powers(export, terms.decimals)
    rules = _rules(export, terms, instants, _number(terms.number), sum(powers.values()))
    cycle = _announce(rules, terms.title, at)
    snapshot = freeze_list(powers=powers, timepoint=instants.snapshot_at, at=at)
    CyclePower.objects.create(cycle=cycle, snapshot=snapshot)
    record_unsigned_ballots(cycle=cycle, rules=rules, ballots=_ballots(export, rules))
    done = (
        close_cycle(cycle_id=cycle.pk, at=instants.closes_at)
        and publish_result(cycle_id=cycle.pk, at=instants.closes_at)
        and settle_cycle(cycle_id=cycle.pk, at=instants.settles_at)
    )
    if not done:
        raise _refuse("Another process is at work on this cycle. Try again.")
    return cycle


def _check_words(what: str, words: str, longest: int) -> None:
    if not 0 < len(words) <= longest or not words.isprintable():
        raise _refuse(f"The {what} must be 1 to {longest} printable characters.")


def _check_is_new(export: Export) -> None:
    for announcement in Announcement.objects.filter(cycle__origin="imported").select_related("cycle"):
        if announcement.rules.power.sha256 == export.sha256.hex():
            raise Refusal(
                "already_imported",
                f"This very file is {announcement.cycle} already; nothing was imported.",
                status=409,
            )


def _number(number: int | None) -> int:
    if number is None:
        return next_number()
    if not 1 <= number <= _LARGEST_NUMBER:
        raise _refuse(f"A cycle's number is from 1 to {_LARGEST_NUMBER:,}, not {number}.")
    if Cycle.objects.filter(number=number).exists():
        raise Refusal("number_taken", f"There is a cycle {number} already; nothing was imported.", status=409)
    return number


def _instants(export: Export, terms: Terms) -> Instants:
    """Voting from the first vote's second to the last one's, unless said otherwise; the rest close around it."""
    times = [vote.created for vote in export.votes if vote.created is not None]
    opens_at, closes_at = terms.opens_at, terms.closes_at
    if times:
        opens_at = opens_at or datetime.fromtimestamp(min(times), UTC)
        closes_at = closes_at or datetime.fromtimestamp(max(times), UTC) + _SECOND
    elif closes_at is None:
        raise _refuse("The file does not say when its votes were given, so say when voting closed.")
    elif opens_at is None:
        opens_at = closes_at - USUAL_LENGTH
    return Instants(
        announced_at=opens_at - 2 * _SECOND,
        snapshot_at=opens_at - _SECOND,
        opens_at=opens_at,
        closes_at=closes_at,
        settles_at=closes_at + _SECOND,
    )


def _check_instants(export: Export, instants: Instants, at: datetime) -> None:
    opens_at, closes_at = instants.opens_at, instants.closes_at
    if opens_at >= closes_at:
        raise _refuse(f"Voting must open before it closes, not at {iso(opens_at)} and {iso(closes_at)}.")
    if instants.settles_at > at:
        raise Refusal("not_over", f"Voting is not over before {iso(closes_at)}; only a past vote comes in.")
    for place, vote in enumerate(export.votes, start=1):
        if vote.created is not None:
            given_at = datetime.fromtimestamp(vote.created, UTC)
            if not opens_at <= given_at < closes_at:
                raise _refuse(
                    f"Vote {place} was given {iso(given_at)}, outside voting from {iso(opens_at)} to"
                    f" {iso(closes_at)}."
                )
    other = Cycle.objects.filter(opens_at__lt=closes_at, closes_at__gt=opens_at).order_by("opens_at").first()
    if other is not None:
        raise Refusal(
            "cycles_overlap",
            f"Voting from {iso(opens_at)} to {iso(closes_at)} would overlap that of {other}, from"
            f" {iso(other.opens_at)} to {iso(other.closes_at)}. Cycles do not overlap; nothing was imported.",
            status=409,
        )


def _powers(export: Export, decimals: int) -> dict[str, int]:
    """Exact voting power [base units] by address: what has more decimals is refused, never rounded."""
    powers = {}
    for place, vote in enumerate(export.votes, start=1):
        power = base_units(vote.power, decimals)
        if power is None:
            raise _refuse(
                f"Vote {place}: its power has more than {decimals} decimals. Say how many its token has."
            )
        if power >= 2**256:
            raise _refuse(f"Vote {place}: its power is above 2^256 − 1 base units.")
        powers[vote.voter] = power
    if sum(powers.values()) >= 10**78:
        raise _refuse("All power together has more than 78 digits.")
    if not any(powers[vote.voter] and any(vote.weights.values()) for vote in export.votes):
        raise _refuse("No vote with power has a line, so there is no result.")
    return powers


def _rules(export: Export, terms: Terms, instants: Instants, number: int, total: int) -> Rules:
    """The frozen rules of an import: they name the file by its SHA-256 as the source of all power."""
    contest = ContestRules(
        programme=CONTEST,
        name="The vote",
        budget=0,
        rule=terms.rule,
        quorum_power=0,
        quorum_voters=0,
        fallback="return_to_reserve",
        options=tuple(
            OptionRules(typology=_key(option.number), name=option.name, floor=0, cap=10_000)
            for option in export.options
        ),
    )
    return Rules(
        cycle=number,
        origin="imported",
        deployment=deployment_id(),
        receipt_key=public_key(receipt_seed()),
        instants=instants,
        window_seconds=0,
        token=TokenRules(chain_id=0, address=_NO_TOKEN, symbol=terms.symbol, decimals=terms.decimals),
        power=PowerRules(source="import", sha256=export.sha256.hex(), holders=len(export.votes), total=total),
        limits=Limits(ballots_per_voter=1, reason_bytes=0, least_power=0),
        contests=(contest,),
    )


def _announce(rules: Rules, title: str, at: datetime) -> Cycle:
    """The cycle with its thread and its published rules."""
    meta = MetaProgramme.objects.first()
    cycle = Cycle.objects.create(
        number=rules.cycle,
        origin=rules.origin,
        title=title,
        notice=timedelta(0),
        window=timedelta(0),
        thread=open_thread(
            title=title, address=f"/cycles/{rules.cycle}/", at=at, parent=meta.thread if meta else None
        ),
        **vars(rules.instants),
    )
    publish_rules(cycle=cycle, rules=rules, at=rules.instants.announced_at)
    return cycle


def _ballots(export: Export, rules: Rules) -> Iterator[tuple[Ballot, datetime]]:
    """The votes as ballots in the order in which they were given, those of unknown time at the opening."""
    for vote in sorted(export.votes, key=lambda vote: vote.created or 0):
        known = vote.created is not None
        received_at = datetime.fromtimestamp(vote.created or 0, UTC) if known else rules.instants.opens_at
        lines = _lines(basis_points(vote.weights))
        yield Ballot(str(rules.cycle), rules.hash, vote.voter, 1, "", lines), received_at


def _lines(shares: Mapping[int, int]) -> tuple[Line, ...]:
    return tuple(Line(CONTEST, _key(number), share) for number, share in shares.items())


def _key(number: int) -> str:
    """The option's key on ballots."""
    return f"choice-{number}"


def _refuse(reason: str) -> Refusal:
    return Refusal("cannot_be_imported", f"{reason} Nothing was imported.")
