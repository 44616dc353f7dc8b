"""Votes of another system as a file: the two forms in which Snapshot's ballots are handed on, as JSON.

One is a list of votes, `[{"voter": …, "vp": …, "choice": {"12": 3, …}, "created": …}, …]`. The other is one object
with the names of the options, ballots without voters, and the scores that were published: `{"proposal": {"choices":
[…]}, "votes": [{"choice": {"1": 3, …}, "balance": …}, …], "scores": […]}`. Fields that are not named here are not
read. Numbers are taken digit by digit and are never floats.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from chain.signing import BadAddress, parse_address
from journal.refusal import Refusal
from votes.record.canonical import nesting
from votes.tally import largest_remainder

MOST_VOTES, MOST_OPTIONS, LONGEST_NAME = 1_000_000, 1_000, 120
_DEEPEST = 32
_MOST_DIGITS = 80  # of one number, before and after its point
_OPTION = re.compile(r"[1-9][0-9]{0,8}")
_PRECISION = Fraction(1, 10**9)  # of published scores: they are floats


@dataclass(frozen=True, slots=True)
class Option:
    """What could be chosen, by the number that the file gives it, from 1."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's choice: relative weights by option number. `power` [tokens], `created` [Unix seconds]."""

    voter: str
    power: Fraction
    weights: Mapping[int, Fraction]
    created: int | None


@dataclass(frozen=True)
class Export:
    """A whole file: options in the order of their numbers, votes in the order of the file, the file's SHA-256."""

    options: tuple[Option, ...]
    votes: tuple[Vote, ...]
    sha256: bytes

    @property
    def names_voters(self) -> bool:
        """Whether voters and times are the file's own; else addresses are made up from places, times unknown."""
        return self.votes[0].created is not None


def read(data: bytes) -> Export:
    """The votes in a file of either form.

    Raises Refusal `bad_export` with position and reason for anything that is not exactly readable, and
    `another_rule` where the published scores are not the mean of the ballots.
    """
    document = _json(data)
    if isinstance(document, list):
        votes = _votes(document, _named_vote)
        options = _used(votes)
    elif isinstance(document, dict) and isinstance(document.get("votes"), list):
        options = _choices(document.get("proposal"))
        votes = _votes(document["votes"], _unnamed_vote)
        _check_options(votes, len(options))
        _check_scores(document.get("scores"), votes, len(options))
    else:
        raise _bad('It is neither a list of votes nor an object with "proposal", "votes" and "scores"')
    if not 0 < len(options) <= MOST_OPTIONS:
        raise _bad(f"It must have from 1 to {MOST_OPTIONS:,} options, and has {len(options):,}")
    return Export(options, votes, hashlib.sha256(data).digest())


def base_units(power: Fraction, decimals: int) -> int | None:
    """A power [tokens] in base units; None where it has more decimals than that.

    >>> base_units(Fraction("12.5"), 18), base_units(Fraction("12.5"), 0)
    (12500000000000000000, None)
    """
    units = power * 10**decimals
    return units.numerator if units.denominator == 1 else None


def basis_points(weights: Mapping[int, Fraction]) -> dict[int, int]:
    """Relative weights as whole basis points, by option number.

    They sum to 10,000, each less than one from its exact share: largest remainder, ties to the lower number. An
    option that is left with nothing has no line; a ballot without any weight has no lines.

    >>> basis_points({3: Fraction(1), 1: Fraction(1), 2: Fraction(1), 7: Fraction(0)})
    {1: 3334, 2: 3333, 3: 3333}
    """
    chosen = sorted((number, weight) for number, weight in weights.items() if weight)
    total = sum((weight for _, weight in chosen), Fraction())
    if not total:
        return {}
    lines = largest_remainder([weight / total for _, weight in chosen], 10_000)
    return {number: line for (number, _), line in zip(chosen, lines, strict=True) if line}


