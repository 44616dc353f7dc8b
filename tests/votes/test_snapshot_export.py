"""Votes of another system as a file: what is read, digit by digit, and every way in which it can't be."""

import hashlib
import json
import random
from fractions import Fraction
from typing import Any

import pytest

from journal.refusal import Refusal
from votes.snapshot_export import MOST_OPTIONS, Export, base_units, basis_points, read

A, B = "0x" + "a1" * 20, "0x" + "b2" * 20


def named(**changes: Any) -> dict[str, Any]:
    """A vote of the first form."""
    return {"voter": A, "vp": 5, "choice": {"3": 1}, "created": 1_700_000_000, **changes}


def unnamed(**changes: Any) -> dict[str, Any]:
    """A file of the second form: four equal votes for the first of two choices, one for both."""
    votes = [{"choice": {"1": 1}, "balance": 1}] * 4 + [{"choice": {"1": 1, "2": 3}, "balance": 2}]
    return {"proposal": {"choices": ["Yes", "No"]}, "votes": votes, "scores": [4.5, 1.5], **changes}


def read_json(document: Any) -> Export:
    return read(json.dumps(document).encode())


def refusal_of(data: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        read(data)
    assert caught.value.name == "bad_export"
    assert caught.value.words.endswith(". Nothing was imported.")
    return caught.value.words


# What is read


def test_a_list_of_votes_is_read_in_its_order() -> None:
    second = named(voter=B, vp=0, choice={"40": 2, "7": 0}, created=1_600_000_000, ipfs="not read")
    export = read_json([named(), second])
    assert [(vote.voter, int(vote.power), vote.created) for vote in export.votes] == [
        (A, 5, 1_700_000_000),
        (B, 0, 1_600_000_000),
    ]
    assert [vote.weights for vote in export.votes] == [{3: 1}, {40: 2, 7: 0}]
    assert [(option.number, option.name) for option in export.options] == [
        (3, "Choice 3"),
        (7, "Choice 7"),
        (40, "Choice 40"),
    ]
    assert export.names_voters


def test_a_bare_list_of_choices_gets_addresses_from_its_places() -> None:
    export = read_json(unnamed())
    assert [vote.voter for vote in export.votes[::4]] == ["0x" + "0" * 39 + "1", "0x" + "0" * 39 + "5"]
    assert [vote.power for vote in export.votes] == [1, 1, 1, 1, 2]
    assert [option.name for option in export.options] == ["Yes", "No"]
    assert not export.names_voters


def test_a_choice_that_nobody_made_stays_an_option() -> None:
    assert len(read_json(unnamed(proposal={"choices": ["Yes", "No", "Maybe"]}, scores=None)).options) == 3


def test_the_hash_is_that_of_the_file() -> None:
    data = b"\xef\xbb\xbf" + json.dumps([named()]).encode()
    assert read(data).sha256 == hashlib.sha256(data).digest()


def test_a_checksummed_address_is_read_in_its_canonical_form() -> None:
    (vote,) = read_json([named(voter="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]).votes
    assert vote.voter == "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("0.1", 10**17),
        ("13068926.728550328", 13_068_926_728_550_328 * 10**9),
        ("9007199254740993", 9_007_199_254_740_993 * 10**18),
        ("0.123456789012345678", 123_456_789_012_345_678),
        ("1e-18", 1),
        ("2.5E3", 2_500 * 10**18),
        ("0.1234567890123456789", None),
    ],
)
def test_powers_are_taken_digit_by_digit(text: str, units: int | None) -> None:
    data = json.dumps([named(vp="POWER")]).replace('"POWER"', text).encode()
    assert base_units(read(data).votes[0].power, 18) == units


# Basis points


@pytest.mark.parametrize(
    ("weights", "lines"),
    [
        ({1: 1}, {1: 10_000}),
        ({1: 1, 2: 3, 3: 3, 4: 3}, {1: 1_000, 2: 3_000, 3: 3_000, 4: 3_000}),
        ({2: 1, 3: 1, 1: 1}, {1: 3_334, 2: 3_333, 3: 3_333}),
        ({7: 1, 2: 1, 5: 4}, {2: 1_667, 5: 6_667, 7: 1_666}),
        ({9: 0, 1: 5}, {1: 10_000}),
        ({1: 1, 2: 10**9}, {2: 10_000}),
        ({1: 0, 2: 0}, {}),
        ({}, {}),
    ],
)
def test_relative_weights_become_basis_points(weights: dict[int, int], lines: dict[int, int]) -> None:
    assert basis_points({number: Fraction(weight) for number, weight in weights.items()}) == lines


def test_every_line_is_less_than_a_basis_point_off_and_they_sum_to_the_whole() -> None:
    chance = random.Random(2)
    for _ in range(500):
        weights = {n: Fraction(chance.randrange(10 ** chance.randint(1, 9))) for n in range(1, 41)}
        total, lines = sum(weights.values()), basis_points(weights)
        assert sum(lines.values()) == 10_000
        for number, weight in weights.items():
            assert abs(lines.get(number, 0) - 10_000 * weight / total) < 1


# What can't be read


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"voter": 5}, '"voter" must be an address'),
        ({"voter": "0x12"}, "exactly 40 hex digits"),
        ({"voter": "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}, "checksum"),
        ({"voter": "0X" + "a1" * 20}, "exactly 40 hex digits"),
        ({"vp": -1}, '"vp" is negative'),
        ({"vp": "5"}, '"vp" must be a number'),
        ({"vp": True}, '"vp" must be a number'),
        ({"vp": None}, '"vp" must be a number'),
        ({"choice": 3}, '"choice" must be an object'),
        ({"choice": [3]}, '"choice" must be an object'),
        ({"choice": {"0": 1}}, "'0' is no number of an option"),
        ({"choice": {"-1": 1}}, "'-1' is no number of an option"),
        ({"choice": {"03": 1}}, "'03' is no number of an option"),
        ({"choice": {"\u0663": 1}}, "is no number of an option"),
        ({"choice": {"1234567890": 1}}, "is no number of an option"),
        ({"choice": {"3": -1}}, '"3" is negative'),
        ({"choice": {"3": "1"}}, '"3" must be a number'),
        ({"choice": {"3": None}}, '"3" must be a number'),
        ({"created": "1700000000"}, '"created" must be a time'),
        ({"created": 1.5}, '"created" must be a time'),
        ({"created": 0}, '"created" must be a time'),
        ({"created": 1_700_000_000_000}, '"created" must be a time'),
    ],
)
def test_a_bad_vote_is_refused_with_its_place(changes: dict[str, Any], reason: str) -> None:
    words = refusal_of(json.dumps([named(voter=B), named(**changes)]).encode())
    assert words.startswith("Vote 2: ")
    assert reason in words


