"""What a result would have been without some ballots: the same as a vote in which those were never cast."""

from fractions import Fraction

import pytest
from django.test import Client

from tests.contests import HALVES, Split, binding, cast, page_of, publish, received, with_meta
from tests.factories import HOUR, Community, address, make_community, make_cycle, wallet
from tests.records import SPLITS
from votes.actions.counterfactuals import vary_result
from votes.actions.records import build_closed_record
from votes.actions.steps import STEPS
from votes.models import Counterfactual, Cycle
from votes.tally import Bounds, Profile, tally

pytestmark = pytest.mark.django_db
POWERS = {"alice": 50, "bob": 30, "carol": 20, "dora": 7, "erik": 5}
ALL: dict[str, Split] = {
    **SPLITS,
    "dora": {"ignite": {"lending": 9_000, "exchanges": 1_000}},
    "erik": {"ignite": {"exchanges": 10_000}, "security": {"audits": 7_500, "bounties": 2_500}},
}


def voted(community: Community, splits: dict[str, Split]) -> Cycle:
    cycle = make_cycle(community, opens_in=-HOUR, voting=2 * HOUR)
    cast(cycle, splits)
    publish(cycle)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)
    return cycle


def without(cycle: Cycle, kind: str) -> Counterfactual:
    assert STEPS["counterfactuals"].due(cycle.closes_at).filter(pk=cycle.pk).exists()
    assert vary_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert not STEPS["counterfactuals"].due(cycle.closes_at).filter(pk=cycle.pk).exists()
    assert not vary_result(cycle_id=cycle.pk, at=cycle.closes_at)
    return Counterfactual.objects.get(result__cycle=cycle, kind=kind)


def as_published(cycle: Cycle, programme: str) -> dict[str, object]:
    row = binding(cycle, programme)
    options = list(row.options.all())
    return {
        "outcome": row.outcome,
        "shares": [option.share for option in options],
        "amounts": [str(option.amount) for option in options],
    }


@pytest.mark.parametrize("live", [True, False])
def test_without_the_three_largest_powers_it_is_as_if_they_had_not_voted(live: bool) -> None:
    cycle = voted(make_community(POWERS, live_results=live), ALL)
    row = without(cycle, "without_largest")
    assert row.left_out == sorted(address(name) for name in ("alice", "bob", "carol"))
    assert row.contests != {name: as_published(cycle, name) for name in ("ignite", "security")}
    assert row.contests == worked_out({name: ALL[name] for name in ("dora", "erik")})
    assert received() == {}


def worked_out(splits: dict[str, Split]) -> dict[str, object]:
    """The result of a vote in which only these ballots were cast, worked out apart from the database's rows."""
    terms = {
        "ignite": ("ladder", ["lending", "exchanges"], [Bounds(0, 10_000)] * 2, 1_000 * 10**18),
        "security": ("mean", ["audits", "bounties"], [Bounds(1_000, 8_000), Bounds(0, 10_000)], 10 * 10**18),
    }
    contests: dict[str, object] = {}
    for programme, (rule, options, bounds, budget) in terms.items():
        cells: list[dict[int, int]] = [{} for _ in options]
        power = 0
        for name, split in splits.items():
            if programme in split:
                power += POWERS[name]
                for place, option in enumerate(options):
                    if share := split[programme].get(option, 0):
                        cells[place][share] = cells[place].get(share, 0) + POWERS[name]
        outcome = tally(rule, Profile(tuple(cells), power), bounds, budget)
        contests[programme] = {
            "outcome": "split",
            "shares": [str(Fraction(share)) for share in outcome.shares],
            "amounts": [str(amount) for amount in outcome.amounts],
        }
    return contests


def test_a_facilitator_is_left_out_of_the_own_programme_and_of_all_programmes_alone() -> None:
    community = with_meta()
    community.ignite.facilitators.create(
        wallet=wallet("bob"),
        starts_at=community.schedule.first_opens_at - 1_000 * HOUR,
        ends_at=community.schedule.first_opens_at + 1_000 * HOUR,
        pay_rule="A share.",
        interest="None.",
    )
    splits: dict[str, Split] = {
        "alice": {**SPLITS["alice"], **HALVES},
        "bob": {
            "ignite": {"exchanges": 10_000},
            "security": {"bounties": 10_000},
            "*": {"ignite": 9_000, "security": 1_000},
        },
    }
    cycle = voted(community, splits)
    row = without(cycle, "without_conflicts")
    assert row.left_out == [address("bob")]
    assert row.contests["*"]["shares"] == ["1/2", "1/2"]
    assert row.contests["ignite"]["shares"] == ["3/5", "2/5"]
    assert row.contests["security"]["shares"] == as_published(cycle, "security")["shares"]


def test_the_page_says_that_it_binds_nobody(client: Client) -> None:
    cycle = voted(make_community(POWERS), ALL)
    assert "What if" not in page_of(client, cycle)
    without(cycle, "without_largest")
    page = page_of(client, cycle)
    assert "This binds nobody" in page
    assert "Without the three largest powers" in page
    assert "so nothing is left out" in page


def test_where_nobody_is_left_nothing_would_be_split(client: Client) -> None:
    cycle = voted(make_community(), SPLITS)
    row = without(cycle, "without_largest")
    assert {contest["outcome"] for contest in row.contests.values()} == {"return_to_reserve"}
    assert "Nothing would be split." in page_of(client, cycle)
