"""From the closing to the money: who is counted, what it gives, when it is paid, and that it adds up."""

import random
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

import pytest
from django.db.models import Sum

from journal.clock import database_clock
from journal.refusal import Refusal
from ledger.actions import open_account, transfer
from ledger.models import Account, Transfer
from programmes.models import Programme
from tests.factories import EVEN, HOUR, POWERS, UNIT, address, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.counting import Turnout, read_histogram, read_voters
from votes.models import RULES, BallotPosition, Certificate, ContestResult, Cycle, Result, Settlement
from votes.record.merkle import root
from votes.tally import Profile, profile, tally

pytestmark = pytest.mark.django_db

Split = Mapping[str, Mapping[str, int]]


def cast(cycle: Cycle, splits: Mapping[str, Split]) -> None:
    """One ballot a person."""
    for name, split in splits.items():
        submission = signed(name, cycle, split)
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


def balances() -> dict[str, int]:
    """What stands in each account that holds or owes anything."""
    return {account.name: account.balance for account in Account.objects.exclude(balance=0)}


# Closing


def test_a_cycle_is_certified_once_from_its_closing_instant_on() -> None:
    cycle = make_cycle(make_community())
    early = cycle.closes_at - timedelta(microseconds=1)
    late = cycle.closes_at + timedelta(seconds=3)
    assert [close_cycle(cycle_id=cycle.pk, at=at) for at in (early, late, late)] == [False, True, False]
    certificate = Certificate.objects.get()
    assert (certificate.certified_at, certificate.lateness) == (late, timedelta(seconds=3))


def test_what_is_not_announced_is_not_closed() -> None:
    community = make_community()
    planned = make_cycle(community, announced=False)
    assert not close_cycle(cycle_id=planned.pk, at=planned.closes_at)
    assert not Certificate.objects.exists()


def test_without_certificate_there_is_no_result_and_without_result_no_money() -> None:
    cycle = make_cycle(make_community())
    at = cycle.settles_at + HOUR
    assert not publish_result(cycle_id=cycle.pk, at=at)
    assert not settle_cycle(cycle_id=cycle.pk, at=at)
    publish(cycle)
    assert not publish_result(cycle_id=cycle.pk, at=at)
    assert settle_cycle(cycle_id=cycle.pk, at=at)
    assert not settle_cycle(cycle_id=cycle.pk, at=at)


def test_without_a_ballot_everything_happens_and_nothing_is_paid() -> None:
    cycle = make_cycle(make_community())
    result = publish(cycle)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    certificate = Certificate.objects.get()
    assert (certificate.ballot_count, bytes(certificate.merkle_root)) == (0, root([]))
    assert (result.voters, result.power) == (0, 0)
    assert set(ContestResult.objects.values_list("outcome", flat=True)) == {"return_to_reserve"}
    assert not Transfer.objects.exists()
    assert Cycle.objects.at(cycle.settles_at).get().phase == "settled"


# Counting


def random_split(chance: random.Random) -> dict[str, dict[str, int]]:
    """Some contests of the ballot, or none; audits are capped."""
    lending, audits = (
        chance.choice([0, 1, 9_999, 10_000, chance.randint(0, 10_000)]),
        chance.randint(0, 7_777),
    )
    whole = {
        "ignite": {"lending": lending, "exchanges": 10_000 - lending},
        "security": {"audits": audits, "bounties": 10_000 - audits},
    }
    chosen = chance.sample(sorted(whole), chance.randint(0, 2))
    return {programme: {t: share for t, share in whole[programme].items() if share} for programme in chosen}


