"""The demo community's words and numbers hold together. Pure: reads the TOML files, needs no Django."""

from __future__ import annotations

import itertools
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CONTENT = Path(__file__).resolve().parents[2] / "tpp" / "demo" / "content"
SLUG = re.compile(r"^[a-z0-9][a-z0-9-]*$")
WHOLE = re.compile(r"^[1-9][0-9]*$")
MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
)
ABSOLUTE_DATE = re.compile(rf"\b(?:{MONTHS})\b|\b(?:19|20)\d\d\b")
PAST_CYCLES = range(1, 12)
OPEN_CYCLE = 12
MOMENTS = ("before", "during", "after")
STATEMENT = ("impact", "mechanic", "plan", "accountability", "conflicts")
VISIBLE_SHIFT = 8

Row = dict[str, Any]


def load(name: str) -> Row:
    return tomllib.loads((CONTENT / name).read_text(encoding="utf-8"))


PEOPLE = load("people.toml")
PROGRAMMES = load("programmes.toml")
YEAR = load("year.toml")
POSTS: list[Row] = [
    post for path in sorted(CONTENT.glob("threads*.toml")) for post in load(path.name)["post"]
]

DELEGATES: dict[str, Row] = {row["label"]: row for row in PEOPLE["delegate"]}
PERSONS: dict[str, Row] = {row["label"]: row for row in PEOPLE["person"]}
SPEAKERS = DELEGATES | PERSONS
TYPOLOGIES: dict[str, Row] = {
    f"{programme['slug']}/{typology['slug']}": typology
    for programme in PROGRAMMES["programme"]
    for typology in programme["typology"]
}
CYCLES: list[Row] = [*YEAR["cycle"], YEAR["open"]]
THREADS = {
    "meta",
    *(f"programme/{programme['slug']}" for programme in PROGRAMMES["programme"]),
    *(f"typology/{key}" for key in TYPOLOGIES),
    *(f"cycle/{number}" for number in (*PAST_CYCLES, OPEN_CYCLE)),
}


