"""Playing a schedule's next cycle from announcement to payment, and undoing all of it.

The same verbs as on the night, with an accelerated clock, throw-away wallets and a deployment id of its own, inside
one transaction that is rolled back: no row of it is ever seen by anybody else or kept.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from chain.signing import address_of, sign_digest
from journal.refusal import Refusal
from power.actions import publish_register
from power.registers import Entry
from votes.actions.ballots import receipt_of
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.cycles import freeze_power, plan_cycle, publish_rules, what_blocks
from votes.actions.freezing import freeze_rules
from votes.actions.past import record_ballot
from votes.models import Ballot, Cycle, OptionResult, Schedule
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import Line, ballot_digest
from votes.record.rules import ContestRules, Rules
from votes.tally import largest_line

VOTERS = 12
STEP = 500  # basis points
MOMENT = timedelta(seconds=1)

# Shows `who` the page at `path` as it stands at an instant; the title says what it is.
Look = Callable[[str, str, str, datetime], None]


@dataclass(frozen=True)
class Voter:
    """A throw-away wallet. `power` [base units]."""

    key: bytes
    power: int

    @property
    def address(self) -> str:
        return address_of(self.key)


@dataclass(frozen=True)
class Rehearsed:
    """What was played. `paid` [base units] by typology; `receipt` as its voter would keep it."""

    number: int
    instants: dict[str, datetime]
    voters: int
    paid: dict[str, int]
    receipt: dict[str, str | int]


class _Curtain(Exception):
    """Ends the play and undoes it."""


def rehearse(*, schedule_id: int, at: datetime, look: Look) -> Rehearsed:
    """Play the schedule's next free opening through, letting `look` see each page in passing.

    Raises Refusal `never_opens` or `cannot_be_announced`, as the night would.
    """
    played: list[Rehearsed] = []
    try:
        with transaction.atomic():
            played.append(_play(Schedule.objects.get(pk=schedule_id), at, look))
            raise _Curtain
    except _Curtain:
        return played[0]


def _play(schedule: Schedule, at: datetime, look: Look) -> Rehearsed:
    cycle = _plan(schedule, at)
    voters = [Voter(secrets.token_bytes(32), 10**24 * 2**place) for place in range(VOTERS)]
    rules = _announce(cycle, voters)
    look("Everybody", "the cycle, announced", cycle.get_absolute_url(), cycle.announced_at)
    freeze_power(cycle_id=cycle.pk, at=cycle.snapshot_at)
    look("Delegates", "the ballot, just opened", f"{cycle.get_absolute_url()}ballot/", cycle.opens_at)
    for place, voter in enumerate(voters[2:]):  # two stay away
        ballot = _vote(cycle, rules, voter, cycle.opens_at + (place + 1) * MOMENT)
    look("Delegates", "the receipt of a ballot", ballot.get_absolute_url(), cycle.opens_at + VOTERS * MOMENT)
    close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    publish_result(cycle_id=cycle.pk, at=cycle.closes_at + MOMENT)
    result = f"{cycle.get_absolute_url()}result/"
    look("The public", "the result, open to challenge", result, cycle.closes_at + 2 * MOMENT)
    paid_at = max(cycle.settles_at, cycle.closes_at + MOMENT + cycle.window)
    settle_cycle(cycle_id=cycle.pk, at=paid_at)
    look("The public", "the result, settled", result, paid_at + MOMENT)
    awards = OptionResult.objects.filter(contest_result__result__cycle=cycle, contest_result__is_binding=True)
    paid = awards.filter(option__typology__isnull=False, amount__gt=0).select_related(
        "option__typology__programme"
    )
    for award in paid.order_by("-amount")[:1]:
        assert award.option.typology is not None
        look(
            "Builders",
            "the typology that got most",
            award.option.typology.get_absolute_url(),
            paid_at + MOMENT,
        )
    return Rehearsed(
        number=cycle.number,
        instants=vars(cycle.instants),
        voters=len(voters) - 2,
        paid={str(award.option): award.amount for award in paid},
        receipt=receipt_of(ballot, rules).receipt.content(),
    )


def _plan(schedule: Schedule, at: datetime) -> Cycle:
    """The cycle at the schedule's first opening after every cycle there is."""
    last = Cycle.objects.aggregate(last=Max("closes_at"))["last"] or at
    openings = schedule.openings_after(max(at + schedule.announce_before, last), 1)
    if not openings:
        raise Refusal(
            "never_opens", "The recurrence rule gives no opening any more. Change it, then rehearse again."
        )
    instants = schedule.instants(openings[0])
    return plan_cycle(schedule=schedule, instants=instants, at=instants.announced_at, origin="demo")


def _announce(cycle: Cycle, voters: list[Voter]) -> Rules:
    """Freeze the very rules of the night, but for the register and the deployment id."""
    if blocks := what_blocks(cycle, cycle.announced_at):
        raise Refusal("cannot_be_announced", " ".join(blocks))
    register = publish_register(
        name="Rehearsal",
        entries=[
            Entry(voter.address, voter.power, f"Wallet {place}") for place, voter in enumerate(voters, 1)
        ],
        at=cycle.announced_at,
    )
    frozen = freeze_rules(cycle)
    rules = replace(
        frozen,
        deployment=secrets.token_bytes(32),
        power=replace(
            frozen.power,
            sha256=bytes(register.sha256).hex(),
            holders=register.entry_count,
            total=register.total_power,
        ),
    )
    publish_rules(cycle=cycle, rules=rules, at=cycle.announced_at)
    return rules


def _vote(cycle: Cycle, rules: Rules, voter: Voter, at: datetime) -> Ballot:
    ballot = SignedBallot(
        cycle=str(cycle.number),
        rules=rules.hash,
        voter=voter.address,
        nonce=1,
        reason="A rehearsal.",
        lines=tuple(line for contest in rules.contests for line in _split(contest)),
    )
    signature = sign_digest(voter.key, ballot_digest(ballot, rules.domain_separator))
    return record_ballot(cycle=cycle, signed=ballot, rules=rules, signature=signature, received_at=at)


def _split(contest: ContestRules) -> list[Line]:
    """A split by lot, in steps, within the caps; the remainder of caps that are no whole steps goes where it fits."""
    most = [largest_line(place, contest.bounds) for place in range(len(contest.options))]
    shares, rest = [0] * len(most), 10_000
    while rest:
        place = secrets.choice([place for place, share in enumerate(shares) if share < most[place]])
        more = min(STEP, rest, most[place] - shares[place])
        shares[place] += more
        rest -= more
    pairs = zip(contest.options, shares, strict=True)
    return [Line(contest.programme, option.typology, share) for option, share in pairs if share]
