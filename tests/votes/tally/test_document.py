import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from votes.tally import RULES
from votes.tally.__main__ import main

ROOT = Path(__file__).parents[3]

CONTEST = {
    "rule": "ladder",
    "budget": "1000000000000000000",
    "options": [{"name": "a", "floor": 0, "cap": 10000}, {"name": "b", "floor": 0, "cap": 10000}],
    "ballots": [{"power": "5", "lines": {"a": 7000, "b": 3000}}],
}


def contest(**changes: Any) -> bytes:
    return json.dumps({**CONTEST, **changes}).encode()


def ballot(power: Any = "5", lines: Any = None, **more: Any) -> bytes:
    return contest(ballots=[{"power": power, "lines": {"a": 10000} if lines is None else lines, **more}])


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "votes.tally", *arguments]
    return subprocess.run(command, input=given, capture_output=True, cwd=ROOT, check=False)


@pytest.fixture
def tallied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def tallied(document: bytes) -> tuple[int, str, str]:
        path = tmp_path / "contest.json"
        path.write_bytes(document)
        status = main([str(path)])
        return status, *capsys.readouterr()

    return tallied


def test_a_contest_is_tallied_from_a_file_or_standard_input(tmp_path: Path) -> None:
    (tmp_path / "contest.json").write_bytes(contest())
    from_file, from_input = run(str(tmp_path / "contest.json")), run("-", given=contest())
    for done in (from_file, from_input):
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads(done.stdout) == {
            "shares": {"a": "7/10", "b": "3/10"},
            "amounts": {"a": "700000000000000000", "b": "300000000000000000"},
            "parameter": "3/10",
        }


def test_shares_hold_the_floors_and_name_every_option_in_order(tallied: Any) -> None:
    options = [{"name": "ü", "floor": 1000}, {"name": "a", "cap": 5000}, {"name": "none"}]
    ballots = [{"power": "2", "lines": {"ü": 10000}}, {"power": "0", "lines": {"a": 5000, "none": 5000}}]
    status, out, err = tallied(contest(options=options, ballots=ballots, rule="mean", budget="3"))
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert list(result["shares"].items()) == [("ü", "1"), ("a", "0"), ("none", "0")]
    assert list(result["amounts"].items()) == [("ü", "3"), ("a", "0"), ("none", "0")]
    assert result["parameter"] is None


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_at_hand(tallied: Any, rule: str) -> None:
    status, out, _ = tallied(contest(rule=rule))
    assert status == 0
    assert json.loads(out)["shares"] == {"a": "7/10", "b": "3/10"}


def test_abstentions_and_lines_of_nothing_are_read(tallied: Any) -> None:
    ballots = [{"power": "5", "lines": {"a": 10000, "b": 0}}, {"power": "9", "lines": {}}]
    status, out, _ = tallied(contest(ballots=ballots, budget="0"))
    assert status == 0
    assert json.loads(out) == {
        "shares": {"a": "1", "b": "0"},
        "amounts": {"a": "0", "b": "0"},
        "parameter": "0",
    }


def test_256_bit_powers_are_exact(tallied: Any) -> None:
    most = 2**256 - 1
    ballots = [{"power": str(most), "lines": {"a": 10000}}, {"power": str(most - 1), "lines": {"b": 10000}}]
    status, out, _ = tallied(contest(ballots=ballots, budget=str(most)))
    assert status == 0
    result = json.loads(out)
    assert result["shares"]["a"] == f"{most}/{2 * most - 1}"
    assert sum(map(int, result["amounts"].values())) == most


