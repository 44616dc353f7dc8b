"""Uptake, checked by hand on a community of four, one of whom has no power."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deliberation.actions import publish_post
from tests.factories import EVEN, HOUR, POWERS, UNIT, Community, make_community, make_cycle, signed, wallet
from tpp.pages import uptake
from votes.actions.closing import close_cycle, publish_result
from votes.actions.cycles import announce_cycle, freeze_power, plan_cycle
from votes.actions.past import record_ballot
from votes.models import (
    Announcement,
    Cancellation,
    Contest,
    ContestResult,
    Cycle,
    Option,
    OptionResult,
    Result,
    Verification,
)
from votes.pictures import percent, points
from votes.record.rules import Instants

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
START = datetime(2025, 1, 1, 18, tzinfo=UTC)
VOTING = 100 * HOUR  # so that the last tenth begins 90 hours after the opening
WITHDRAW: Mapping[str, Mapping[str, int]] = {}

Given = tuple[str, float, Mapping[str, Mapping[str, int]]]


@pytest.fixture
def community() -> Community:
    return make_community({**POWERS, "dave": 0})


def past_cycle(
    community: Community,
    number: int,
    ballots: Sequence[Given] = (),
    *,
    origin: str = "demo",
    certified: bool = True,
) -> Cycle:
    """A closed cycle; `ballots` are name, hours after the opening, and split, in the order in which they came."""
    opens_at = START + 10 * number * DAY
    instants = Instants(
        announced_at=opens_at - 3 * DAY,
        snapshot_at=opens_at - DAY,
        opens_at=opens_at,
        closes_at=opens_at + VOTING,
        settles_at=opens_at + VOTING + DAY,
    )
    planned = plan_cycle(
        schedule=community.schedule, instants=instants, at=instants.announced_at, origin=origin, number=number
    )
    assert announce_cycle(cycle_id=planned.pk, at=instants.announced_at)
    assert freeze_power(cycle_id=planned.pk, at=instants.snapshot_at)
    cycle = Cycle.objects.get(pk=planned.pk)
    for nonce, (name, hours, split) in enumerate(ballots, start=1):
        submission = signed(name, cycle, split, nonce=nonce)
        record_ballot(
            cycle=cycle,
            signed=submission.ballot,
            rules=Announcement.objects.get(cycle=cycle).rules,
            signature=submission.signature,
            received_at=opens_at + hours * HOUR,
        )
    if certified:
        assert close_cycle(cycle_id=cycle.pk, at=instants.closes_at)
        assert publish_result(cycle_id=cycle.pk, at=instants.closes_at)
    return cycle


def four_cycles(community: Community) -> None:
    """Two ordinary cycles, one in which ballots are replaced and withdrawn, and one in which nobody voted."""
    past_cycle(community, 1, [("alice", 1, EVEN), ("bob", 2, EVEN)])
    past_cycle(community, 2, [("alice", 1, EVEN), ("carol", 2, EVEN), ("carol", 3, WITHDRAW)])
    past_cycle(
        community,
        3,
        [
            ("alice", 5, EVEN),
            ("carol", 10, EVEN),
            ("bob", 50, EVEN),
            ("carol", 92, WITHDRAW),
            ("alice", 95, EVEN),
        ],
    )
    past_cycle(community, 4)


def figures(client: Client, number: int) -> dict[str, Any]:
    """What the API says of one cycle."""
    cycles = client.get("/api/v1/uptake/").json()["cycles"]
    found: dict[str, Any] = next(cycle for cycle in cycles if cycle["cycle"] == number)
    return found


def test_turnout_counts_newest_ballots_of_delegates_with_power(client: Client, community: Community) -> None:
    four_cycles(community)
    assert figures(client, 3)["turnout"] == {
        "by_voters": "2/3",  # alice and bob of alice, bob and carol: dave has no power
        "by_power": "4/5",
        "voters": 2,
        "delegates": 3,
        "voted_power": str(80 * UNIT),
        "power": str(100 * UNIT),
    }


def test_a_ballot_without_power_is_signed_but_does_not_vote(client: Client, community: Community) -> None:
    past_cycle(community, 1, [("alice", 1, EVEN), ("dave", 2, EVEN)])
    assert figures(client, 1)["turnout"]["voters"] == 1
    assert figures(client, 1)["ballots"]["signed"] == 2


def test_ballots_are_signed_replaced_withdrawn_and_late(client: Client, community: Community) -> None:
    four_cycles(community)
    assert figures(client, 3)["ballots"] == {
        "signed": 5,
        "replaced": 2,
        "withdrawn": 1,  # carol's, late too, but she did not vote
        "late": 1,
        "late_share": "1/2",
    }
    assert figures(client, 2)["ballots"]["late"] == 0


def test_a_withdrawal_that_was_replaced_withdraws_nothing(client: Client, community: Community) -> None:
    past_cycle(community, 1, [("alice", 1, WITHDRAW), ("alice", 2, EVEN)])
    ballots = figures(client, 1)["ballots"]
    assert (ballots["signed"], ballots["replaced"], ballots["withdrawn"]) == (2, 1, 0)
    assert figures(client, 1)["turnout"]["voters"] == 1


@pytest.mark.parametrize(("hours", "late"), [(90, 1), (90 - 1e-9, 0), (99.9, 1)])
def test_the_last_tenth_is_half_open(client: Client, community: Community, hours: float, late: int) -> None:
    cycle = past_cycle(community, 1, [("alice", hours, EVEN)])
    assert cycle.closes_at - cycle.opens_at == VOTING
    assert figures(client, 1)["ballots"]["late"] == late


def test_active_delegates_signed_in_two_of_the_five_cycles_before(
    client: Client, community: Community
) -> None:
    four_cycles(community)
    assert figures(client, 2)["active"]["by_voters"] is None  # one cycle before it: nobody can be active
    assert figures(client, 3)["active"] == {
        "by_voters": "1",  # alice alone signed in both
        "by_power": "1",
        "voters": 1,
        "delegates": 1,
        "voted_power": str(50 * UNIT),
        "power": str(50 * UNIT),
    }
    fourth = figures(client, 4)["active"]
    assert (fourth["delegates"], fourth["voters"], fourth["by_power"]) == (
        3,
        0,
        "0",
    )  # carol signed, if in vain


def test_who_has_no_power_is_not_active_and_who_withdraws_does_not_vote(
    client: Client, community: Community
) -> None:
    for number in (1, 2):
        past_cycle(community, number, [("carol", 1, EVEN), ("dave", 2, EVEN)])
    past_cycle(community, 3, [("carol", 1, EVEN), ("carol", 2, WITHDRAW), ("dave", 3, EVEN)])
    active = figures(client, 3)["active"]
    assert (active["delegates"], active["voters"], active["voted_power"]) == (1, 0, "0")


def test_what_was_signed_six_cycles_ago_makes_nobody_active(client: Client, community: Community) -> None:
    for number in (1, 2):
        past_cycle(community, number, [("carol", 1, EVEN)])
    for number in (3, 4, 5, 6):
        past_cycle(community, number)
    past_cycle(community, 7, [("carol", 1, EVEN)])
    assert [figures(client, number)["active"]["delegates"] for number in (5, 6, 7)] == [1, 1, 0]


def test_a_cycle_in_which_nobody_votes_has_zero_and_no_shares_of_nothing(
    client: Client, community: Community
) -> None:
    four_cycles(community)
    fourth = figures(client, 4)
    assert fourth["turnout"]["by_voters"] == fourth["turnout"]["by_power"] == "0"
    assert fourth["ballots"] == {"signed": 0, "replaced": 0, "withdrawn": 0, "late": 0, "late_share": None}
    assert fourth["concentration"] | {"majority_delegates": 2, "top_ten_share": "1"} == {
        "majority_delegates": 2,
        "top_ten_share": "1",
        "awarded": "0",
        "majority_typologies": None,
        "largest_share": None,
    }
    page = client.get("/uptake/").content.decode()
    assert "0 of 3 delegates voted in cycle 4" in page
    assert "80.0 points less than in cycle 3" in page
    assert "Cycle 4 has given nothing to any typology" in page


def test_half_of_the_power_is_not_more_than_half(client: Client, community: Community) -> None:
    past_cycle(community, 1, [("alice", 1, EVEN)])
    assert figures(client, 1)["concentration"] == {
        "majority_delegates": 2,  # alice holds exactly half
        "top_ten_share": "1",
        "awarded": str(1_010 * UNIT),
        "majority_typologies": 1,  # 600 of 1,010 go to lending
        "largest_share": "60/101",
    }


def test_half_of_the_money_is_not_more_than_half(client: Client, community: Community) -> None:
    past_cycle(community, 1, [("alice", 1, {"ignite": {"lending": 5000, "exchanges": 5000}})])
    few = figures(client, 1)["concentration"]
    assert (few["awarded"], few["majority_typologies"], few["largest_share"]) == (str(1_000 * UNIT), 2, "1/2")


def test_money_is_what_the_newest_result_gives_to_typologies(client: Client, community: Community) -> None:
    cycle = past_cycle(community, 1, [("alice", 1, EVEN)])
    first = cycle.results.get()
    Verification.objects.create(
        result=first,
        sha256=bytes(32),
        software="",
        has_failed=True,
        outcomes=[],
        seconds=0,
        verified_at=cycle.closes_at,
    )
    again = Result.objects.create(
        cycle=cycle,
        version=2,
        published_at=cycle.closes_at,
        reason="Why.",
        software="",
        voters=1,
        power=first.power,
    )
    over_programmes = Contest.objects.create(
        cycle=cycle, position=9, key="*", name="All", budget=1, rule="mean", quorum_power=0, quorum_voters=0
    )
    ignite = cycle.contests.get(key="ignite")
    for contest, amount in ((ignite, 7), (over_programmes, 900)):
        row = ContestResult.objects.create(
            result=again, contest=contest, rule="mean", is_binding=True, outcome="split", voters=1, power=1
        )
        option = Option.objects.filter(cycle=cycle).earliest("number")
        OptionResult.objects.create(contest_result=row, option=option, share="1", amount=amount)
    assert figures(client, 1)["concentration"]["awarded"] == "7"


def test_the_top_ten_are_ten(client: Client) -> None:
    past_cycle(make_community({f"delegate-{n}": UNIT for n in range(11)}), 1)
    few = figures(client, 1)["concentration"]
    assert (few["majority_delegates"], few["top_ten_share"]) == (6, "10/11")


def test_minutes_asked_are_reading_what_is_new_and_filling_in(client: Client, community: Community) -> None:
    first, second = past_cycle(community, 1), past_cycle(community, 2)
    typology = community.ignite.typologies.get(slug="lending")
    moment = timedelta(microseconds=1)
    for thread, at, words in (
        (community.ignite.thread, first.opens_at - moment, 7),  # new in cycle 1 only
        (community.ignite.thread, first.opens_at, 100),  # from here on it is new in cycle 2, too
        (typology.thread, second.opens_at, 200),
        (second.thread, second.closes_at - moment, 100),
        (second.thread, second.closes_at, 1_000),  # too late for cycle 2
        (first.thread, second.opens_at, 1_000),  # another cycle's talk
        (community.meta.thread, second.opens_at, 1_000),
    ):
        publish_post(thread=thread, author=wallet("alice"), text="word  \n" * words, at=at)
    assert figures(client, 1)["asked"]["new_words"] == 107
    asked = figures(client, 2)["asked"]
    # 400 words are two minutes; two decisions of 60 s and four lines of 15 s are three
    assert asked == {"decisions": 2, "lines": 4, "new_words": 400, "minutes": "5"}


def test_imported_cancelled_and_uncertified_cycles_are_left_out(client: Client, community: Community) -> None:
    past_cycle(community, 1, [("alice", 1, EVEN)])
    past_cycle(community, 2, [("alice", 1, EVEN)], origin="imported")
    cancelled = past_cycle(community, 3, [("alice", 1, EVEN)])
    Cancellation.objects.create(cycle=cancelled, cancelled_at=cancelled.opens_at, reason="A check failed.")
    past_cycle(community, 4, [("alice", 1, EVEN)], certified=False)
    make_cycle(community)
    past_cycle(community, 6, [("alice", 1, EVEN)])
    assert [row["cycle"] for row in client.get("/api/v1/uptake/").json()["cycles"]] == [6, 1]
    assert figures(client, 6)["active"]["delegates"] == 0  # so only one cycle came before it


def test_page_json_and_csv_say_the_same(client: Client, community: Community) -> None:
    four_cycles(community)
    answer = client.get("/api/v1/uptake/").json()
    table = list(csv.DictReader(io.StringIO(client.get("/api/v1/uptake.csv").content.decode())))
    page = client.get("/uptake/").content.decode()
    assert [row["cycle"] for row in table] == ["4", "3", "2", "1"]
    for group, serializer in uptake.GROUPS.items():
        cells = cells_of(page, group)
        for data, line in zip(answer["cycles"], table, strict=True):
            for place, (name, field) in enumerate(serializer.fields.items()):
                words = as_shown(field, data[group][name])
                column = f"{group}_{name}_percent" if words.endswith("%") else f"{group}_{name}"
                assert cells[data["cycle"]][place] == words
                assert line.get(column, "") == words.removesuffix(" %").replace("–", "")


def as_shown(field: object, value: Any) -> str:
    """A figure of the API as the page shows it."""
    if value is None:
        return "–"
    if isinstance(field, uptake.MinutesField):
        return points(Fraction(value) / 100)
    return percent(Fraction(value)) if isinstance(field, uptake.ShareField) else str(value)


def cells_of(page: str, group: str) -> dict[int, list[str]]:
    """What stands in a table of the page, by cycle; of amounts the exact value."""
    section = re.search(rf'<section class="sheet" id="{group}">(.*?)</section>', page, re.DOTALL)
    assert section
    rows = {}
    for row in re.findall(r'<tr><th scope="row">(.*?)</tr>', section[1], re.DOTALL):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        exact = [re.sub(r'<data value="(\d+)".*', r"\1", cell) for cell in cells]
        number = re.search(r">(\d+)</a>", row)
        assert number
        rows[int(number[1])] = exact
    return rows


def test_every_figure_is_defined_on_the_page_and_in_the_api(client: Client, community: Community) -> None:
    past_cycle(community, 1)
    answer, page = client.get("/api/v1/uptake/").json(), client.get("/uptake/").content.decode()
    names = {f"{group}.{name}" for group in uptake.GROUPS for name in answer["cycles"][0][group]}
    assert answer["definitions"].keys() == names
    assert all(definition in page for definition in answer["definitions"].values())
    assert answer["not_measured"].keys() == {"without_sign_in"}
    assert all(words in page for words in answer["not_measured"].values())


def test_the_picture_has_a_mark_for_each_share_and_every_table_is_accessible(
    client: Client, community: Community
) -> None:
    four_cycles(community)
    page = client.get("/uptake/").content.decode()
    assert page.count("<title>Cycle") == 4 * 2 + 2 * 2  # all delegates in four cycles, active ones in two
    assert 'aria-label="All delegates, cycles 1 to 4; last by power 0.0 %, by voters 0.0 %"' in page
    assert page.count("<table>") == page.count("<caption") == len(uptake.GROUPS)
    assert not re.search(r"<th(?! scope)[ >]| style=|<script(?![^>]* src=)", page)


def test_the_number_of_queries_does_not_grow_with_cycles(client: Client, community: Community) -> None:
    counts = []
    for numbers in (range(1, 3), range(3, 9)):
        for number in numbers:
            past_cycle(community, number, [("alice", 1, EVEN), ("bob", 2, EVEN)])
        for address in ("/uptake/", "/api/v1/uptake/", "/api/v1/uptake.csv"):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert client.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:3] == counts[3:]
    assert max(counts) <= 16
    assert counts[1] == counts[2] == 7


def test_earlier_cycles_are_a_page_away(
    client: Client, community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uptake, "SHOWN", 3)
    four_cycles(community)
    newest = client.get("/api/v1/uptake/").json()
    assert [row["cycle"] for row in newest["cycles"]] == [4, 3, 2]
    assert newest["next"] == "/api/v1/uptake/?before=2"
    earlier = client.get(newest["next"]).json()
    assert ([row["cycle"] for row in earlier["cycles"]], earlier["next"]) == ([1], None)
    assert newest["cycles"][1]["active"]["delegates"] == 1  # cycle 1 is heeded though it is not shown
    assert client.get("/api/v1/uptake.csv")["Link"] == '</api/v1/uptake.csv?before=2>; rel="next"'
    assert 'href="/uptake/?before=2"' in client.get("/uptake/").content.decode()
    page = client.get("/uptake/?before=2").content.decode()
    assert "2 of 3 delegates voted in cycle 1" in page
    assert 'href="/api/v1/uptake.csv?before=2"' in page
    assert "No cycle was measured before that one" in client.get("/uptake/?before=1").content.decode()


@pytest.mark.parametrize("before", ["", "x", "-1", "²", "9999999999", "77"])
@pytest.mark.parametrize("address", ["/uptake/", "/api/v1/uptake/", "/api/v1/uptake.csv"])
def test_before_is_the_number_of_a_cycle(client: Client, address: str, before: str) -> None:
    assert client.get(address, {"before": before}).status_code == 404


def test_without_a_closed_cycle_the_page_says_what_to_do(client: Client) -> None:
    assert "no community yet" in client.get("/uptake/").content.decode()
    community = make_community()
    assert "An admin makes a schedule" in client.get("/uptake/").content.decode()
    planned = make_cycle(community, opens_in=30 * HOUR, announced=False)
    assert "No cycle has closed yet" in client.get("/uptake/").content.decode()
    Cancellation.objects.create(cycle=planned, cancelled_at=START, reason="Not now.")
    make_cycle(community)
    page = client.get("/uptake/").content.decode()
    assert "it is open until" in page
    assert "Fill in your ballot" in page
    assert client.get("/api/v1/uptake/").json()["cycles"] == []
    assert len(client.get("/api/v1/uptake.csv").content.splitlines()) == 1
