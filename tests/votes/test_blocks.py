"""Names, sizes and everything else that keeps a cycle from being announced; what is frozen; all amounts together."""

import json
import random
from fractions import Fraction

import pytest
from django.test import Client

from journal.clock import database_clock
from journal.refusal import Refusal
from ledger.models import Account
from power.actions import publish_register
from power.registers import Entry
from programmes.models import Admission, MetaProgramme, Programme, Typology
from programmes.names import look_alike_key
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
from tests.factories import EVEN, HOUR, POWERS, UNIT, address, make_community, make_cycle
from votes.actions.blocks import blocks_of_contests
from votes.actions.closing import settle_cycle
from votes.actions.cycles import announce_cycle, what_blocks
from votes.models import Contest, OptionResult, ScheduledContest
from votes.record.rules import META, ContestRules, LastSplit, OptionRules, Rules
from votes.tally import largest_lines, profile, tally

pytestmark = pytest.mark.django_db

# Names and sizes


def fill(programme: Programme, count: int) -> None:
    """Give a programme so many typologies."""
    example = programme.typologies.all()[0]
    programme.typologies.all().delete()
    for number in range(count):
        name = f"Choice {chr(0x4E00 + number)}"
        account = Account.objects.create(token=example.account.token, name=f"typology/choice-{number}")
        example.pk = None
        example._state.adding = True
        example.slug, example.name, example.name_key = f"choice-{number}", name, look_alike_key(name)
        example.account, example.position, example.colour = account, number, number % 10 + 1
        example.thread = type(example.thread).objects.create(
            title=name, address=f"/x/{number}/", opened_at=database_clock()
        )
        example.save()


def test_a_contest_of_300_options_works_from_ballot_to_money(client: Client) -> None:
    community = make_community()
    fill(community.ignite, 300)
    cycle = make_cycle(community)
    lines = {f"choice-{number}": 34 if number < 100 else 33 for number in range(300)}
    cast(cycle, {"alice": {"ignite": lines}, "bob": {"ignite": {"choice-299": 10_000}}})
    assert page_of(client, cycle, "ballot/").count('<li class="line">') >= 300
    publish(cycle)
    row = binding(cycle, "ignite")
    assert sum(amounts(row)) == 1_000 * UNIT
    assert (len(amounts(row)), sum(shares(row)), row.outcome) == (300, 1, "split")
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert "Choice" in page_of(client, cycle)
    assert client.get(f"/cycles/{cycle.number}/contests/ignite/").status_code == 200


def options(*names: str, cap: int = 10_000) -> tuple[OptionRules, ...]:
    return tuple(OptionRules(f"option-{n}", name, 0, cap) for n, name in enumerate(names))


