"""A small community for tests, made by our own verbs; instants are given relative to the database's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Wallet
from chain.signing import address_of, keccak256, sign_digest
from journal.clock import database_clock
from ledger.models import Token
from power.actions import publish_register
from power.registers import Entry
from programmes.actions import NewTypology, Statement, found_meta_programme, found_programme
from programmes.models import MetaProgramme, Programme
from votes.actions.cycles import announce_cycle, freeze_power, plan_cycle
from votes.models import Cycle, Schedule, ScheduledContest
from votes.record.ballot import Ballot, Line, Submission, ballot_digest
from votes.record.rules import Instants

UNIT = 10**18
POWERS = {"alice": 50 * UNIT, "bob": 30 * UNIT, "carol": 20 * UNIT}
HOUR = timedelta(hours=1)
EVEN = {"ignite": {"lending": 6000, "exchanges": 4000}, "security": {"audits": 5000, "bounties": 5000}}


def key_of(name: str) -> bytes:
    """The private key of a test's person."""
    return keccak256(f"tests: {name}".encode())


def address(name: str) -> str:
    """A person's address; of a contract, whose address is its name, that."""
    if name.startswith("0x"):
        return name
    return address_of(key_of(name))


def wallet(name: str) -> Wallet:
    """The wallet of a test's person."""
    row, _ = Wallet.objects.get_or_create(
        address=address(name), defaults={"name": name.title(), "joined_at": database_clock()}
    )
    return row


def statement(slug: str) -> Statement:
    return Statement(
        slug=slug,
        name=slug.title(),
        summary=f"What {slug} is for.",
        impact="Impact.",
        mechanic="Mechanic.",
        plan="Plan.",
    )


@dataclass(frozen=True)
class Community:
    """One meta programme with a register, two programmes of two typologies each, and a schedule."""

    meta: MetaProgramme
    ignite: Programme
    security: Programme
    schedule: Schedule


def make_community(
    powers: Mapping[str, int] = POWERS,
    *,
    rules: Mapping[str, str] | None = None,
    quorum_power: int = 0,
    quorum_voters: int = 0,
    live_results: bool = True,
    chain_id: int = 324,
) -> Community:
    """`powers` [base units] by name; `ignite` splits 1,000 tokens, `security` 10 with a floor and a cap."""
    at = database_clock() - 100 * HOUR
    token = Token.objects.create(
        chain_id=chain_id, address="0x" + "ab" * 20, symbol="TST", name="Test", decimals=18
    )
    entries = [
        Entry(address(name), power, "" if name.startswith("0x") else name.title())
        for name, power in powers.items()
    ]
    meta = found_meta_programme(
        name="Test community",
        description="For tests.",
        token=token,
        register=publish_register(name="Register", entries=entries, at=at),
        budget_per_cycle=1_010 * UNIT,
        cap=1_000_000 * UNIT,
        at=at,
    )
    ignite = found_programme(
        meta=meta,
        statement=statement("ignite"),
        budget=1_000 * UNIT,
        typologies=[
            NewTypology("lending", "Lending", "Lend."),
            NewTypology("exchanges", "Exchanges", "Swap."),
        ],
        at=at,
    )
    security = found_programme(
        meta=meta,
        statement=statement("security"),
        budget=10 * UNIT,
        typologies=[
            NewTypology("audits", "Audits", "Read code.", floor=1000, cap=8000),
            NewTypology("bounties", "Bounties", "Find faults."),
        ],
        at=at,
    )
    schedule = Schedule.objects.create(
        name="Weekly",
        recurrence="FREQ=WEEKLY",
        time_zone="UTC",
        first_opens_at=database_clock() - 2 * HOUR,
        announce_before=3 * HOUR,
        snapshot_before=HOUR,
        notice=HOUR,
        voting=24 * HOUR,
        window=HOUR,
        live_results=live_results,
    )
    chosen = rules or {"ignite": "ladder", "security": "mean"}
    for position, programme in enumerate((ignite, security)):
        ScheduledContest.objects.create(
            schedule=schedule,
            programme=programme,
            rule=chosen[programme.slug],
            quorum_power=quorum_power,
            quorum_voters=quorum_voters,
            position=position,
        )
    return Community(meta, ignite, security, schedule)


def make_cycle(
    community: Community,
    *,
    opens_in: timedelta = -2 * HOUR,
    voting: timedelta = 24 * HOUR,
    settles_in: timedelta = HOUR,
    announced: bool = True,
    frozen: bool = True,
) -> Cycle:
    """A live cycle that opens (or opened) `opens_in` from now, is open for `voting`, settles `settles_in` later."""
    opens_at = database_clock() + opens_in
    instants = Instants(
        announced_at=opens_at - 3 * HOUR,
        snapshot_at=opens_at - HOUR,
        opens_at=opens_at,
        closes_at=opens_at + voting,
        settles_at=opens_at + voting + settles_in,
    )
    cycle = plan_cycle(schedule=community.schedule, instants=instants, at=instants.announced_at)
    if announced:
        assert announce_cycle(cycle_id=cycle.pk, at=instants.announced_at)
        if frozen:
            assert freeze_power(cycle_id=cycle.pk, at=instants.snapshot_at)
    return Cycle.objects.get(pk=cycle.pk)


def lines_of(split: Mapping[str, Mapping[str, int]]) -> tuple[Line, ...]:
    """Ballot lines [basis points] from programme → typology → share."""
    return tuple(Line(p, t, share) for p, shares in split.items() for t, share in shares.items())


def signed(
    name: str,
    cycle: Cycle,
    split: Mapping[str, Mapping[str, int]] | None = None,
    *,
    nonce: int = 1,
    reason: str = "",
) -> Submission:
    """`name`'s signed ballot for an announced cycle."""
    rules = cycle.announcement.rules
    ballot = Ballot(
        cycle=str(cycle.number),
        rules=rules.hash,
        voter=address(name),
        nonce=nonce,
        reason=reason,
        lines=lines_of(EVEN if split is None else split),
    )
    return Submission(ballot, sign_digest(key_of(name), ballot_digest(ballot, rules.domain_separator)))


def a_moment_after(at: datetime) -> datetime:
    return at + timedelta(microseconds=1)
