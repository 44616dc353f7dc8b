"""Contests in full: fall-backs, the vote over all programmes, floors and caps, many options, what blocks."""

import json
from fractions import Fraction

import pytest
from django.test import Client

from journal.refusal import Refusal
from ledger.models import Account, Transfer
from programmes.models import Programme, Typology
from tests.contests import (
    HALVES,
    amounts,
    announced_after,
    binding,
    cast,
    page_of,
    publish,
    received,
    settled,
    shares,
    with_meta,
)
from tests.factories import EVEN, HOUR, UNIT, Community, address, make_community, make_cycle
from votes.actions.closing import settle_cycle
from votes.models import ScheduledContest
from votes.record.rules import META, LastSplit, Rules
from votes.tally.fallback import fall_back

pytestmark = pytest.mark.django_db

LENDING = {"ignite": {"lending": 7_500, "exchanges": 2_500}}


def with_fallback(fallback: str) -> Community:
    """Two voters are needed in every contest; below that, `fallback`."""
    community = make_community(quorum_voters=2)
    ScheduledContest.objects.update(fallback=fallback)
    return community


# Fall-backs


def test_below_the_quorum_the_budget_is_split_equally_above_the_floors(client: Client) -> None:
    """Security: 10 % is audits' floor, and half of the other 90 % goes to each: 55 and 45 %."""
    cycle = make_cycle(with_fallback("equal_split"))
    cast(cycle, {"alice": EVEN})
    publish(cycle)
    row = binding(cycle, "security")
    assert (row.outcome, row.why, row.parameter) == ("equal_split", "", None)
    assert shares(row) == [Fraction(55, 100), Fraction(45, 100)]
    assert amounts(binding(cycle, "ignite")) == [500 * UNIT, 500 * UNIT]
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert received() == {
        "ignite/lending": 500 * UNIT,
        "ignite/exchanges": 500 * UNIT,
        "security/audits": 55 * UNIT // 10,
        "security/bounties": 45 * UNIT // 10,
    }
    page = page_of(client, cycle)
    assert (
        "Below its quorum of 0 % of all voting power and 2 voters, so by its frozen rules the budget" in page
    )
    assert "is split equally above the floors." in page
    assert client.get(f"/cycles/{cycle.number}/contests/security/").status_code == 200


def test_an_equal_split_over_a_cap_returns_to_the_reserve_and_says_why(client: Client) -> None:
    community = with_fallback("equal_split")
    Typology.objects.filter(slug="audits").update(floor=0, cap=4_000)
    cycle = make_cycle(community)
    publish(cycle)
    row = binding(cycle, "security")
    assert (row.outcome, row.why) == ("return_to_reserve", "An equal split would go over a cap.")
    assert amounts(row) == [0, 0]
    page = page_of(client, cycle)
    assert "Nobody with voting power split this budget, so by its frozen rules the whole budget stays" in page
    assert "An equal split would go over a cap." in page
    told = client.get(f"/api/v1/cycles/{cycle.number}/result/").json()["contests"]
    assert {row["why"] for row in told if row["programme"] == "security"} == {row.why}
    assert client.get(f"/cycles/{cycle.number}/contests/security/").status_code == 200


BOTH = {"alice": LENDING | {"security": {"bounties": 10_000}}}
BOTH |= {"bob": BOTH["alice"]}


