"""Voting, closing and reading results, in a line each."""

import html
from collections.abc import Mapping
from fractions import Fraction

from django.test import Client

from journal.clock import database_clock
from ledger.models import Account
from tests.factories import HOUR, Community, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.cycles import announce_cycle, freeze_power
from votes.models import ContestResult, Cycle, MetaContest, Result
from votes.record.rules import META

Split = Mapping[str, Mapping[str, int]]
HALVES = {META: {"ignite": 5_000, "security": 5_000}}


def cast(cycle: Cycle, splits: Mapping[str, Split], *, nonce: int = 1) -> None:
    """One ballot a person."""
    for name, split in splits.items():
        submission = signed(name, cycle, split, nonce=nonce)
        cast_ballot(number=cycle.number, submission=submission, at=database_clock())


def publish(cycle: Cycle) -> Result:
    """Close and tally at the first possible instant."""
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    return Result.objects.get(cycle=cycle)


def binding(cycle: Cycle, programme: str) -> ContestResult:
    return ContestResult.objects.get(result__cycle=cycle, contest__key=programme, is_binding=True)


def shares(row: ContestResult) -> list[Fraction]:
    return [option.fraction for option in row.options.all()]


def amounts(row: ContestResult) -> list[int]:
    return [option.amount for option in row.options.all()]


def received() -> dict[str, int]:
    """What each typology holds."""
    accounts = Account.objects.filter(name__startswith="typology/").exclude(balance=0)
    return {account.name.removeprefix("typology/"): account.balance for account in accounts}


def with_meta(**contest: object) -> Community:
    """A community whose cycles first split 1,010 tokens over the programmes, by the mean."""
    community = make_community()
    MetaContest.objects.create(schedule=community.schedule, **{"rule": "mean", **contest})
    return community


def page_of(client: Client, cycle: Cycle, what: str = "result/") -> str:
    response = client.get(f"/cycles/{cycle.number}/{what}")
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())  # splits at every kind of space


def settled(community: Community, splits: Mapping[str, Split]) -> Cycle:
    """A cycle that was voted on and paid before another is announced."""
    cycle = make_cycle(community, opens_in=-HOUR, voting=2 * HOUR)
    cast(cycle, splits)
    publish(cycle)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    return cycle


def announced_after(community: Community, earlier: Cycle) -> Cycle:
    """The next cycle, announced when the money of `earlier` had moved."""
    cycle = make_cycle(community, opens_in=10 * HOUR, announced=False)
    assert cycle.announced_at > earlier.settles_at
    assert announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at)
    assert freeze_power(cycle_id=cycle.pk, at=cycle.snapshot_at)
    return Cycle.objects.get(pk=cycle.pk)
