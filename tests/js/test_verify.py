"""The parts of the browser's verifier against Python's, on thousands of random inputs."""

import hashlib
import io
import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import Page

from tpp.bench.record import made_up
from votes.record.canonical import canonical
from votes.record.lines import sealed
from votes.record.rules import META, ContestRules, LastSplit, OptionRules, Rules
from votes.record.verify import Options, verify
from votes.record.verify.counting import Counting
from votes.record.verify.results import recompute
from votes.tally import FALLBACKS, RULES, Bounds, TallyError, check_bounds, largest_lines

pytestmark = pytest.mark.browser

InBrowser = Callable[[Callable[[Page], Any]], Any]


def evaluate(in_browser: InBrowser, body: str, argument: object) -> Any:
    """The value of an async function body in a page, with `input` given."""

    def run(page: Page) -> Any:
        page.set_default_timeout(120_000)
        page.goto("/plain")
        return page.evaluate(f"async (input) => {{ {body} }}", argument)

    return in_browser(run)


def test_sha256_of_any_length_in_any_pieces(in_browser: InBrowser) -> None:
    rng = random.Random(256)
    inputs = [rng.randbytes(size) for size in [*range(200), 1000, 4096, 10_001]]
    found = evaluate(
        in_browser,
        """const { Sha256, sha256 } = await import("/js/verify/sha256.js");
        const { fromHex, toHex } = await import("/js/crypto/bytes.js");
        return input.map((hex) => {
          const bytes = fromHex(hex);
          const pieces = new Sha256();
          for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7) % 131) {
            pieces.update(bytes.subarray(at, at + step));
            pieces.digest();
          }
          return [toHex(sha256(bytes)), toHex(pieces.digest())];
        });""",
        ["0x" + data.hex() for data in inputs],
    )
    for data, both in zip(inputs, found, strict=True):
        assert both == ["0x" + hashlib.sha256(data).hexdigest()] * 2


def test_canonical_json_is_the_same_text(in_browser: InBrowser) -> None:
    rng = random.Random(8785)
    letters = 'aé\u0000\u001f\u007f"\\/\b\t\n\r\f\u2028\ufeff日🗳️\ue000'

    def value(depth: int) -> Any:
        kind = rng.randrange(7 if depth else 4)
        if kind < 4:
            text = "".join(rng.choices(letters, k=rng.randrange(9)))
            return [None, rng.random() < 0.5, rng.choice([0, 1, 2**53 - 1, rng.randrange(10**6)]), text][kind]
        if kind == 4:
            return [value(depth - 1) for _ in range(rng.randrange(4))]
        return {
            "".join(rng.choices(letters + "0189", k=3)): value(depth - 1) for _ in range(rng.randrange(5))
        }

    texts = [canonical(value(4)).decode() for _ in range(1000)]
    refused = [
        "1.0",
        "-0",
        "1e3",
        " 1",
        '{"a":1,"a":1}',
        '{"b":1,"a":2}',
        '"\\u0041"',
        '"\\ud800"',
        "[" * 65 + "]" * 65,
    ]
    refused += ["9007199254740992", "NaN", "", "\ufeff1", '"\\/"', '"\\u001F"', "1\n"]
    found = evaluate(
        in_browser,
        """const { parseCanonical } = await import("/js/verify/canonical.js");
        return input.map((text) => { try { parseCanonical(text); return true; } catch { return false; } });""",
        [*texts, *refused],
    )
    assert found == [True] * len(texts) + [False] * len(refused)