def test_below_the_quorum_the_last_split_is_repeated_from_the_frozen_rules_alone(client: Client) -> None:
    community = with_fallback("repeat_last_split")
    first = settled(community, BOTH)
    second = announced_after(community, first)
    ignite, security = Rules.parse(second.announcement.rules_json).contests
    assert ignite.last_split == LastSplit(1, {"lending": Fraction(3, 4), "exchanges": Fraction(1, 4)})
    assert security.last_split == LastSplit(1, {"audits": Fraction(1, 10), "bounties": Fraction(9, 10)})
    publish(second)
    for contest in (ignite, security):
        assert contest.last_split is not None
        assert contest.budget is not None
        keys = [option.typology for option in contest.options]
        alone = fall_back(contest.fallback, keys, contest.bounds, contest.budget, contest.last_split.shares)
        row = binding(second, contest.programme)
        assert (row.outcome, row.why) == ("repeat_last_split", "")
        assert (tuple(shares(row)), tuple(amounts(row))) == (alone.shares, alone.amounts)
    assert "the budget is split as it was the last time." in page_of(client, second)
    assert settle_cycle(cycle_id=second.pk, at=second.settles_at)
    assert received()["ignite/lending"] == 1_500 * UNIT
    assert client.get(f"/cycles/{second.number}/contests/ignite/").status_code == 200


def test_only_what_was_voted_and_settled_by_the_announcement_is_repeated() -> None:
    community = with_fallback("repeat_last_split")
    first = settled(community, BOTH)
    unsettled = announced_after(community, first)
    publish(unsettled)  # falls back, and is not settled
    third = make_cycle(community, opens_in=100 * HOUR)
    frozen = third.announcement.rules.contests[0]
    assert frozen.last_split is not None
    assert frozen.last_split.cycle == first.number
    late = make_cycle(community, opens_in=-50 * HOUR, frozen=False)  # announced before the first was settled
    assert late.announcement.rules.contests[0].last_split is None


def test_without_a_last_split_there_is_none_to_repeat() -> None:
    cycle = make_cycle(with_fallback("repeat_last_split"))
    assert '"last_split":null' in cycle.announcement.rules_json
    publish(cycle)
    row = binding(cycle, "ignite")
    assert (row.outcome, row.why) == ("return_to_reserve", "There is no earlier split to repeat.")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slug": "loans"}, "The options are not those of the last split."),
        ({"cap": 7_499}, "The last split would break a floor or a cap of today."),
        ({"floor": 7_501}, "The last split would break a floor or a cap of today."),
        ({"floor": 7_500, "cap": 7_500}, ""),
    ],
)
def test_a_last_split_that_does_not_fit_today_returns_to_the_reserve(
    change: dict[str, object], why: str
) -> None:
    community = with_fallback("repeat_last_split")
    first = settled(community, BOTH)
    Typology.objects.filter(slug="lending").update(**change)
    second = announced_after(community, first)
    publish(second)
    row = binding(second, "ignite")
    assert row.why == why
    assert row.outcome == ("return_to_reserve" if why else "repeat_last_split")
    assert sum(amounts(row)) == (0 if why else 1_000 * UNIT)


# The vote over all programmes