def contest(name: str = "Ignite", **changes: object) -> ContestRules:
    terms: dict[str, object] = {
        "programme": "ignite",
        "name": name,
        "budget": 10,
        "rule": "ladder",
        "quorum_power": 0,
        "quorum_voters": 0,
        "fallback": "return_to_reserve",
        "options": options("Lending", "Exchanges"),
    }
    return ContestRules(**{**terms, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("contests", "words"),
    [
        ([], "no programme stands on the ballot"),
        (
            [contest(rule="plurality")],
            "Ignite: the rule “plurality” is not known. Choose one of mean, ladder",
        ),
        (
            [contest(fallback="burn")],
            "Ignite: the fall-back “burn” is not known. Choose one of return_to_reserve",
        ),
        ([contest(options=())], "Ignite: a contest needs at least one option."),
        (
            [contest(options=options(*map(chr, range(0x4E00, 0x4E00 + 301))))],
            "it has 301 options. At most 300",
        ),
        (
            [contest(options=options("Lending", "LENDING"))],
            "options look alike: “Lending” and “LENDING”. Give",
        ),
        ([contest(options=options("Lending", "Lеnding"))], "options look alike"),  # the e is Cyrillic
        ([contest("Ignite"), contest("lgnite")], "Programmes look alike: “Ignite” and “lgnite”."),
        ([contest(options=options("A", "B", cap=4_999))], "Ignite: the caps sum to 9998 basis points"),
        ([contest(options=(OptionRules("a", "A", 6_000, 5_000),))], "needs 0 <= floor <= cap"),
        ([contest(options=(OptionRules("a", "A", 10_001, 10_001),))], "needs 0 <= floor <= cap"),
    ],
)
def test_what_blocks_is_told_in_words(contests: list[ContestRules], words: str) -> None:
    assert any(words in block for block in blocks_of_contests(contests))


def test_nothing_blocks_contests_that_are_in_order() -> None:
    assert blocks_of_contests([contest(), contest("Security")]) == []


def test_everything_that_blocks_an_announcement_is_told_at_once() -> None:
    community = with_meta()
    ScheduledContest.objects.filter(programme__slug="ignite").update(floor=0, cap=1_000)
    ScheduledContest.objects.filter(programme__slug="security").update(floor=0, cap=8_000)
    Typology.objects.filter(slug="audits").update(name="B0unties")
    nobody = publish_register(name="Empty", entries=[Entry(address("alice"), 0, "")], at=database_clock())
    MetaProgramme.objects.update(register=nobody, budget_per_cycle=1_000_001 * UNIT)
    cycle = make_cycle(community, opens_in=24 * HOUR, announced=False)
    blocks = what_blocks(cycle, cycle.announced_at)
    assert blocks == [
        "Nobody could vote: the register holds no voting power.",
        "All programmes: the caps sum to 9000 basis points: less than the whole budget.",
        "Security: options look alike: “B0unties” and “Bounties”. Give each a name that cannot be taken for another.",
        "The budgets sum to 1,000,001 TST, but the source may give only 1,000,000 more, announced cycles counted.",
    ]
    with pytest.raises(Refusal) as refusal:
        announce_cycle(cycle_id=cycle.pk, at=cycle.announced_at)
    assert (refusal.value.name, refusal.value.words) == ("cannot_be_announced", " ".join(blocks))


def test_what_announced_cycles_may_yet_take_is_counted_until_they_are_settled() -> None:
    community = make_community()
    first = make_cycle(community)
    Programme.objects.filter(slug="ignite").update(budget=999_000 * UNIT)
    second = make_cycle(community, opens_in=60 * HOUR, announced=False)
    (block,) = what_blocks(second, second.announced_at)
    assert "sum to 999,010 TST, but the source may give only 998,990 more" in block
    publish(first)
    assert settle_cycle(cycle_id=first.pk, at=first.settles_at)  # nobody voted, nothing was given
    assert what_blocks(second, second.announced_at) == []


def test_a_programme_that_is_only_proposed_cannot_be_put_to_the_vote() -> None:
    cycle = make_cycle(make_community(), opens_in=24 * HOUR, announced=False)
    before = Admission.objects.earliest("admitted_at").admitted_at - HOUR
    assert what_blocks(cycle, before) == [
        "Ignite: it is only proposed. Admit it or take it off the ballot.",
        "Security: it is only proposed. Admit it or take it off the ballot.",
    ]
    assert what_blocks(cycle) == []


# Over all contests


@pytest.mark.parametrize("seed", range(5))
def test_all_amounts_keep_within_floors_caps_and_the_whole_budget(seed: int) -> None:
    chance = random.Random(seed)
    community = with_meta(
        rule=chance.choice(["mean", "ladder", "median_phantoms"]),
        quorum_voters=chance.randint(0, 3),
        fallback=chance.choice(["equal_split", "return_to_reserve"]),
    )
    MetaProgramme.objects.update(budget_per_cycle=chance.randrange(1, 10**20))
    ScheduledContest.objects.filter(programme__slug="ignite").update(floor=1_000, cap=7_000)
    ScheduledContest.objects.update(
        fallback="equal_split", quorum_voters=chance.randint(0, 3), position=chance.randint(0, 9)
    )
    cycle = make_cycle(community)
    rules = cycle.announcement.rules
    for name in POWERS:
        split = {c.programme: random_lines(chance, c) for c in rules.contests if chance.random() < 0.8}
        cast(cycle, {name: split})
    result = publish(cycle)
    paid = 0
    for row in result.contests.filter(is_binding=True).prefetch_related("options__option"):
        budget = result.budgets[row.contest_id]
        assert budget is not None
        assert sum(amounts(row)) == (budget if row.pays else 0)
        for option in row.options.all():
            low, high = option.option.floor * budget, option.option.cap * budget
            assert not row.pays or low - 10_000 < option.amount * 10_000 < high + 10_000
        paid += 0 if row.contest.is_over_programmes else sum(amounts(row))
    whole = MetaProgramme.objects.get().budget_per_cycle
    assert paid <= whole
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert sum(received().values()) == paid == -Account.objects.get(name="source").balance


def random_lines(chance: random.Random, rules: ContestRules) -> dict[str, int]:
    """A whole split at random that keeps within all caps."""
    lines = dict.fromkeys((option.typology for option in rules.options), 0)
    largest = dict(zip(lines, largest_lines(rules.bounds), strict=True))
    left = 10_000
    while left:
        key = chance.choice([key for key in lines if lines[key] < largest[key]])
        more = chance.randint(1, min(left, largest[key] - lines[key]))
        lines[key] += more
        left -= more
    return {key: line for key, line in lines.items() if line}


@pytest.mark.parametrize(
    "rule", ["mean", "ladder", "median_phantoms", "independent_markets", "piecewise_uniform"]
)
def test_the_order_of_programmes_changes_nothing_but_ties(rule: str) -> None:
    chance = random.Random(rule)
    rules = contest(options=options("A", "B", "C", "D"))
    votes = [
        (chance.randrange(1, 10**20), {int(k[-1]): line for k, line in random_lines(chance, rules).items()})
        for _ in range(7)
    ]
    order = [2, 0, 3, 1]
    moved = [(power, {order.index(place): line for place, line in lines.items()}) for power, lines in votes]
    straight = tally(rule, profile(votes, 4), rules.bounds, 10**21)
    turned = tally(rule, profile(moved, 4), rules.bounds, 10**21)
    assert tuple(straight.shares[place] for place in order) == turned.shares
    assert all(
        abs(straight.amounts[place] - amount) <= 1
        for place, amount in zip(order, turned.amounts, strict=True)
    )


# The record


def test_rules_frozen_before_these_contests_keep_their_bytes_and_hash() -> None:
    cycle = make_cycle(make_community())
    document = json.loads(cycle.announcement.rules_json)
    del document["limits"]["lines"]
    old = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    rules = Rules.parse(old)
    assert (rules.limits.lines, rules.contests[0].last_split) == (None, None)
    assert rules.data == old.encode()
    again = Rules(**{name: value for name, value in vars(rules).items() if name not in {"data", "hash"}})
    assert again.data == rules.data
    assert again.hash == rules.hash


def test_rules_of_every_kind_are_read_as_they_were_written() -> None:
    community = with_meta(fallback="repeat_last_split")
    ScheduledContest.objects.update(fallback="repeat_last_split")
    first = settled(community, {"alice": HALVES | EVEN})
    rules = announced_after(community, first).announcement.rules
    again = Rules(**{name: value for name, value in vars(rules).items() if name not in {"data", "hash"}})
    assert again.data == rules.data
    assert again == rules
    assert rules.contests[0].last_split == LastSplit(
        1, {"ignite": Fraction(1, 2), "security": Fraction(1, 2)}
    )


def test_a_ballot_of_more_lines_than_there_are_options_is_refused_before_they_are_read() -> None:
    cycle = make_cycle(make_community())
    lines = {f"ghost-{number}": 1 for number in range(5)}
    with pytest.raises(Refusal, match="at most 4 lines"):
        cast(cycle, {"alice": {"ignite": lines}})


def test_contests_given_their_budget_hold_none_of_their_own() -> None:
    cycle = make_cycle(with_meta())
    assert list(Contest.objects.values_list("key", "budget", "position")) == [
        (META, 1_010 * UNIT, 0),
        ("ignite", None, 1),
        ("security", None, 2),
    ]
    assert cycle.options.count() == 6
    assert not OptionResult.objects.exists()