def random_bounds(rng: random.Random, count: int) -> list[tuple[int, int]]:
    while True:
        floors = [rng.choice([0, 0, 500, rng.randrange(10_000 // count)]) for _ in range(count)]
        bounds = [(floor, rng.choice([10_000, 10_000, rng.randint(floor, 10_000)])) for floor in floors]
        try:
            check_bounds([Bounds(*bound) for bound in bounds])
        except TallyError:
            continue
        return bounds


def random_lines(rng: random.Random, most: tuple[int, ...]) -> dict[int, int]:
    """Lines that respect the caps and sum to a whole, in coarse or fine steps."""
    left, lines = 10_000, dict[int, int]()
    step = rng.choice([1, 100, 2_500])
    options = list(range(len(most)))
    rng.shuffle(options)
    for option in options:
        share = min(left, most[option], step * rng.randint(0, 10_000 // step))
        lines[option] = share
        left -= share
    for option in options:
        more = min(left, most[option] - lines[option])
        lines[option] += more
        left -= more
    return {option: share for option, share in lines.items() if share}


def random_contest(rng: random.Random, programme: str, keys: list[str], budget: int | None) -> ContestRules:
    bounds = random_bounds(rng, len(keys))
    options = tuple(OptionRules(key, key, *bound) for key, bound in zip(keys, bounds, strict=True))
    last = None
    if rng.random() < 0.7:
        weights = [rng.randrange(5) for _ in keys]
        shares = [Fraction(weight, sum(weights) or 1) for weight in weights]
        names = keys if rng.random() < 0.8 else [*keys[1:], "gone"]
        last = LastSplit(
            1, dict(zip(names, shares if any(weights) else [Fraction(1), *shares[1:]], strict=True))
        )
    fallback = rng.choice(FALLBACKS)
    rule = rng.choice(list(RULES))
    quorum = rng.choice([0, 0, 5_000, 10_000]), rng.choice([0, 0, 3])
    return ContestRules(
        programme,
        programme,
        budget,
        rule,
        *quorum,
        fallback,
        options,
        last if fallback == "repeat_last_split" else None,
    )


def random_vote(rng: random.Random, like: Rules) -> tuple[Rules, Any, int]:
    """Rules with a contest over all programmes, a histogram as counting leaves it, and the total of power."""
    programmes = [f"p{number}" for number in range(rng.randint(1, 3))]
    contests = (
        [random_contest(rng, META, programmes, rng.choice([0, 7, 10**27 + 1]))] if rng.random() < 0.7 else []
    )
    for programme in programmes:
        budget = None if contests and contests[0].programme == META else rng.choice([0, 10, 10**27])
        contests.append(
            random_contest(rng, programme, [f"t{number}" for number in range(rng.randint(1, 6))], budget)
        )
    histogram: list[defaultdict[int, int]] = []
    turnouts = []
    total = 0
    for contest in contests:
        cells: list[defaultdict[int, int]] = [defaultdict(int) for _ in contest.options]
        voters = power = 0
        for _ in range(rng.choice([0, 1, 2, 5, 12])):
            held = rng.choice([1, rng.randrange(1, 9), rng.getrandbits(90) + 1])
            for option, share in random_lines(rng, largest_lines(contest.bounds)).items():
                cells[option][share] += held
            voters, power = voters + 1, power + held
        histogram += cells
        turnouts.append([voters, power])
        total = max(total, power)
    total *= rng.choice([1, 1, 2, 5])
    return (
        replace(like, contests=tuple(contests)),
        SimpleNamespace(histogram=histogram, turnouts=turnouts),
        total,
    )


def test_five_rules_quorums_fall_backs_and_the_vote_over_programmes(in_browser: InBrowser) -> None:
    rng = random.Random(5)
    like = Rules.parse(
        next(json.loads(raw) for raw in made_up(1, signed=False) if b'"type":"rules"' in raw)["json"]
    )
    votes = [random_vote(rng, like) for _ in range(1500)]
    given = [
        {
            "rules": rules.data.decode(),
            "cells": [[[share, str(power)] for share, power in cells.items()] for cells in counted.histogram],
            "turnouts": [[voters, str(power)] for voters, power in counted.turnouts],
            "total": str(total),
        }
        for rules, counted, total in votes
    ]
    found = evaluate(
        in_browser,
        """const { recompute } = await import("/js/verify/results.js");
        const { parseRules } = await import("/js/verify/rules.js");
        const { text } = await import("/js/verify/fractions.js");
        return input.map(({ rules, cells, turnouts, total }) => {
          const counting = {
            histogram: cells.map((cell) => new Map(cell.map(([share, power]) => [share, BigInt(power)]))),
            turnouts: turnouts.map(([voters, power]) => ({ voters, power: BigInt(power) })),
          };
          return recompute(parseRules(rules), counting, BigInt(total)).map(({ budget, byRule }) => [String(budget),
            [...byRule].map(([rule, one]) => [rule, one.outcome, one.why, one.shares.map(text), one.amounts.map(String),
              one.parameter && text(one.parameter)])]);
        });""",
        given,
    )
    outcomes = set()
    for (rules, counted, total), contests in zip(votes, found, strict=True):
        expected = recompute(rules, cast(Counting, counted), total)
        outcomes |= {contest.binding.outcome for contest in expected}
        assert contests == [
            [
                str(contest.budget),
                [
                    [
                        rule,
                        one.outcome,
                        one.why,
                        [str(share) for share in one.shares],
                        [str(amount) for amount in one.amounts],
                        None if one.parameter is None else str(one.parameter),
                    ]
                    for rule, one in contest.by_rule.items()
                ],
            ]
            for contest in expected
        ]
    assert outcomes == {"split", "nothing_given", *FALLBACKS}


def test_signatures_are_checked_in_several_threads_as_in_one(in_browser: InBrowser) -> None:
    right = b"".join(sealed(made_up(450, signed=True)))
    position = right.index(b'"position":333,')
    start = right.rindex(b"\n", 0, position) + 1
    line = right[start : right.index(b"\n", start)]
    at = line.index(b'"signature":"0x') + 20
    forged = line[:at] + (b"1" if line[at : at + 1] != b"1" else b"2") + line[at + 1 :]
    wrong = right.replace(line, forged)
    body = """const { verify } = await import("/js/verify/run.js");
        const all = [];
        for (const threads of [0, 1, 3]) for (const text of input) {
          let last = null;
          const { outcomes } = await verify(new Blob([text]).stream(), { threads, progress: (now) => { last = now; } });
          const told = outcomes.map(({ name, status, findings }) => [name, status, findings.map(({ where }) => where)]);
          all.push([told, last.checked]);
        }
        return all;"""
    found = evaluate(in_browser, body, [right.decode(), wrong.decode()])
    for data, alike in ((right, found[0::2]), (wrong, found[1::2])):
        outcomes = verify(io.BytesIO(data), Options(workers=1)).outcomes
        expected = [
            [one.check.name, one.status.value, [finding.where for finding in one.findings]]
            for one in outcomes
        ]
        for told, checked in alike:
            assert told == expected
            assert checked == 450
    assert [name for name, status, _ in found[1][0] if status == "fail"] == ["seal", "signatures"]