def test_the_vote_over_all_programmes_gives_each_its_budget_which_its_own_vote_splits(client: Client) -> None:
    cycle = make_cycle(with_meta())
    over_all, ignite, security = cycle.announcement.rules.contests
    assert (over_all.programme, over_all.name, over_all.budget) == (META, "All programmes", 1_010 * UNIT)
    assert [option.typology for option in over_all.options] == ["ignite", "security"]
    assert (ignite.budget, security.budget) == (None, None)
    assert cycle.announcement.rules.limits.lines == 6
    cast(
        cycle,
        {"alice": {META: {"ignite": 8_000, "security": 2_000}} | EVEN, "bob": {"security": EVEN["security"]}},
    )
    publish(cycle)
    row = binding(cycle, META)
    assert amounts(row) == [808 * UNIT, 202 * UNIT]
    assert (row.voters, binding(cycle, "security").voters) == (1, 2)
    assert sum(amounts(binding(cycle, "ignite"))) == 808 * UNIT
    assert amounts(binding(cycle, "security")) == [202 * UNIT * 55 // 100, 202 * UNIT * 45 // 100]
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert sum(received().values()) == 1_010 * UNIT
    assert Account.objects.get(name="source").balance == -1_010 * UNIT

    page = page_of(client, cycle)
    assert "Cycle 1 moved" in page
    assert "1,010 TST" in page
    assert "202 TST" in page
    assert page.index("All programmes") < page.index('id="ignite"')
    told = client.get(f"/api/v1/cycles/{cycle.number}/result/").json()["contests"]
    budgets = {contest["programme"]: contest["budget"] for contest in told}
    assert budgets == {META: str(1_010 * UNIT), "ignite": str(808 * UNIT), "security": str(202 * UNIT)}
    for key in ("all_programmes", "ignite", "security"):
        assert client.get(f"/cycles/{cycle.number}/contests/{key}/").status_code == 200
    assert client.get("/").status_code == 200
    shown = client.get(f"/api/v1/cycles/{cycle.number}/").json()["contests"]
    assert [(contest["programme"], contest["budget"]) for contest in shown] == [
        (META, str(1_010 * UNIT)),
        ("ignite", None),
        ("security", None),
    ]
    digest = bytes(cycle.ballots.get(voter=address("alice")).digest).hex()
    assert "All programmes" in page_of(client, cycle, f"ballots/{digest}/")


def test_the_ballot_page_asks_for_all_programmes_first_and_knows_no_amounts_below(client: Client) -> None:
    cycle = make_cycle(with_meta())
    page = page_of(client, cycle, "ballot/")
    assert page.index('id="contest-*"') < page.index('id="contest-ignite"')
    assert page.count("The vote over all programmes decides its budget") == 2
    document = json.loads(
        page.split('<script id="ballot-data" type="application/json">')[1].split("</script>")[0]
    )
    assert [contest["budget"] for contest in document["contests"]] == [str(1_010 * UNIT), None, None]
    assert "budget: what the vote over all programmes gives it" in page_of(client, cycle, "")


def test_a_programme_that_is_given_nothing_has_no_tally(client: Client) -> None:
    cycle = make_cycle(with_meta())
    cast(cycle, {"alice": {META: {"security": 10_000}} | EVEN})
    publish(cycle)
    row = binding(cycle, "ignite")
    assert (row.outcome, row.voters, amounts(row)) == ("nothing_given", 1, [0, 0])
    assert amounts(binding(cycle, "security"))[0] == 1_010 * UNIT * 55 // 100
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert not any(name.startswith("ignite") for name in received())
    assert "The vote over all programmes gave it nothing" in page_of(client, cycle)
    assert "nothing was given to it to split" in page_of(client, cycle, "contests/ignite/")
    assert "given nothing by the vote over all programmes" in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("fallback", "budgets"),
    [("return_to_reserve", [0, 0]), ("equal_split", [505, 505]), ("repeat_last_split", [0, 0])],
)
def test_below_its_quorum_the_vote_over_all_programmes_falls_back(fallback: str, budgets: list[int]) -> None:
    cycle = make_cycle(with_meta(quorum_voters=2, fallback=fallback))
    cast(cycle, {"alice": HALVES | EVEN})
    publish(cycle)
    assert amounts(binding(cycle, META)) == [budget * UNIT for budget in budgets]
    expected = "split" if budgets[0] else "nothing_given"
    assert {binding(cycle, key).outcome for key in ("ignite", "security")} == {expected}
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert sum(received().values()) == sum(budgets) * UNIT


def test_the_vote_over_all_programmes_repeats_its_last_split() -> None:
    community = with_meta(quorum_voters=1, fallback="repeat_last_split")
    first = settled(community, {"alice": {META: {"ignite": 9_000, "security": 1_000}} | EVEN})
    second = announced_after(community, first)
    publish(second)
    assert binding(second, META).outcome == "repeat_last_split"
    assert amounts(binding(second, META)) == [909 * UNIT, 101 * UNIT]
    assert binding(second, "ignite").outcome == "return_to_reserve"
    assert sum(amounts(binding(second, "ignite"))) == 0