@pytest.mark.parametrize("key", ["voter", "vp", "choice", "created"])
def test_a_vote_that_lacks_a_field_is_refused(key: str) -> None:
    vote = {name: value for name, value in named().items() if name != key}
    assert refusal_of(json.dumps([vote]).encode()).startswith(f'Vote 1: "{key}" must be')


def test_a_voter_who_stands_there_twice_is_refused() -> None:
    votes = [named(voter="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), named(), named()]
    votes[2]["voter"] = votes[0]["voter"].lower()
    words = refusal_of(json.dumps(votes).encode())
    assert words.startswith("Vote 3: 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed has voted already, in vote 1")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("NaN", "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e500", "more than 80 digits"),
        ("1e-500", "more than 80 digits"),
        ("1e99999999999999999999", "out of range"),
        ("1" * 5_000, "more than 80 digits"),
        ("0." + "1" * 5_000, "more than 80 digits"),
        ("01", "it is not JSON"),
        ("0x10", "it is not JSON"),
    ],
)
def test_numbers_that_are_none_are_refused(number: str, reason: str) -> None:
    assert reason in refusal_of(json.dumps([named(vp="POWER")]).replace('"POWER"', number).encode())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Line 1, column 1: it is not JSON"),
        (b'[\n{"voter": }]', "Line 2, column 11: it is not JSON"),
        (b"address,power\n", "Line 1, column 1: it is not JSON"),
        (b'["\xff"]', "not UTF-8 at byte 2"),
        (b"[" * 100_000, "nested too deeply"),
        (b"7", "neither a list of votes nor an object"),
        (b'{"distribution": {}}', "neither a list of votes nor an object"),
        (b'{"votes": {}}', "neither a list of votes nor an object"),
        (b"[]", "must hold from 1 to 1,000,000 votes"),
        (b"[7]", "Vote 1: it is not an object"),
        (b'[{"choice": {"3": 1, "3": 2}}]', "the key '3' twice"),
    ],
)
def test_a_file_of_another_form_is_refused(data: bytes, reason: str) -> None:
    assert reason in refusal_of(data)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"votes": []}, "must hold from 1 to 1,000,000 votes"),
        ({"votes": [{"choice": {"1": 1}}]}, 'Vote 1: "balance" must be a number'),
        ({"votes": [{"choice": {"1": 1}, "balance": -1}]}, 'Vote 1: "balance" is negative'),
        ({"votes": [{"choice": {"3": 1}, "balance": 1}]}, "Vote 1: option 3 is not among the 2 choices"),
        ({"proposal": None}, '"proposal" must be an object'),
        ({"proposal": {"choices": "Yes"}}, '"proposal" must be an object'),
        ({"proposal": {"choices": ["Yes", ""]}}, "Choice 2: its name must be"),
        ({"proposal": {"choices": ["Yes", 2]}}, "Choice 2: its name must be"),
        ({"proposal": {"choices": ["Yes", "N\u0000o"]}}, "Choice 2: its name must be"),
        ({"proposal": {"choices": ["Yes", "N\ud800o"]}}, "Choice 2: its name must be"),
        ({"proposal": {"choices": ["Yes", "N" * 121]}}, "Choice 2: its name must be"),
        ({"proposal": {"choices": ["Yes", "No"], "type": "quadratic"}}, "of type 'quadratic'"),
        ({"scores": [1]}, '"scores" must be a list of numbers'),
        ({"scores": ["1", "2"]}, '"scores" must be a list of numbers'),
        ({"scores": 6}, '"scores" must be a list of numbers'),
    ],
)
def test_a_bad_file_of_choices_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal_of(json.dumps(unnamed(**changes)).encode())


def test_published_scores_of_another_rule_are_refused_in_words() -> None:
    with pytest.raises(
        Refusal, match=r"Choice 1: the published score is 5\.1000, .* gives 4\.5000"
    ) as caught:
        read_json(unnamed(scores=[5.1, 0.9]))
    assert caught.value.name == "another_rule"


def test_published_scores_may_be_off_as_floats_are() -> None:
    assert read_json(unnamed(scores=[4.5000000001, 1.4999999999]))


def test_more_options_than_a_page_can_show_are_refused() -> None:
    vote = named(choice={str(number): 1 for number in range(1, MOST_OPTIONS + 2)})
    assert "from 1 to 1,000 options, and has 1,001" in refusal_of(json.dumps([vote]).encode())


def test_votes_without_any_option_are_refused() -> None:
    assert "from 1 to 1,000 options, and has 0" in refusal_of(json.dumps([named(choice={})]).encode())