def strings(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every string in a parsed file, with the path that leads to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from strings(inner, f"{path}[{position}]")


def moment(post: Row) -> tuple[int, int]:
    return post["cycle"], MOMENTS.index(post["when"])


# People


def test_there_are_44_delegates_and_about_ten_others() -> None:
    assert len(PEOPLE["delegate"]) == 44
    assert 8 <= len(PEOPLE["person"]) <= 15


def test_labels_and_names_are_unique() -> None:
    rows = PEOPLE["delegate"] + PEOPLE["person"]
    for key in ("label", "name"):
        assert [value for value, n in Counter(row[key] for row in rows).items() if n > 1] == []


@pytest.mark.parametrize("delegate", PEOPLE["delegate"], ids=lambda row: row["label"])
def test_a_delegate_is_complete(delegate: Row) -> None:
    assert set(delegate) == {"label", "name", "power", "turnout", "bio", "taste", "late"}
    assert SLUG.match(delegate["label"])
    assert WHOLE.match(delegate["power"])
    assert type(delegate["turnout"]) is int
    assert 0 <= delegate["turnout"] <= 100
    assert type(delegate["late"]) is bool
    assert delegate["name"]
    assert delegate["bio"].endswith(".")
    for key, multiplier in delegate["taste"].items():
        assert key in TYPOLOGIES
        assert type(multiplier) is int
        assert 0 < multiplier <= 300
        assert multiplier != 100, "neutral is left out"


@pytest.mark.parametrize("person", PEOPLE["person"], ids=lambda row: row["label"])
def test_a_person_is_complete(person: Row) -> None:
    assert set(person) == {"label", "name", "bio"}
    assert SLUG.match(person["label"])
    assert person["name"]
    assert person["bio"].endswith(".")


def test_power_is_spread_as_in_a_real_assembly() -> None:
    powers = sorted((int(row["power"]) for row in PEOPLE["delegate"]), reverse=True)
    total = sum(powers)
    assert 880_000_000 <= total <= 920_000_000
    assert 8 * total <= 100 * powers[0] <= 10 * total
    assert 53 * total <= 100 * sum(powers[:10]) <= 57 * total
    assert sum(power < 1_000_000 for power in powers) >= 4
    assert len(set(powers)) == len(powers)


def test_two_sentences_in_the_threads_about_power_are_true() -> None:
    powers = sorted((int(row["power"]) for row in PEOPLE["delegate"]), reverse=True)
    assert 2 * sum(powers[:8]) < sum(powers) < 2 * sum(powers[:9]), "nine delegates hold more than half"
    assert round(10_000 * int(DELEGATES["wainwright"]["power"]) / sum(powers)) == 7, "0.07 % of the total"


def test_some_vote_late_and_most_do_not() -> None:
    assert 5 <= sum(row["late"] for row in PEOPLE["delegate"]) <= 15


# Programmes


def test_there_are_four_programmes_and_ten_typologies() -> None:
    assert len(PROGRAMMES["programme"]) == 4
    assert len(TYPOLOGIES) == 10
    assert sum(len(programme["typology"]) for programme in PROGRAMMES["programme"]) == 10


def test_the_meta_programme_is_complete_and_its_budget_is_the_sum() -> None:
    meta = PROGRAMMES["meta"]
    assert set(meta) == {"name", "token", "decimals", "chain_id", "text", "budget_per_cycle"}
    assert (meta["token"], meta["decimals"], meta["chain_id"]) == ("ZK", 18, 324)
    budgets = [int(programme["budget"]) for programme in PROGRAMMES["programme"]]
    assert sum(budgets) == int(meta["budget_per_cycle"])


def test_the_rules_named_are_known_and_both_are_used() -> None:
    rules = Counter(programme["rule"] for programme in PROGRAMMES["programme"])
    assert set(rules) == {"ladder", "mean"}
    assert rules["ladder"] >= 2


@pytest.mark.parametrize("programme", PROGRAMMES["programme"], ids=lambda row: row["slug"])
def test_a_programme_is_complete(programme: Row) -> None:
    assert set(programme) == {
        "slug",
        "name",
        "one_line",
        "budget",
        "rule",
        *STATEMENT,
        "goal",
        "facilitator",
        "typology",
    }
    assert SLUG.match(programme["slug"])
    assert WHOLE.match(programme["budget"])
    assert all(len(programme[part].split()) >= 30 for part in STATEMENT)
    assert 2 <= len(programme["goal"]) <= 4
    assert all(set(goal) == {"goal", "metric", "target"} for goal in programme["goal"])
    assert programme["facilitator"]
    assert 2 <= len(programme["typology"]) <= 3


@pytest.mark.parametrize("programme", PROGRAMMES["programme"], ids=lambda row: row["slug"])
def test_a_facilitator_has_no_power_and_discloses(programme: Row) -> None:
    for facilitator in programme["facilitator"]:
        assert set(facilitator) == {"person", "term_cycles", "interest", "pay_rule"}
        assert facilitator["person"] in PERSONS
        assert 1 <= facilitator["term_cycles"] <= 24
        assert facilitator["interest"]
        assert "at most" in facilitator["pay_rule"]


@pytest.mark.parametrize("programme", PROGRAMMES["programme"], ids=lambda row: row["slug"])
def test_floors_and_caps_can_be_announced(programme: Row) -> None:
    typologies = programme["typology"]
    for typology in typologies:
        assert set(typology) == {"slug", "name", "one_line", "description", "floor", "cap"}
        assert SLUG.match(typology["slug"])
        assert 0 <= typology["floor"] <= typology["cap"] <= 10_000
    assert len({typology["slug"] for typology in typologies}) == len(typologies)
    residual = 10_000 - sum(typology["floor"] for typology in typologies)
    assert residual > 0
    assert sum(min(10_000, 10_000 * (t["cap"] - t["floor"]) // residual) for t in typologies) >= 10_000


def test_names_of_programmes_and_typologies_are_unique() -> None:
    names = [row["name"] for row in (*PROGRAMMES["programme"], *TYPOLOGIES.values())]
    assert len(set(names)) == len(names)


# The year


def test_eleven_cycles_are_past_and_the_twelfth_is_open() -> None:
    assert [cycle["number"] for cycle in YEAR["cycle"]] == list(PAST_CYCLES)
    assert YEAR["open"]["number"] == OPEN_CYCLE


@pytest.mark.parametrize("cycle", CYCLES, ids=lambda row: str(row["number"]))
def test_a_mood_splits_every_programme_within_its_floors_and_caps(cycle: Row) -> None:
    assert set(cycle["mood"]) == set(TYPOLOGIES)
    sums: Counter[str] = Counter()
    for key, percent in cycle["mood"].items():
        assert type(percent) is int
        assert TYPOLOGIES[key]["floor"] <= 100 * percent <= TYPOLOGIES[key]["cap"], key
        sums[key.split("/")[0]] += percent
    assert set(sums.values()) == {100}


@pytest.mark.parametrize("cycle", YEAR["cycle"], ids=lambda row: str(row["number"]))
def test_a_past_cycle_has_a_turnout_and_a_note_by_somebody_without_power(cycle: Row) -> None:
    assert set(cycle) == {"number", "turnout_shift", "outcome", "outcome_by", "reasons", "mood"}
    assert -20 <= cycle["turnout_shift"] <= 20
    assert 3 <= len(cycle["reasons"]) <= 7
    assert cycle["outcome_by"] in PERSONS
    assert "\n\n" not in cycle["outcome"].strip(), "one paragraph"


@pytest.mark.parametrize("cycle", CYCLES, ids=lambda row: str(row["number"]))
def test_reasons_are_short_and_by_delegates_one_each(cycle: Row) -> None:
    for reason in cycle["reasons"]:
        assert set(reason) == {"who", "text"}
        assert reason["who"] in DELEGATES
        assert 10 <= len(reason["text"]) <= 280
        assert len(reason["text"].encode()) <= 400
    assert len({reason["who"] for reason in cycle["reasons"]}) == len(cycle["reasons"])


def test_the_open_cycle_has_reasons_by_people_who_vote_early() -> None:
    assert set(YEAR["open"]) == {"number", "mood", "reasons"}
    assert 6 <= len(YEAR["open"]["reasons"]) <= 10
    assert not [r["who"] for r in YEAR["open"]["reasons"] if DELEGATES[r["who"]]["late"]]


def test_the_year_moves_and_every_typology_with_it() -> None:
    for key in TYPOLOGIES:
        shares = [cycle["mood"][key] for cycle in CYCLES]
        assert max(shares) - min(shares) >= 10, key


# The threads


@pytest.mark.parametrize("post", POSTS, ids=lambda row: f"{row['on']}:{row['who']}")
def test_a_post_stands_in_a_thread_and_has_an_author(post: Row) -> None:
    assert set(post) == {"on", "who", "cycle", "when", "text"}
    assert post["on"] in THREADS
    assert post["who"] in SPEAKERS
    assert post["cycle"] in (*PAST_CYCLES, OPEN_CYCLE)
    assert post["when"] in MOMENTS
    assert moment(post) < (OPEN_CYCLE, MOMENTS.index("after")), "the open cycle has no afterwards yet"
    if post["on"].startswith("cycle/"):
        assert post["on"] == f"cycle/{post['cycle']}"
    assert len(post["text"].split()) >= 8


def test_every_thread_is_lively() -> None:
    counts = Counter(post["on"] for post in POSTS)
    least = {thread: 4 if thread.startswith("cycle/") else 5 for thread in THREADS}
    assert {thread: counts[thread] for thread in THREADS if counts[thread] < least[thread]} == {}
    assert len(POSTS) >= 170


def test_a_thread_is_written_in_order_of_time() -> None:
    for thread in THREADS:
        moments = [moment(post) for post in POSTS if post["on"] == thread]
        assert moments == sorted(moments), thread


def test_no_text_stands_twice() -> None:
    texts = [post["text"] for post in POSTS]
    texts += [reason["text"] for cycle in CYCLES for reason in cycle["reasons"]]
    assert [text for text, n in Counter(texts).items() if n > 1] == []


def test_everybody_is_heard() -> None:
    writers = {reason["who"] for cycle in CYCLES for reason in cycle["reasons"]}
    heard = {post["who"] for post in POSTS} | writers
    assert set(SPEAKERS) - heard == set()


def test_the_reason_of_every_visible_shift_can_be_read_before_it() -> None:
    """A share that moves by VISIBLE_SHIFT points was talked about in its thread since the result before."""
    silent = []
    for earlier, later in itertools.pairwise(CYCLES):
        for key in TYPOLOGIES:
            if abs(later["mood"][key] - earlier["mood"][key]) < VISIBLE_SHIFT:
                continue
            programme = key.split("/")[0]
            threads = {f"programme/{programme}"} | {
                f"typology/{other}" for other in TYPOLOGIES if other.startswith(f"{programme}/")
            }
            first, last = (earlier["number"], 1), (later["number"], 1)
            if not any(post["on"] in threads and first <= moment(post) <= last for post in POSTS):
                silent.append((later["number"], key))
    assert silent == []


# Every word of it

FILES = sorted(CONTENT.glob("*.toml"))


def test_nothing_else_lies_in_the_directory() -> None:
    named = {"people.toml", "programmes.toml", "year.toml"}
    assert {path.name for path in FILES if not path.name.startswith("threads")} == named


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_text_is_clean(path: Path) -> None:
    raw = path.read_text(encoding="utf-8")
    assert raw == unicodedata.normalize("NFC", raw)
    for where, text in strings(tomllib.loads(raw), path.name):
        assert text == text.strip(), where
        assert "\t" not in text, where
        assert "\r" not in text, where
        assert "  " not in text, where
        assert "\n\n\n" not in text, where
        assert not [c for c in text if c != "\n" and unicodedata.category(c).startswith("C")], where


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_text_names_an_absolute_date(path: Path) -> None:
    for where, text in strings(load(path.name), path.name):
        assert not ABSOLUTE_DATE.search(text), (where, ABSOLUTE_DATE.search(text))
