"""The composer's model, without a page: whatever is done to a ballot, it stays one that can be."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

InBrowser = Callable[[Callable[[Page], Any]], Any]

PRELUDE = """
const S = await import("/js/composer/shares.js");
const C = await import("/js/composer/contest.js");
const { Composition } = await import("/js/composer/composition.js");
const { readSheet, writeSheet } = await import("/js/composer/sheet-text.js");
const { shuffled } = await import("/js/composer/order.js");
const contest = (largest, programme = "ignite", names = "abcdefghijklmnop") => ({
  programme, name: programme.toUpperCase(), budget: null,
  options: largest.map((most, place) => ({ typology: names[place], name: `Option ${names[place]}`,
    floor: 0, largest: most })) });
const state = (shares, locked = []) => ({ shares, locked: shares.map((_, place) => locked.includes(place)) });
const told = ({ state, whys, words }) => ({ shares: state.shares, whys: Object.fromEntries(whys), words });
"""


def evaluate(in_browser: InBrowser, body: str, argument: object = None) -> Any:
    def act(page: Page) -> Any:
        page.goto("/plain")
        return page.evaluate(f"async (input) => {{ {PRELUDE} {body} }}", argument)

    return in_browser(act)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("12.5", 1250), ("12,5", 1250), (" 12.50 % ", 1250), ("0.07", 7), ("0,7", 70), (".5", 50), ("7.", 700),
        ("", 0), ("100", 10_000), ("100.01", 10_001), ("1.234", None), ("-1", None), ("abc", None), (".", None),
        ("1e2", None), ("1 2", None), ("٣", None), ("Infinity", None),
    ],
)  # fmt: skip
def test_a_percentage_is_read_without_floats(in_browser: InBrowser, text: str, points: int | None) -> None:
    assert evaluate(in_browser, "return S.basisPoints(input);", text) == points


def test_what_is_written_is_read_back(in_browser: InBrowser) -> None:
    wrong = evaluate(
        in_browser,
        "return Array.from({ length: 10001 }, (_, p) => p).filter((p) => S.basisPoints(S.percentText(p)) !== p);",
    )
    assert wrong == []


def test_the_rest_goes_evenly_to_the_empty_unlocked_lines_within_their_caps(in_browser: InBrowser) -> None:
    empty, some, all_given, capped, locked = evaluate(
        in_browser,
        """
        const four = contest([10000, 10000, 10000, 10000]);
        return [
          C.spread(contest([10000, 10000, 10000]), state([0, 0, 0])),
          C.spread(four, state([5000, 0, 0, 0], [1])),
          C.spread(four, state([1000, 2000, 3000, 1000], [0])),
          C.spread(contest([1000, 2000, 10000]), state([0, 0, 0])),
          C.spread(four, state([1000, 0, 0, 0], [0, 1, 2, 3])),
        ].map(told);
        """,
    )
    assert empty["shares"] == [3334, 3333, 3333]
    assert some["shares"] == [5000, 0, 2500, 2500]
    assert all_given["shares"] == [1000, 3000, 4000, 2000]
    assert capped["shares"] == [1000, 2000, 7000]
    assert locked["shares"] == [1000, 0, 0, 0]
    assert "unlock one first" in locked["words"]


def test_scaling_fills_what_the_locked_lines_leave_in_proportion(in_browser: InBrowser) -> None:
    plain, locked, capped, nothing = evaluate(
        in_browser,
        """
        const free = contest([10000, 10000, 10000]);
        return [
          C.scale(free, state([1000, 2000, 3000])),
          C.scale(free, state([4000, 100, 200], [0])),
          C.scale(contest([2500, 2500, 10000]), state([3, 3, 0])),
          C.scale(free, state([4000, 0, 0], [0])),
        ].map(told);
        """,
    )
    assert plain["shares"] == [1667, 3333, 5000]
    assert locked["shares"] == [4000, 2000, 4000]
    assert capped["shares"] == [2500, 2500, 0]
    assert capped["words"] == "50 % is left: the other lines are at their caps."
    assert "nothing to scale" in nothing["words"]


def test_a_refusal_stands_at_its_line_and_taking_from_the_others_keeps_locks(in_browser: InBrowser) -> None:
    over_cap, over_rest, no_number, locked, taken, short = evaluate(
        in_browser,
        """
        const three = contest([3125, 10000, 10000]);
        return [
          C.setShare(three, state([0, 0, 0]), 0, 4000),
          C.setShare(three, state([0, 6000, 3000]), 2, 5000),
          C.setShare(three, state([100, 0, 0]), 0, null),
          C.setShare(three, state([100, 0, 0], [0]), 0, 200),
          C.takeFromOthers(three, state([2000, 3000, 5000], [2]), 0, 3000),
          C.takeFromOthers(three, state([0, 6000, 4000], [1]), 2, 5000),
        ].map(told);
        """,
    )
    assert over_cap == {
        "shares": [3125, 0, 0],
        "whys": {"0": "At most 31.25 % can go here by the programme's rules."},
        "words": "At most 31.25 % can go here by the programme's rules.",
    }
    assert over_rest["shares"] == [0, 6000, 4000]
    assert over_rest["whys"] == {"2": "Only 40 % is left for this line."}
    assert no_number["shares"] == [100, 0, 0]
    assert "Write a percentage" in no_number["whys"]["0"]
    assert locked["whys"]["0"].startswith("This line is locked")
    assert taken["shares"] == [3000, 2000, 5000]
    assert short["shares"] == [0, 6000, 4000]
    assert short["whys"] == {"2": "Only 40 % is left for this line."}


def test_a_ranking_becomes_shares_by_the_formula_that_the_page_shows(in_browser: InBrowser) -> None:
    harmonic, linear, tied, capped, fifty = evaluate(
        in_browser,
        """
        const shares = (curve, places, room = places.map(() => 10000)) =>
          S.apportion(S.CURVES[curve].weights(places), 10000, room);
        return [shares("harmonic", [1, 2, 3, 0]), shares("linear", [2, 1, 4, 3]), shares("equal", [1, 9, 1]),
          shares("harmonic", [1, 2, 3], [3000, 10000, 10000]),
          shares("harmonic", Array.from({ length: 50 }, (_, at) => at + 1))];
        """,
    )
    assert harmonic == [5455, 2727, 1818, 0]  # 6/11, 3/11, 2/11
    assert linear == [3000, 4000, 1000, 2000]
    assert tied == [3334, 3333, 3333]
    assert capped == [3000, 4200, 2800]
    assert sum(fifty) == 10_000
    assert fifty == sorted(fifty, reverse=True)


def test_no_deed_reaches_an_impossible_state(in_browser: InBrowser) -> None:
    """Ten thousand random deeds on random contests: shares stay whole, within caps, at most the whole; undo returns."""
    rng = random.Random(12)
    runs = [
        {
            "largest": [rng.choice([0, 1, 333, 2500, 9999, 10_000]) for _ in range(rng.randint(2, 9))],
            "deeds": [
                [rng.randrange(8), rng.randrange(9), rng.choice([0, 1, 99, 3333, 10_000, 999_999])]
                for _ in range(100)
            ],
        }
        for _ in range(100)
    ]
    wrong = evaluate(
        in_browser,
        """
        const wrong = [];
        for (const { largest, deeds } of input) {
          const made = new Composition([contest(largest)]);
          const seen = [JSON.stringify(made.states)];
          for (const [deed, at, points] of deeds) {
            const [one, now, place] = [made.contests[0], made.states[0], at % largest.length];
            const { state } = [() => C.setShare(one, now, place, points),
              () => C.takeFromOthers(one, now, place, points), () => C.spread(one, now),
              () => C.scale(one, now), () => C.clear(one, now), () => C.toggleLock(now, place), () => C.even(one, now),
              () => C.startFrom(one, now, largest.map((_, other) => (points * (other + 1)) % 7777))][deed]();
            const total = state.shares.reduce((all, share) => all + share, 0);
            const isWell = state.shares.every((share, other) =>
              Number.isInteger(share) && share >= 0 && share <= largest[other]) && total <= 10000;
            const locksHold = deed >= 5 || state.shares.every((share, other) =>
              !now.locked[other] || share === now.shares[other]);
            if (!isWell || !locksHold) wrong.push([largest, now, deed, place, points, state]);
            const before = JSON.stringify(made.states);
            made.apply(new Map([[0, state]]));
            if (JSON.stringify(made.states) !== before) seen.push(JSON.stringify(made.states));
          }
          const last = JSON.stringify(made.states);
          for (let back = seen.length - 2; back >= 0 && made.undo(); back--)
            if (JSON.stringify(made.states) !== seen[back]) wrong.push("undo");
          while (made.redo());
          if (JSON.stringify(made.states) !== last) wrong.push("redo");
        }
        return wrong.slice(0, 3);
        """,
        runs,
    )
    assert wrong == []


def test_a_draft_is_read_back_as_far_as_the_rules_allow(in_browser: InBrowser) -> None:
    same, cut, steps = evaluate(
        in_browser,
        """
        const made = new Composition([contest([10000, 5000]), contest([10000, 10000], "safety")]);
        made.apply(new Map([[0, state([2500, 5000], [1])], [1, state([10000, 0])]]));
        made.setReason("Because.");
        const again = new Composition(made.contests);
        again.restore(JSON.parse(JSON.stringify(made.content())));
        const odd = new Composition(made.contests);
        odd.restore({ lines: { "ignite/b": "80", "ignite/gone": "5",
          "safety/a": "60", "safety/b": "60", "ignite/a": "x" } });
        const typed = new Composition(made.contests);
        for (const share of [1, 12, 125]) typed.apply(new Map([[0, state([share, 0])]]), "type 0/0");
        typed.undo();
        return [[made.content(), again.content(), again.isReady],
          odd.states.map(({ shares }) => shares), typed.isEmpty];
        """,
    )
    assert same[0] == same[1]
    assert same[0] == {
        "lines": {"ignite/a": "25", "ignite/b": "50", "safety/a": "100"},
        "locked": ["ignite/b"],
        "reason": "Because.",
    }
    assert same[2] is False
    assert cut == [[0, 5000], [6000, 4000]]
    assert steps is True


def test_the_order_is_another_for_each_voter_and_always_the_same_for_one(in_browser: InBrowser) -> None:
    orders = evaluate(
        in_browser,
        """
        const names = [..."abcdefgh"];
        return Array.from({ length: 400 }, (_, voter) => shuffled(names, `0x${voter}`, "0xaa"))
          .concat([shuffled(names, "0x7", "0xaa"), shuffled(names, "0x7", "0xbb")]);
        """,
    )
    assert all(sorted(order) == list(range(8)) for order in orders)
    assert orders[400] == orders[7] != orders[401]
    firsts = [sum(order[0] == name for order in orders[:400]) for name in range(8)]
    assert min(firsts) > 25  # each option is first for about 50 of 400 voters


SHEETS = [
    ("a\t40\nb\t60\n", [[4000, 6000, 0]], []),
    ("Option a;12,5\r\nOPTION B ; 87,5 %", [[1250, 8750, 0]], []),
    ('option,percent\n"Option a",40\nb,60', [[4000, 6000, 0]], []),
    ("ignite,a,40\nIGNITE,b,60", [[4000, 6000, 0]], []),
    ("a,12,5", None, [(1, "Too many columns")]),
    ("a\t40\nnope\t3\nb", None, [(2, "“nope” is no option here"), (3, "has one column")]),
    ("a\t40\n\na\t10", None, [(3, "stands here twice")]),
    ("a\t-4\nb\tten\nc\t1.234", None, [(1, "below zero"), (2, "is no number"), (3, "at most two decimals")]),
    ("other\ta\t5", None, [(1, "“a” is no option of “other” here")]),
    ("", None, [(1, "nothing here")]),
    ("\ufeffc\t100", [[0, 0, 10_000]], []),
]


@pytest.mark.parametrize(("text", "wanted", "faults"), SHEETS)
def test_columns_are_read_and_faults_named_by_line(
    in_browser: InBrowser, text: str, wanted: list[list[int]] | None, faults: list[tuple[int, str]]
) -> None:
    read = evaluate(
        in_browser,
        """const { wanted, faults } = readSheet(input, [contest([10000, 10000, 10000])]);
        return { wanted: [...wanted.values()], faults };""",
        text,
    )
    if wanted is not None:
        assert read["wanted"] == wanted
    assert [fault["line"] for fault in read["faults"]] == [line for line, _ in faults]
    assert all(words in fault["words"] for fault, (_, words) in zip(read["faults"], faults, strict=True))


def test_a_ballot_saved_as_a_file_is_read_back(in_browser: InBrowser) -> None:
    text, same, twice = evaluate(
        in_browser,
        """
        const contests = [contest([10000, 10000]), contest([10000, 10000], "safety")];
        const text = writeSheet(contests, [state([1250, 8750]), state([0, 10000])]);
        return [text, [...readSheet(text, contests).wanted], readSheet("a\\t5", contests).faults];
        """,
    )
    assert text == (
        "programme,option,percent\r\nignite,a,12.5\r\nignite,b,87.5\r\nsafety,a,0\r\nsafety,b,100\r\n"
    )
    assert same == [[0, [1250, 8750]], [1, [0, 10_000]]]
    assert "more than one programme" in twice[0]["words"]
