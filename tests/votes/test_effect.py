"""What a ballot would change: the same to the base unit as the result with it really cast, less the one without."""

import json
import random
import time
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from programmes.models import MetaProgramme
from tests.contests import cast, with_meta
from tests.factories import EVEN, HOUR, UNIT, Community, address, make_community, make_cycle
from votes.actions import counting
from votes.models import Cycle, MetaContest, ScheduledContest
from votes.tally import RULES

pytestmark = pytest.mark.django_db

Split = Mapping[str, Mapping[str, int]]
CAPS = {("security", "audits"): 7_000 * 10_000 // 9_000}  # of what the floor of a tenth leaves


def ask(client: Client, cycle: Cycle, name: str, split: Split) -> Any:
    lines = [
        {"programme": programme, "typology": typology, "basisPoints": share}
        for programme, shares in split.items()
        for typology, share in shares.items()
    ]
    body = json.dumps({"voter": address(name), "lines": lines})
    return client.post(f"/api/v1/cycles/{cycle.number}/effect/", body, content_type="application/json")


def recomputed(cycle: Cycle) -> dict[str, dict[str, int]]:
    """Amounts by contest and option, from the ballots that are stored, by what closing does."""
    cycle = Cycle.objects.select_related("announcement", "power__snapshot").get(pk=cycle.pk)
    awards = counting.awards_of(cycle, counting.read_histogram(cycle), counting.read_voters(cycle))
    return {
        contest.key: dict(
            zip((option.key for option in contest.options.all()), by[contest.rule].amounts, strict=True)
        )
        for contest, by in awards
    }


def amounts(answer: Any, which: str) -> dict[str, dict[str, int]]:
    assert answer.status_code == 200, answer.content
    return {
        contest["programme"]: {option["typology"]: int(option[which]) for option in contest["options"]}
        for contest in answer.json()["contests"]
    }


def random_split(chance: random.Random) -> Split:
    """Some contests left out; within caps; never quite nothing."""
    split: dict[str, dict[str, int]] = {}
    for programme, (first, second) in {
        "*": ("ignite", "security"),
        "ignite": ("lending", "exchanges"),
        "security": ("audits", "bounties"),
    }.items():
        if chance.random() < 0.25:
            continue
        share = chance.choice([0, 10_000, chance.randrange(1, 10_000)])
        share = min(share, CAPS.get((programme, first), 10_000))
        split[programme] = {key: s for key, s in ((first, share), (second, 10_000 - share)) if s}
    return split or {"ignite": {"lending": 10_000}}


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("seed", range(2))
def test_it_is_what_the_result_really_changes_by(client: Client, rule: str, seed: int) -> None:
    """All rules, a vote over all programmes, floors, caps, quorums by power and by voters, every fall-back."""
    chance = random.Random(f"{rule}{seed}")
    people = {f"voter{n}": chance.randrange(1, 10**22) for n in range(5)}
    community = make_community(people, rules={"ignite": rule, "security": rule}, quorum_power=3_000)
    ScheduledContest.objects.filter(programme__slug="security").update(
        fallback=chance.choice(["equal_split", "return_to_reserve"]), quorum_voters=2
    )
    MetaContest.objects.create(schedule=community.schedule, rule=rule, quorum_voters=seed)
    assert MetaProgramme.objects.get().budget_per_cycle == 1_010 * UNIT
    cycle = make_cycle(community)
    for nonce in range(1, 13):
        name, split = chance.choice(list(people)), random_split(chance)
        answer = ask(client, cycle, name, split)
        assert amounts(answer, "now") == recomputed(cycle)
        cast(cycle, {name: split}, nonce=nonce)
        assert amounts(answer, "then") == recomputed(cycle)
        for contest in answer.json()["contests"]:
            for option in contest["options"]:
                assert int(option["difference"]) == int(option["then"]) - int(option["now"])


def test_shares_are_exact_and_withdrawing_is_a_ballot_too(client: Client) -> None:
    cycle = make_cycle(make_community(rules={"ignite": "mean", "security": "mean"}))
    cast(cycle, {"alice": {"ignite": {"lending": 10_000}}, "bob": EVEN})
    answer = ask(client, cycle, "carol", {"ignite": {"exchanges": 10_000}})
    lending = answer.json()["contests"][0]["options"][0]
    # 68 of 80 before, 68 of 100 with it
    assert lending == {
        "typology": "lending",
        "now": str(850 * UNIT),
        "then": str(680 * UNIT),
        "difference": str(-170 * UNIT),
        "basis_points": "-1700",
    }
    assert "no-store" in answer["Cache-Control"]
    withdrawn = ask(client, cycle, "bob", {})
    assert amounts(withdrawn, "then")["ignite"] == {"lending": 1_000 * UNIT, "exchanges": 0}


@pytest.mark.parametrize(
    ("split", "status", "refusal"),
    [
        ({"ignite": {"lending": 9_999}}, 422, "lines_do_not_sum"),
        ({"ignite": {"bridges": 10_000}}, 422, "unknown_option"),
        ({"security": {"audits": 10_000}}, 422, "over_cap"),
        ({"ignite": {"lending": 0}}, 400, "malformed"),
    ],
)
def test_what_no_ballot_may_say_is_refused_alike(
    client: Client, split: Split, status: int, refusal: str
) -> None:
    answer = ask(client, make_cycle(make_community()), "alice", split)
    assert (answer.status_code, answer.json()["refusal"]) == (status, refusal)


def test_it_is_refused_by_name_where_there_is_nothing_to_tell(client: Client) -> None:
    community: Community = with_meta()
    coming = make_cycle(community, opens_in=30 * HOUR)
    past = make_cycle(community, opens_in=-90 * HOUR)
    assert ask(client, coming, "alice", EVEN).json()["refusal"] == "not_open_yet"
    assert ask(client, past, "alice", EVEN).json()["refusal"] == "closed"
    cycle = make_cycle(community)
    assert ask(client, cycle, "mallory", EVEN).json()["refusal"] == "no_power_at_snapshot"


def test_a_sealed_cycle_tells_nothing(client: Client) -> None:
    cycle = make_cycle(make_community(live_results=False))
    answer = ask(client, cycle, "alice", EVEN)
    assert (answer.status_code, answer.json()["refusal"]) == (409, "sealed")


def test_asking_again_is_fast(client: Client) -> None:
    cycle = make_cycle(make_community())
    cast(cycle, {"alice": EVEN, "bob": EVEN})
    ask(client, cycle, "carol", EVEN)
    took = []
    for _ in range(10):
        started = time.perf_counter()
        assert ask(client, cycle, "carol", EVEN).status_code == 200
        took.append(time.perf_counter() - started)
    assert sorted(took)[5] < 0.1, took  # seconds, on a busy machine; the demo's are in docs/performance.md
