"""`manage.py import_votes`: a past vote becomes a finished cycle, marked for ever, or nothing happens."""

import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.test import Client

from deliberation.models import Thread
from journal.clock import database_clock
from ledger.models import Account, Transfer
from power.models import Snapshot, SnapshotPower
from tests.factories import make_community, make_cycle, signed
from tpp.pages.context import current_cycle
from votes.actions.closing import SETTLE
from votes.actions.past import record_unsigned_ballots
from votes.actions.steps import run_everything_due
from votes.models import Ballot, ContestResult, Cycle, Settlement
from votes.record.instants import iso

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parents[3] / "shared" / "data"
VLCVX, SNAPSHOT = DATA / "vlcvx-gauge-20240919", DATA / "snapshotjs-weighted"
needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not beside the repository")

A, B, C, D = ("0x" + pair * 20 for pair in ("a1", "b2", "c3", "d4"))
START = 1_700_000_000  # 14 November 2023, 22:13:20 UTC
NAMED = [
    {"voter": B, "vp": 2.5, "choice": {"3": 1, "12": 1, "7": 1}, "created": START + 60},
    {"voter": A, "vp": 7.5, "choice": {"12": 5, "3": 0}, "created": START},
    {"voter": C, "vp": 90, "choice": {"7": 0}, "created": START + 3600},
    {"voter": D, "vp": 0, "choice": {"7": 1}, "created": START + 61},
]
UNNAMED = {
    "proposal": {"choices": ["Yes", "No"]},
    "votes": [{"choice": {"1": 1}, "balance": 1}, {"choice": {"1": 1, "2": 3}, "balance": 1}],
    "scores": [1.25, 0.75],
}
UNTIMED = ("--closes-at", "2023-03-01T00:00:00Z")


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Write a document as the file to import."""

    def _write(document: Any, name: str = "votes.json") -> Path:
        (tmp_path / name).write_text(json.dumps(document))
        return tmp_path / name

    return _write


def run(path: Path, *options: str) -> str:
    output = io.StringIO()
    call_command("import_votes", str(path), *options, stdout=output)
    return output.getvalue()


def refused(path: Path, *options: str) -> str:
    """The words of a refusal, after which everything is as before."""
    tables = (Cycle, Thread, Snapshot, Ballot)
    before = [table._default_manager.count() for table in tables]
    with pytest.raises(CommandError) as caught:
        run(path, *options)
    assert [table._default_manager.count() for table in tables] == before
    return str(caught.value)


def shares_of(cycle: Cycle, rule: str = "mean") -> dict[str, Fraction]:
    result = ContestResult.objects.get(result__cycle=cycle, rule=rule)
    return {row.option.key: row.fraction for row in result.options.select_related("option")}


def ballots_of(cycle: Cycle) -> dict[str, dict[int, int]]:
    """The lines of every ballot: voter → option number → basis points."""
    ballots = cycle.ballots.all()
    return {ballot.voter: dict(zip(ballot.options, ballot.shares, strict=True)) for ballot in ballots}


# Real ballots


@needs_data
def test_delegates_on_82_gauges_come_in_as_they_voted(client: Client) -> None:
    said = run(VLCVX / "votes.json", "--title", "vlCVX gauge weights", "--symbol", "vlCVX")
    assert "193 ballots on 82 options" in said
    cycle = Cycle.objects.at(database_clock()).get()
    assert (cycle.phase, cycle.origin, cycle.account, cycle.schedule) == ("settled", "imported", None, None)
    assert (iso(cycle.opens_at), iso(cycle.closes_at)) == (
        "2024-09-12T00:40:28.000000Z",
        "2024-09-16T23:59:56.000000Z",
    )
    page = client.get(f"/cycles/{cycle.number}/result/").content.decode()
    assert "Unsigned import." in page
    assert all(f"{option.name}<" in page for option in cycle.options.all())


def raw_mean(votes: list[dict[str, Any]]) -> dict[str, Fraction]:
    """The exact mean by the relative weights in the file, each vote weighing as much as its power."""
    sums: dict[str, Fraction] = {}
    for vote in votes:
        whole = sum(map(Fraction, vote["choice"].values()))
        for option, weight in vote["choice"].items():
            part = Fraction(vote["vp"]) * Fraction(weight) / whole
            sums[option] = sums.get(option, Fraction()) + part
    power = sum(Fraction(vote["vp"]) for vote in votes)
    return {option: part / power for option, part in sums.items()}


@needs_data
def test_the_mean_is_that_of_the_raw_choices_to_within_a_basis_point() -> None:
    """Largest remainder moves a line by less than one basis point, hence so does every average of lines."""
    run(VLCVX / "votes.json")
    votes = json.loads((VLCVX / "votes.json").read_text(), parse_float=Decimal)
    exact, shares = raw_mean(votes), shares_of(Cycle.objects.get())
    assert len(shares) == len(exact) == 82
    for option, share in exact.items():
        assert abs(shares[f"choice-{option}"] - share) < Fraction(1, 10_000)
    assert sum(shares.values()) == 1


@needs_data
def test_the_mean_of_one_gauge_is_what_its_published_payouts_say() -> None:
    """Who voted for gauge 110 was paid reward · power · share / (all of those); so each payout tells the sum."""
    run(VLCVX / "votes.json")
    cycle = Cycle.objects.get()
    votes = json.loads((VLCVX / "votes.json").read_text(), parse_float=Decimal)
    paid = json.loads((VLCVX / "repartition.json").read_text(), parse_float=Decimal)["distribution"]
    _, _, _, token, reward, _ = (VLCVX / "curve_convex.csv").read_text().splitlines()[1].split(";")
    compared = 0
    for vote in votes:
        if "110" in vote["choice"] and not vote["delegation"] and vote["voter"] in paid:
            share = Fraction(vote["choice"]["110"]) / sum(map(Fraction, vote["choice"].values()))
            payout = Fraction(paid[vote["voter"]]["tokens"][token])
            gauge = Fraction(reward) * Fraction(vote["vp"]) * share / payout
            published = gauge * 10**18 / cycle.power.snapshot.total_power
            assert abs(shares_of(cycle)["choice-110"] - published) < Fraction(1, 10_000)
            compared += 1
    assert compared > 50


@needs_data
def test_the_mean_is_the_published_scores_to_within_a_basis_point(client: Client) -> None:
    said = run(SNAPSHOT / "weighted.json", *UNTIMED)
    assert "543 ballots on 4 options" in said
    assert "names no voters and no times" in said
    cycle = Cycle.objects.get()
    document = json.loads((SNAPSHOT / "weighted.json").read_text(), parse_float=Decimal)
    shares = shares_of(cycle)
    for number, score in enumerate(document["scores"], start=1):
        assert abs(shares[f"choice-{number}"] * 543 - Fraction(score)) < Fraction(543, 10_000)
    page = client.get(f"/cycles/{cycle.number}/result/").content.decode()
    assert "Unsigned import." in page
    assert "Pistachio to the Moon" in page


@needs_data
def test_votes_under_another_rule_are_refused() -> None:
    words = refused(SNAPSHOT / "quadratic.json", *UNTIMED)
    assert words.startswith("Choice 1: the published score is 284.8897, but a weighted vote")
    assert "Another rule made it" in words


# What becomes of a file


def test_votes_become_ballots_with_frozen_power_in_the_order_in_which_they_were_given(write: Any) -> None:
    said = run(write(NAMED))
    cycle = Cycle.objects.at(database_clock()).get()
    assert said.startswith(f"Imported votes.json as cycle {cycle.number}, an unsigned import: 4 ballots on 3")
    assert [option.name for option in cycle.options.all()] == ["Choice 3", "Choice 7", "Choice 12"]
    assert ballots_of(cycle) == {
        A: {2: 10_000},
        B: {0: 3_334, 1: 3_333, 2: 3_333},
        C: {},
        D: {1: 10_000},
    }
    powers = dict(SnapshotPower.objects.values_list("address", "power"))
    assert powers == {A: 75 * 10**17, B: 25 * 10**17, C: 90 * 10**18, D: 0}
    given = cycle.positions.order_by("position").values_list("ballot__voter", "ballot__received_at")
    assert list(given) == [
        (A, instant(START)),
        (B, instant(START + 60)),
        (D, instant(START + 61)),
        (C, instant(START + 3600)),
    ]
    assert (cycle.opens_at, cycle.closes_at) == (instant(START), instant(START + 3601))
    assert cycle.results.get().voters == 3  # C gave no lines
    assert shares_of(cycle)["choice-12"] == Fraction(75 * 10_000 + 25 * 3_333, 100 * 10_000)


def test_a_bare_list_of_choices_becomes_ballots_of_its_places(write: Any) -> None:
    run(write(UNNAMED), *UNTIMED, "--title", "Yes or no?")
    cycle = Cycle.objects.get()
    assert (iso(cycle.opens_at), cycle.title) == ("2023-02-24T00:00:00.000000Z", "Yes or no?")
    assert ballots_of(cycle) == {f"0x{1:040x}": {0: 10_000}, f"0x{2:040x}": {0: 2_500, 1: 7_500}}
    assert shares_of(cycle) == {"choice-1": Fraction(5, 8), "choice-2": Fraction(3, 8)}


def test_thousands_of_votes_come_in_at_once(write: Any) -> None:
    votes = [
        {"voter": f"0x{place:040x}", "vp": place, "choice": {str(place % 9 + 1): 1}, "created": START + place}
        for place in range(6_000)
    ]
    run(write(votes))
    cycle = Cycle.objects.get()
    assert cycle.certificate.ballot_count == cycle.results.get().voters == 6_000
    assert cycle.results.get().power == sum(range(6_000)) * 10**18
    assert cycle.positions.get(position=5_999).ballot.voter == f"0x{5_999:040x}"


def test_an_import_is_marked_wherever_it_is_shown(client: Client, write: Any) -> None:
    run(write(NAMED))
    cycle = Cycle.objects.get()
    home = f"/cycles/{cycle.number}/"
    pages = [home, f"{home}result/", f"{home}ballots/", cycle.ballots.all()[0].get_absolute_url()]
    for page in pages:
        assert "<b>Unsigned import.</b>" in client.get(page).content.decode(), page
    assert "unsigned import" in client.get("/cycles/").content.decode()
    assert "oney moved" not in "".join(client.get(page).content.decode() for page in pages)


def test_the_api_tells_origin_and_missing_signatures(client: Client, write: Any) -> None:
    run(write(NAMED))
    api = f"/api/v1/cycles/{Cycle.objects.get().number}/"
    assert client.get("/api/v1/cycles/").json()["cycles"][0]["origin"] == "imported"
    assert client.get(api).json()["origin"] == client.get(f"{api}rules.json").json()["origin"] == "imported"
    ballots = client.get(f"{api}ballots/").json()["ballots"]
    assert [ballot["signature"] for ballot in ballots] == [None] * 4
    assert "receipted" not in client.get(f"{api}ballots/{ballots[0]['digest']}/").json()
    voter = client.get(f"{api}voters/{A}/").json()
    assert (voter["power"], voter["newest"]["digest"]) == ("7500000000000000000", ballots[0]["digest"])
    assert client.get(f"{api}result/").json()["contests"][0]["programme"] == "imported"


def test_an_import_moves_no_money_and_leaves_the_calendar_alone(client: Client, write: Any) -> None:
    community = make_community()
    live = make_cycle(community)
    accounts = dict(Account.objects.values_list("name", "balance"))
    run(write(NAMED))
    imported = Cycle.objects.get(origin="imported")
    assert imported.number == live.number + 1
    assert Settlement.objects.get().cycle == imported
    assert not Transfer.objects.exists()
    assert dict(Account.objects.values_list("name", "balance")) == accounts
    assert list(Cycle.objects.scheduled()) == [live]
    assert current_cycle(at=database_clock()) == live
    assert f"Cycle {imported.number}" not in client.get("/").content.decode()
    run_everything_due(at=database_clock())
    assert imported.results.count() == 1
    assert imported.thread.parent == community.meta.thread


def test_rule_number_instants_and_unit_can_be_chosen(write: Any) -> None:
    instants = ("--opens-at", "2023-11-14T23:00:00+01:00", "--closes-at", "2023-11-16T00:00:00Z")
    options = ("--number", "7", "--rule", "ladder", "--symbol", "vlCVX", "--decimals", "1")
    run(write(NAMED), *options, *instants)
    cycle = Cycle.objects.get()
    assert cycle.number == 7
    assert (iso(cycle.opens_at), iso(cycle.closes_at)) == (
        "2023-11-14T22:00:00.000000Z",
        "2023-11-16T00:00:00.000000Z",
    )
    assert ContestResult.objects.get(is_binding=True).rule == "ladder"
    token = cycle.announcement.rules.token
    assert (token.symbol, token.decimals) == ("vlCVX", 1)
    assert cycle.power.snapshot.total_power == 1_000


# What is refused


def test_the_same_file_never_comes_in_twice(write: Any) -> None:
    run(write(NAMED))
    words = refused(write(NAMED, "another-name.json"), "--number", "99")
    assert words == f"This very file is {Cycle.objects.get()} already; nothing was imported."


def test_a_vote_that_overlaps_another_is_refused(write: Any) -> None:
    run(write(NAMED))
    words = refused(write([*NAMED, {**NAMED[0], "voter": "0x" + "e5" * 20}]))
    assert f"would overlap that of {Cycle.objects.get()}, from 2023-11-14T22:13:20.000000Z" in words


def test_votes_may_follow_each_other_at_once(write: Any) -> None:
    run(write(NAMED))
    run(write([{**vote, "created": START + 3601} for vote in NAMED]))
    assert Cycle.objects.count() == 2


def test_a_number_that_is_taken_is_refused(write: Any) -> None:
    run(write(NAMED), "--number", "3")
    assert refused(write(UNNAMED), *UNTIMED, "--number", "3").startswith("There is a cycle 3 already")


@pytest.mark.parametrize(
    ("document", "options", "words"),
    [
        (NAMED, ["--number", "0"], "from 1 to 999,999,999, not 0"),
        (NAMED, ["--number", "1000000000"], "from 1 to 999,999,999"),
        (NAMED, ["--title", "x" * 121], "title must be 1 to 120 printable"),
        (NAMED, ["--title", "two\nlines"], "title must be 1 to 120 printable"),
        (NAMED, ["--symbol", "thirteen-long"], "unit must be 1 to 12 printable"),
        (NAMED, ["--decimals", "0"], "Vote 1: its power has more than 0 decimals"),
        (NAMED, ["--decimals", "-1"], "invalid choice"),
        (NAMED, ["--rule", "median"], "invalid choice"),
        (
            NAMED,
            ["--opens-at", "2023-11-14T22:13:21Z"],
            "Vote 2 was given 2023-11-14T22:13:20.000000Z, outside",
        ),
        (
            NAMED,
            ["--closes-at", "2023-11-14T23:13:20Z"],
            "Vote 3 was given 2023-11-14T23:13:20.000000Z, outside",
        ),
        (NAMED, ["--closes-at", "2023-11-14T22:13:20"], "lacks a zone"),
        (NAMED, ["--closes-at", "yesterday"], "is no instant"),
        (NAMED, ["--closes-at", "9999-12-31T23:59:59Z"], "is no year of a vote"),
        (UNNAMED, [*UNTIMED, "--opens-at", "0001-01-01T00:00:00Z"], "is no year of a vote"),
        (NAMED, ["--closes-at", "2020-01-01T00:00:00Z"], "must open before it closes"),
        (NAMED, ["--closes-at", "2099-01-01T00:00:00Z"], "Voting is not over before 2099-01-01"),
        (UNNAMED, [], "say when voting closed"),
        (NAMED[2:], [], "No vote with power has a line"),
        (
            [{**NAMED[0], "vp": 1e59}, {**NAMED[1], "vp": 10**60}],
            [],
            "Vote 2: its power is above 2^256",
        ),
        ([{**NAMED[0], "vp": -1}], [], 'Vote 1: "vp" is negative'),
        ([NAMED[0], NAMED[0]], [], "Vote 2: 0xb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2 has voted already"),
        ([{**NAMED[0], "choice": {"0": 1}}], [], "Vote 1: '0' is no number of an option"),
        ({"space": "cvx.eth"}, [], "neither a list of votes nor an object"),
    ],
)
def test_what_can_not_be_imported_is_refused_in_words(
    write: Any, document: Any, options: list[str], words: str
) -> None:
    assert words in refused(write(document), *options)


def test_a_vote_that_goes_on_is_refused(write: Any) -> None:
    last = int(database_clock().timestamp()) + 3600
    assert "Voting is not over" in refused(write([*NAMED[:2], {**NAMED[2], "created": last}]))


def test_a_file_that_is_not_there_or_not_json_is_refused(tmp_path: Path) -> None:
    assert "could not be read" in refused(tmp_path / "missing.json")
    (tmp_path / "cut.json").write_text(json.dumps(NAMED)[:-20])
    assert "it is not JSON" in refused(tmp_path / "cut.json")


def test_an_import_that_fails_late_leaves_nothing_behind(write: Any, superuser: psycopg.Connection) -> None:
    """The last step finds its lock taken, when everything but the settlement is stored."""
    (newest,) = superuser.execute("SELECT last_value FROM votes_cycle_id_seq").fetchone() or (0,)
    for cycle_id in range(newest, newest + 3):
        superuser.execute("SELECT pg_advisory_lock(%s, %s)", [SETTLE, cycle_id])
    assert "Another process is at work on this cycle" in refused(write(NAMED))
    assert not SnapshotPower.objects.exists()


def test_unsigned_ballots_do_not_enter_a_live_cycle() -> None:
    cycle = make_cycle(make_community())
    ballot = signed("alice", cycle).ballot
    with pytest.raises(DatabaseError, match="a ballot is signed"):
        record_unsigned_ballots(
            cycle=cycle,
            rules=cycle.announcement.rules,
            ballots=[(ballot, cycle.opens_at + timedelta(minutes=1))],
        )
