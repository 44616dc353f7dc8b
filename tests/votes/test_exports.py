"""Ballots and results for other programs: CSV that adds up, and .pb files that Pabulib's own reader takes."""

import csv
import io
import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.contests import HALVES, cast, page_of, with_meta
from tests.environments import make_environment
from tests.factories import HOUR, POWERS, UNIT, address, make_community, make_cycle
from tests.records import SPLITS, finish, finished_cycle, vote
from votes.models import Ballot, ContestResult, Cycle

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle() -> Cycle:
    return finished_cycle()


def text(client: Client, path: str) -> str:
    answer: Any = client.get(path)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def rows(client: Client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text(client, path))))


def test_the_result_as_csv_is_every_rule_and_option_exactly(client: Client, cycle: Cycle) -> None:
    found = rows(client, "/cycles/1/result.csv")
    assert len(found) == 5 * 4
    for row in ContestResult.objects.filter(result__cycle=cycle):
        mine = [one for one in found if (one["contest"], one["rule"]) == (row.contest.key, row.rule)]
        assert [Fraction(one["share"]) for one in mine] == [given.fraction for given in row.options.all()]
        assert sum(int(one["amount_base_units"]) for one in mine) == row.contest.budget
        assert {one["binding"] for one in mine} == {str(row.is_binding).lower()}


def test_the_ballots_as_csv_are_every_line_of_every_ballot(client: Client, cycle: Cycle) -> None:
    found = rows(client, "/cycles/1/ballots.csv")
    assert len({one["position"] for one in found}) == Ballot.objects.count() == 4
    bobs = [one for one in found if one["voter"] == address("bob")]
    assert [one["counts"] for one in bobs] == ["false", "false", "true", "true"]
    for position in {one["position"] for one in found}:
        for contest in ("ignite", "security"):
            points = [
                int(one["basis_points"])
                for one in found
                if (one["position"], one["contest"]) == (position, contest)
            ]
            assert sum(points) in (0, 10_000)
    assert {one["power_base_units"] for one in bobs} == {str(POWERS["bob"])}


def test_a_withdrawal_stands_in_the_csv_too(client: Client) -> None:
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    vote(cycle)
    cast(cycle, {"alice": {}}, nonce=9)
    finish(cycle)
    last = rows(client, "/cycles/1/ballots.csv")[-1]
    assert (last["contest"], last["basis_points"], last["counts"]) == ("", "", "true")


def test_before_there_is_a_result_there_is_nothing_to_take(client: Client) -> None:
    vote(make_cycle(make_community(), opens_in=-HOUR))
    for path in ("result.csv", "ballots.csv", "contests/ignite.pb"):
        assert client.get(f"/cycles/1/{path}").status_code == 404
    assert client.get("/cycles/1/contests/nothing.pb").status_code == 404


def test_the_result_page_offers_all_of_them(client: Client, cycle: Cycle) -> None:
    page = page_of(client, cycle)
    for path in ("result.csv", "ballots.csv", "contests/ignite.pb", "contests/security.pb", "record/"):
        assert f'"/cycles/1/{path}"' in page


_READ = """
import json, sys
from pabutools.election import parse_pabulib
instance, profile = parse_pabulib(sys.argv[1])
print(json.dumps({
    "budget": str(instance.budget_limit),
    "type": type(profile).__name__,
    "projects": sorted(project.name for project in instance),
    "costs": {project.name: str(project.cost) for project in instance},
    "ballots": [
        {"power": ballot.meta["power"], "points": {project.name: str(ballot[project]) for project in ballot}}
        for ballot in profile
    ],
}))
"""


@pytest.mark.registry
def test_pabulibs_own_reader_takes_every_contest(client: Client, tmp_path: Path) -> None:
    """pabutools serves as the oracle only, in an environment of its own."""
    cycle = make_cycle(with_meta(), opens_in=-HOUR)
    for name, split in SPLITS.items():
        cast(cycle, {name: {**HALVES, **split}})
    finish(cycle)
    python = make_environment(tmp_path / "environment", "pabutools==1.2.3")
    for key, path in (("ignite", "ignite"), ("security", "security"), ("*", "all_programmes")):
        file = tmp_path / f"{path}.pb"
        file.write_text(text(client, f"/cycles/1/contests/{path}.pb"))
        done = subprocess.run([python, "-c", _READ, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        read = json.loads(done.stdout)
        row = ContestResult.objects.get(result__cycle=cycle, contest__key=key, is_binding=True)
        assert read["type"] == "CumulativeProfile"
        assert int(read["budget"]) == sum(given.amount for given in row.options.all())
        assert read["projects"] == sorted(given.option.key for given in row.options.all())
        assert len(read["ballots"]) == row.voters
        assert sum(int(ballot["power"]) for ballot in read["ballots"]) == row.power
        assert all(sum(map(int, ballot["points"].values())) == 10_000 for ballot in read["ballots"])
    alice = next(ballot for ballot in read["ballots"] if int(ballot["power"]) == 50 * UNIT)
    assert alice["points"] == {"ignite": "5000", "security": "5000"}