def test_floors_and_caps_of_programmes_hold_for_lines_and_results() -> None:
    community = with_meta()
    ScheduledContest.objects.filter(programme__slug="ignite").update(floor=2_000, cap=6_000)
    cycle = make_cycle(community)
    with pytest.raises(Refusal, match="over_cap"):
        cast(cycle, {"alice": {META: {"ignite": 5_001, "security": 4_999}}})
    cast(cycle, {"alice": HALVES, "bob": {META: {"security": 10_000}}})
    publish(cycle)
    given = amounts(binding(cycle, META))
    assert sum(given) == 1_010 * UNIT
    assert 1_010 * UNIT * 2_000 <= given[0] * 10_000 <= 1_010 * UNIT * 6_000


# Abstention, withdrawal, budgets of nothing


def test_abstaining_in_one_contest_and_withdrawing_from_all_count_nowhere() -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": EVEN, "bob": {"ignite": {"exchanges": 10_000}}})
    cast(cycle, {"alice": {}}, nonce=2)
    result = publish(cycle)
    assert (result.voters, result.power) == (1, 30 * UNIT)
    ignite, security = binding(cycle, "ignite"), binding(cycle, "security")
    assert (ignite.voters, ignite.power, amounts(ignite)) == (1, 30 * UNIT, [0, 1_000 * UNIT])
    assert (security.voters, security.power, security.outcome) == (0, 0, "return_to_reserve")


def test_a_budget_of_nothing_is_voted_on_shown_and_moves_nothing(client: Client) -> None:
    community = make_community()
    Programme.objects.update(budget=0)
    cycle = make_cycle(community)
    cast(cycle, {"alice": EVEN})
    publish(cycle)
    row = binding(cycle, "ignite")
    assert (row.outcome, shares(row), amounts(row)) == ("split", [Fraction(3, 5), Fraction(2, 5)], [0, 0])
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert not Transfer.objects.exists()
    assert "60.0 %" in page_of(client, cycle)


def test_residual_shares_stand_on_page_and_in_the_api(client: Client) -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": {"security": {"audits": 7_000, "bounties": 3_000}}})
    assert "77.77 % of your 100 %" in page_of(client, cycle, "ballot/")
    shown = client.get(f"/api/v1/cycles/{cycle.number}/").json()["contests"][1]
    assert shown["residual"] == 9_000
    assert [option["largest_line"] for option in shown["options"]] == [7_777, 10_000]
    publish(cycle)
    told = client.get(f"/api/v1/cycles/{cycle.number}/result/").json()["contests"]
    audits = next(row for row in told if row["programme"] == "security" and row["is_binding"])["options"][0]
    assert (audits["share"], audits["residual_share"]) == ("73/100", "7/10")
    ignite = next(row for row in told if row["programme"] == "ignite")["options"][0]
    assert (ignite["share"], ignite["residual_share"]) == ("0", "0")
    page = page_of(client, cycle)
    assert "Above floors" in page
    assert page.index("73.0 %") < page.index("70.0 %")


@pytest.mark.parametrize(
    ("quorum_power", "quorum_voters", "outcome"),
    [(8_000, 2, "split"), (8_001, 2, "equal_split"), (8_000, 3, "equal_split"), (10_000, 0, "equal_split")],
)
def test_a_quorum_asks_for_power_and_for_voters_and_counts_newest_ballots_only(
    quorum_power: int, quorum_voters: int, outcome: str
) -> None:
    """Alice and Bob hold 80 % and vote on all programmes; Carol did too, and then left that vote out."""
    community = with_meta(quorum_power=quorum_power, quorum_voters=quorum_voters, fallback="equal_split")
    cycle = make_cycle(community)
    cast(cycle, dict.fromkeys(("alice", "bob", "carol"), HALVES | EVEN))
    cast(cycle, {"carol": EVEN}, nonce=2)
    publish(cycle)
    row = binding(cycle, META)
    assert (row.outcome, row.voters, row.power) == (outcome, 2, 80 * UNIT)
    assert binding(cycle, "ignite").voters == 3