@pytest.mark.parametrize("seed", range(6))
def test_the_database_counts_what_pure_python_counts(seed: int) -> None:
    chance = random.Random(seed)
    powers = {f"voter {n}": chance.randrange(1, 2 ** chance.randint(1, 240)) for n in range(12)}
    cycle = make_cycle(make_community(powers))
    newest: dict[str, Split] = {}
    for nonce in range(3):
        for name in chance.sample(sorted(powers), 8):
            newest[name] = random_split(chance)
            submission = signed(name, cycle, newest[name], nonce=nonce)
            cast_ballot(number=cycle.number, submission=submission, at=database_clock())
    result = publish(cycle)
    histogram, voters = read_histogram(cycle), read_voters(cycle)

    counted = {name: split for name, split in newest.items() if split}
    everyone = Turnout(len(counted), sum(powers[name] for name in counted))
    assert voters[None] == everyone == (result.voters, result.power)
    for contest in cycle.contests.all():
        options = list(contest.options.all())
        places = {option.key: place for place, option in enumerate(options)}
        votes = [
            (powers[name], {places[typology]: share for typology, share in split[contest.key].items()})
            for name, split in counted.items()
            if contest.key in split
        ]
        pure = profile(votes, len(options))
        turnout = voters.get(contest.pk, Turnout(0, 0))
        assert Profile(tuple(histogram.get(o.number, {}) for o in options), turnout.power) == pure
        assert turnout == (len(votes), pure.power)
        bounds = next(c for c in cycle.announcement.rules.contests if c.programme == contest.key).bounds
        assert contest.budget is not None
        for row in contest.results.all():
            outcome = tally(row.rule, pure, bounds, contest.budget)
            assert (shares(row), amounts(row)) == (list(outcome.shares), list(outcome.amounts))
            assert sum(amounts(row)) == contest.budget


LENDERS: dict[str, Split] = {
    "alice": {"ignite": {"lending": 6_000, "exchanges": 4_000}},
    "bob": {"ignite": {"lending": 2_000, "exchanges": 8_000}},
    "carol": {"ignite": {"lending": 10_000}},
}


def test_the_ladder_by_hand() -> None:
    """50, 30 and 20 percent of power give lending 60, 20 and 100 %, exchanges 40, 80 and 0 %.

    70 % of power give lending 60 % or more, 80 % give exchanges 40 % or more: both have more backing than
    share, for a deduction of up to 10 points; and 60 + 40 spends it all.
    """
    cycle = make_cycle(make_community())
    cast(cycle, LENDERS)
    publish(cycle)
    row = binding(cycle, "ignite")
    assert (row.rule, row.outcome, row.parameter) == ("ladder", "split", "1/10")
    assert shares(row) == [Fraction(6, 10), Fraction(4, 10)]
    assert amounts(row) == [600 * UNIT, 400 * UNIT]
    assert (row.voters, row.power) == (3, 100 * UNIT)


def test_the_mean_by_hand_with_a_floor_off_the_top() -> None:
    """Audits: (50 · 50 + 30 · 70 + 20 · 0) / 100 = 46 % of the 90 % that the floor of 10 % leaves: 51.4 %."""
    cycle = make_cycle(make_community())
    cast(
        cycle,
        {
            "alice": {"security": {"audits": 5_000, "bounties": 5_000}},
            "bob": {"security": {"audits": 7_000, "bounties": 3_000}},
            "carol": {"security": {"bounties": 10_000}},
        },
    )
    publish(cycle)
    row = binding(cycle, "security")
    assert (row.rule, row.parameter) == ("mean", None)
    assert shares(row) == [Fraction(514, 1000), Fraction(486, 1000)]
    assert amounts(row) == [5_140 * UNIT // 1000, 4_860 * UNIT // 1000]


def test_every_other_rule_is_shown_beside_the_one_that_binds() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, LENDERS)
    publish(cycle)
    rows = ContestResult.objects.filter(contest__key="ignite")
    assert set(rows.values_list("rule", flat=True)) == set(RULES)
    assert shares(rows.get(rule="mean")) == [Fraction(56, 100), Fraction(44, 100)]
    assert list(rows.filter(is_binding=True).values_list("rule", flat=True)) == ["ladder"]


@pytest.mark.parametrize("audits", [0, 7_777])
def test_a_result_keeps_within_floor_and_cap_without_clipping(audits: int) -> None:
    cycle = make_cycle(make_community())
    lines = {"audits": audits, "bounties": 10_000 - audits}
    cast(cycle, {name: {"security": {t: s for t, s in lines.items() if s}} for name in POWERS})
    publish(cycle)
    audited = shares(binding(cycle, "security"))[0]
    assert audited == Fraction(1, 10) + Fraction(9, 10) * Fraction(audits, 10_000)
    assert Fraction(1, 10) <= audited <= Fraction(8, 10)


def test_what_cannot_be_split_goes_to_the_option_listed_first() -> None:
    community = make_community()
    Programme.objects.filter(slug="ignite").update(budget=7)
    cycle = make_cycle(community)
    cast(cycle, {"alice": {"ignite": {"lending": 5_000, "exchanges": 5_000}}})
    publish(cycle)
    assert amounts(binding(cycle, "ignite")) == [4, 3]