def _json(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
        if nesting(text) > _DEEPEST:
            raise _bad("It is nested too deeply")
        return json.loads(
            text,
            parse_int=_whole,
            parse_float=_decimal,
            parse_constant=_decimal,
            object_pairs_hook=_without_repetition,
        )
    except UnicodeDecodeError as error:
        raise _bad(f"It is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise _bad(f"Line {error.lineno}, column {error.colno}: it is not JSON ({error.msg})") from error


def _whole(literal: str) -> Fraction:
    if len(literal) > _MOST_DIGITS:
        raise _bad(f"The number {literal[:20]}… has more than {_MOST_DIGITS} digits")
    return Fraction(int(literal))


def _decimal(literal: str) -> Fraction:
    """The number exactly as it is written."""
    try:
        number = Decimal(literal)
    except InvalidOperation as error:
        raise _bad(f"The number {literal[:20]} is out of range") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise _bad(f"{literal} is no number")
    if len(literal) > _MOST_DIGITS or exponent < -_MOST_DIGITS or number.adjusted() > _MOST_DIGITS:
        raise _bad(f"The number {literal[:20]} has more than {_MOST_DIGITS} digits before or after its point")
    return Fraction(number)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _bad(f"One object has the key {twice[:40]!a} twice")
    return found


def _votes(rows: list[Any], parse: Callable[[dict[str, Any], int], Vote]) -> tuple[Vote, ...]:
    """Every row parsed, no voter twice."""
    if not 0 < len(rows) <= MOST_VOTES:
        raise _bad(f"It must hold from 1 to {MOST_VOTES:,} votes, and holds {len(rows):,}")
    first: dict[str, int] = {}
    votes = []
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise _bad("it is not an object", place)
        vote = parse(row, place)
        if vote.voter in first:
            raise _bad(f"{vote.voter} has voted already, in vote {first[vote.voter]}", place)
        first[vote.voter] = place
        votes.append(vote)
    return tuple(votes)


def _named_vote(row: dict[str, Any], place: int) -> Vote:
    voter, created = row.get("voter"), row.get("created")
    if not isinstance(voter, str):
        raise _bad('"voter" must be an address', place)
    try:
        address = parse_address(voter)
    except BadAddress as error:
        raise _bad(str(error).rstrip("."), place) from error
    if not isinstance(created, Fraction) or created.denominator != 1 or not 0 < created < 2**32:
        raise _bad('"created" must be a time in whole Unix seconds', place)
    return Vote(address, _number(row, "vp", place), _weights(row, place), created.numerator)


def _unnamed_vote(row: dict[str, Any], place: int) -> Vote:
    """A ballot that does not say whose it is: its address is its place, which nobody holds a key for."""
    return Vote(f"0x{place:040x}", _number(row, "balance", place), _weights(row, place), None)


def _number(row: Mapping[str, Any], key: str, place: int) -> Fraction:
    value = row.get(key)
    if not isinstance(value, Fraction):
        raise _bad(f'"{key}" must be a number', place)
    if value < 0:
        raise _bad(f'"{key}" is negative', place)
    return value


def _weights(row: dict[str, Any], place: int) -> dict[int, Fraction]:
    choice = row.get("choice")
    if not isinstance(choice, dict):
        raise _bad(
            '"choice" must be an object from option to weight; single, ranked and approval votes can\'t be read',
            place,
        )
    weights = {}
    for option in choice:
        if _OPTION.fullmatch(option) is None:
            raise _bad(f"{option[:40]!a} is no number of an option; they count from 1", place)
        weights[int(option)] = _number(choice, option, place)
    return weights


def _used(votes: Sequence[Vote]) -> tuple[Option, ...]:
    """The options that votes name, as the file lists none."""
    numbers = sorted({number for vote in votes for number in vote.weights})
    return tuple(Option(number, f"Choice {number}") for number in numbers)


def _choices(proposal: Any) -> tuple[Option, ...]:
    names = proposal.get("choices") if isinstance(proposal, dict) else None
    if not isinstance(names, list):
        raise _bad('"proposal" must be an object with "choices", a list of names')
    if proposal.get("type", "weighted") != "weighted":
        raise _bad(f'"proposal" is of type {str(proposal["type"])[:40]!a}; only "weighted" can be read')
    return tuple(Option(number, _name(name, number)) for number, name in enumerate(names, start=1))


def _name(name: Any, number: int) -> str:
    text = unicodedata.normalize("NFC", name).strip() if isinstance(name, str) else ""
    if not 0 < len(text) <= LONGEST_NAME or not text.isprintable():
        raise _bad(f"Choice {number}: its name must be 1 to {LONGEST_NAME} printable characters")
    return text


def _check_options(votes: Sequence[Vote], count: int) -> None:
    for place, vote in enumerate(votes, start=1):
        unknown = next((number for number in vote.weights if number > count), None)
        if unknown is not None:
            raise _bad(f"option {unknown} is not among the {count} choices", place)


def _check_scores(scores: Any, votes: Sequence[Vote], count: int) -> None:
    """Refuse published scores, if there are any, that a weighted vote on these ballots does not give."""
    if scores is None:
        return
    if not isinstance(scores, list) or len(scores) != count or not all(map(_is_number, scores)):
        raise _bad('"scores" must be a list of numbers, one a choice')
    exact = dict.fromkeys(range(1, count + 1), Fraction())
    for number, score in _scores(votes):
        exact[number] += score
    total = sum(exact.values())
    for published, (number, score) in zip(scores, exact.items(), strict=True):
        if abs(published - score) > _PRECISION * total:
            raise Refusal(
                "another_rule",
                f"Choice {number}: the published score is {_in_words(published)}, but a weighted vote on these"
                f" ballots gives {_in_words(score)}. Another rule made it, such as quadratic voting, which can't"
                " be read here. Nothing was imported.",
            )


def _scores(votes: Sequence[Vote]) -> Iterator[tuple[int, Fraction]]:
    """Each vote's part of an option's score [tokens], cut at 30 digits so that denominators stay small."""
    unit = 10**30
    for vote in votes:
        whole = sum(vote.weights.values())
        for number, weight in vote.weights.items():
            if weight:
                yield number, Fraction(vote.power * weight / whole * unit // 1, unit)


def _in_words(score: Fraction) -> str:
    return f"{Decimal(score.numerator) / score.denominator:,.4f}"


def _is_number(value: Any) -> bool:
    return isinstance(value, Fraction)


def _bad(reason: str, place: int | None = None) -> Refusal:
    where = "" if place is None else f"Vote {place}: "
    return Refusal("bad_export", f"{where}{reason}. Nothing was imported.")