BAD = {
    "nothing": (b"", "not JSON"),
    "not JSON": (b"{", "not JSON"),
    "two documents": (contest() + contest(), "not JSON"),
    "not UTF-8": (b"\xff\xfe", "UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf" + contest(), "not JSON"),
    "not an object": (b"[]", "the document: must be an object"),
    "null": (b"null", "the document: must be an object"),
    "nested too deeply": (b"[" * 200_000, "nested too deeply"),
    "objects nested too deeply": (b'{"a":' * 200_000, "nested too deeply"),
    "missing field": (b'{"rule": "ladder"}', "ballots is missing"),
    "unknown field": (contest(colour="red"), "unknown field 'colour'"),
    "unknown rule": (contest(rule="median"), "unknown rule"),
    "rule of the wrong type": (contest(rule=["ladder"]), "rule: must be text"),
    "budget as a number": (contest(budget=1), "budget: must be a whole amount"),
    "negative budget": (contest(budget="-1"), "budget"),
    "budget with a plus": (contest(budget="+1"), "budget"),
    "budget with a leading zero": (contest(budget="01"), "budget"),
    "budget with a fraction": (contest(budget="1.0"), "budget"),
    "budget with an underscore": (contest(budget="1_000"), "budget"),
    "budget with a space": (contest(budget="1 "), "budget"),
    "budget with a newline": (contest(budget="1\n"), "budget"),
    "budget in other digits": (contest(budget="١"), "budget"),
    "empty budget": (contest(budget=""), "budget"),
    "giant budget": (contest(budget="9" * 79), "budget"),
    "giant number": (contest().replace(b"7000", b"7" * 100_000), "not a number"),
    "options of the wrong type": (contest(options={"a": 1}), "options: must be a list"),
    "no options": (contest(options=[]), "at least one option"),
    "option of the wrong type": (contest(options=["a"]), "option 1: must be an object"),
    "option without a name": (contest(options=[{"floor": 0}]), "option 1: name is missing"),
    "name of the wrong type": (contest(options=[{"name": 1}]), "option 1: name: must be text"),
    "empty name": (contest(options=[{"name": ""}]), "option 1: name: must be text"),
    "repeated name": (contest(options=[{"name": "a"}, {"name": "a"}]), "'a' is repeated"),
    "unknown field of an option": (contest(options=[{"name": "a", "x": 0}]), "option 1: unknown field 'x'"),
    "floor as text": (contest(options=[{"name": "a", "floor": "0"}]), "option 1: floor"),
    "floor as bool": (contest(options=[{"name": "a", "floor": False}]), "option 1: floor"),
    "floor as null": (contest(options=[{"name": "a", "floor": None}]), "option 1: floor"),
    "negative floor": (contest(options=[{"name": "a", "floor": -1}]), "option 1: floor"),
    "minus zero": (b'{"rule": -0}', "'-0' is not a number"),
    "cap beyond the whole": (contest(options=[{"name": "a", "cap": 10001}]), "option 1: cap"),
    "floor above its cap": (contest(options=[{"name": "a", "floor": 2, "cap": 1}]), "floor 2 and cap 1"),
    "floors that leave nothing": (contest(options=[{"name": "a", "floor": 10000}]), "floors sum to 10000"),
    "caps that leave a rest": (contest(options=[{"name": "a", "cap": 9999}]), "caps sum to 9999"),
    "ballots of the wrong type": (contest(ballots={}), "ballots: must be a list"),
    "no ballots": (contest(ballots=[]), "no power at all"),
    "ballot of the wrong type": (contest(ballots=[None]), "ballot 1: must be an object"),
    "ballot without lines": (contest(ballots=[{"power": "1"}]), "ballot 1: lines is missing"),
    "ballot without power": (contest(ballots=[{"lines": {}}]), "ballot 1: power is missing"),
    "unknown field of a ballot": (ballot(voter="x"), "ballot 1: unknown field 'voter'"),
    "only abstentions": (ballot(lines={}), "no power at all"),
    "no power": (ballot(power="0"), "no power at all"),
    "power as a number": (ballot(power=5), "ballot 1: power"),
    "power as a bool": (ballot(power=True), "ballot 1: power"),
    "negative power": (ballot(power="-5"), "ballot 1: power"),
    "power as a float": (ballot(power="5e3"), "ballot 1: power"),
    "lines of the wrong type": (ballot(lines=[["a", 10000]]), "ballot 1: lines: must be an object"),
    "unknown option": (ballot(lines={"c": 10000}), "ballot 1: unknown option 'c'"),
    "line as text": (ballot(lines={"a": "10000"}), "ballot 1: line of 'a'"),
    "line as a bool": (ballot(lines={"a": True, "b": 9999}), "ballot 1: line of 'a'"),
    "line as a float": (ballot(lines={"a": 10000.0}), "'10000.0' is not a whole number"),
    "line as an exponent": (ballot().replace(b"10000}}", b"1e4}}"), "'1e4' is not a whole number"),
    "line as NaN": (ballot(lines={"a": float("nan")}), "'NaN' is not a whole number"),
    "line as infinity": (ballot(lines={"a": float("-inf")}), "'-Infinity' is not a whole number"),
    "negative line": (ballot(lines={"a": 10001, "b": -1}), "ballot 1: line of"),
    "lines that leave a rest": (ballot(lines={"a": 9999}), "sum to 9999 basis points, not 10000"),
    "lines beyond the whole": (ballot(lines={"a": 9999, "b": 2}), "sum to 10001"),
    "lines of nothing": (ballot(lines={"a": 0}), "sum to 0"),
    "repeated key": (b'{"rule": "mean", "rule": "ladder"}', "'rule' is repeated"),
    "repeated line": (ballot().replace(b'"a": 10000}', b'"a": 5000, "a": 5000}'), "'a' is repeated"),
    "line over its cap": (
        contest(options=[{"name": "a", "floor": 1000, "cap": 5500}, {"name": "b"}]),
        "ballot 1: line of 'a' is over its cap, which leaves 5000 basis points",
    ),
    "a name made to break the line": (
        ballot(lines={"x\n\u2028\x1b[1m\ud800": 1}),
        r"'x\n\u2028\x1b[1m\ud800'",
    ),
    "a name made to flood the line": (ballot(lines={"x" * 10_000: 1}), "..."),
}


@pytest.mark.parametrize(("document", "reason"), BAD.values(), ids=BAD)
def test_a_bad_document_is_refused_in_one_line(tallied: Any, document: bytes, reason: str) -> None:
    status, out, err = tallied(document)
    assert status == 2
    assert out == ""
    assert reason in err
    assert err.startswith("votes.tally: ")
    assert err.splitlines() == [err.removesuffix("\n")]
    assert len(err) < 250


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], b"usage: python -m votes.tally FILE"),
        (["a", "b"], b"usage: python -m votes.tally FILE"),
        (["no/such/file"], b"cannot read 'no/such/file': No such file"),
        (["votes"], b"cannot read 'votes': Is a directory"),
        (["-"], b"not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(arguments: list[str], reason: bytes) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_document_leaves_no_traceback() -> None:
    done = run("-", given=b"[" * 200_000)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"votes.tally: the document is nested too deeply\n"