@pytest.mark.parametrize(
    ("quorum_power", "quorum_voters", "outcome"),
    [
        (5_000, 0, "split"),
        (5_001, 0, "return_to_reserve"),
        (0, 1, "split"),
        (0, 2, "return_to_reserve"),
        (0, 0, "split"),
    ],
)
def test_quorum_counts_power_and_voters_of_the_contest(
    quorum_power: int, quorum_voters: int, outcome: str
) -> None:
    """Alice has half of all power and votes on ignite; Bob votes on security only."""
    community = make_community(quorum_power=quorum_power, quorum_voters=quorum_voters)
    cycle = make_cycle(community)
    cast(cycle, {"alice": {"ignite": EVEN["ignite"]}, "bob": {"security": EVEN["security"]}})
    result = publish(cycle)
    assert (result.voters, result.power) == (2, 80 * UNIT)
    row = binding(cycle, "ignite")
    assert (row.voters, row.power, row.outcome) == (1, 50 * UNIT, outcome)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    paid = {name: amount for name, amount in balances().items() if name.startswith("typology/ignite")}
    assert bool(paid) == (outcome == "split")
    assert sum(paid.values()) == sum(amounts(row))


# Paying


def test_money_goes_from_the_source_to_the_typologies_and_the_books_balance() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": EVEN, "bob": {}})
    publish(cycle)
    assert balances() == {}
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert balances() == {
        "source": -1_010 * UNIT,
        "typology/ignite/lending": 600 * UNIT,
        "typology/ignite/exchanges": 400 * UNIT,
        "typology/security/audits": 55 * UNIT // 10,
        "typology/security/bounties": 45 * UNIT // 10,
    }
    assert Account.objects.aggregate(total=Sum("balance"))["total"] == 0
    through = Transfer.objects.filter(credit__name=f"cycle/{cycle.number}")
    assert sum(transfer.amount for transfer in through) == 1_010 * UNIT


def test_settling_again_moves_nothing() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": EVEN})
    publish(cycle)
    later = cycle.settles_at + HOUR
    assert [settle_cycle(cycle_id=cycle.pk, at=at) for at in (cycle.settles_at, later)] == [True, False]
    assert balances()["source"] == -1_010 * UNIT
    assert Settlement.objects.get().settled_at == cycle.settles_at


def test_no_money_moves_before_settles_at() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": EVEN})
    publish(cycle)
    assert not settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at - timedelta(microseconds=1))
    assert balances() == {}
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)


def test_a_late_result_is_open_to_challenge_for_the_whole_window() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": EVEN})
    published = cycle.settles_at + 5 * HOUR
    assert close_cycle(cycle_id=cycle.pk, at=published)
    assert publish_result(cycle_id=cycle.pk, at=published)
    due = published + cycle.window
    assert not settle_cycle(cycle_id=cycle.pk, at=due - timedelta(microseconds=1))
    assert balances() == {}
    assert settle_cycle(cycle_id=cycle.pk, at=due)


def test_what_the_source_may_not_give_is_not_given_in_part() -> None:
    community = make_community()
    cycle = make_cycle(community)
    cast(cycle, {"alice": EVEN})
    publish(cycle)
    elsewhere = open_account(token=community.meta.token, name="elsewhere")
    left = 1_010 * UNIT - 1  # one base unit short
    transfer(
        debit=community.meta.source,
        credit=elsewhere,
        amount=1_000_000 * UNIT - left,
        reason="Other use",
        key="other-use",
        at=cycle.closes_at,
    )
    with pytest.raises(Refusal, match="not_enough"):
        settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert balances() == {"source": left - 1_000_000 * UNIT, "elsewhere": 1_000_000 * UNIT - left}
    assert Transfer.objects.count() == 1
    assert Cycle.objects.at(cycle.settles_at).get().phase == "challenge"


def test_positions_follow_the_order_of_storing() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"carol": EVEN, "alice": EVEN, "bob": EVEN})
    publish(cycle)
    voters = BallotPosition.objects.order_by("position").values_list("position", "ballot__voter")
    assert list(voters) == list(enumerate(map(address, ("carol", "alice", "bob"))))
