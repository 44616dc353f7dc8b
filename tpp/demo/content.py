"""The demo's community, read from content/*.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chain.signing import address_of, demo_key

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True)
class Delegate:
    """Somebody with power [whole tokens] and habits [percent]."""

    label: str
    name: str
    power: int
    turnout: int
    bio: str
    taste: dict[str, int]
    late: bool

    @property
    def address(self) -> str:
        return demo_address(self.label)


@dataclass(frozen=True)
class Person:
    """Somebody who speaks and builds and holds no power."""

    label: str
    name: str
    bio: str

    @property
    def address(self) -> str:
        return demo_address(self.label)


@dataclass(frozen=True)
class Story:
    """What moved the delegates in one cycle: percent by programme/typology, and what they wrote."""

    number: int
    mood: dict[str, int]
    turnout_shift: int
    reasons: dict[str, str]
    outcome: str
    outcome_by: str


@dataclass(frozen=True)
class Words:
    """A post: where, who, around which cycle."""

    on: str
    who: str
    cycle: int
    when: str
    text: str


@dataclass(frozen=True)
class Community:
    meta: dict[str, Any]
    programmes: list[dict[str, Any]]
    delegates: list[Delegate]
    persons: list[Person]
    stories: list[Story]
    open_story: Story
    posts: list[Words]

    @property
    def everybody(self) -> list[tuple[str, str, str]]:
        """Label, name and bio of all, delegates first."""
        return [(d.label, d.name, d.bio) for d in self.delegates] + [
            (p.label, p.name, p.bio) for p in self.persons
        ]


def demo_address(label: str) -> str:
    """The address of the demo wallet `label`; everybody can derive its key, so it may hold nothing real."""
    return address_of(demo_key(label))


@cache
def community() -> Community:
    """The whole community."""
    people, programmes, year = (_read(CONTENT / f"{name}.toml") for name in ("people", "programmes", "year"))
    posts = [post for path in sorted(CONTENT.glob("threads*.toml")) for post in _read(path)["post"]]
    return Community(
        meta=programmes["meta"],
        programmes=programmes["programme"],
        delegates=[Delegate(**{**row, "power": int(row["power"])}) for row in people["delegate"]],
        persons=[Person(**row) for row in people["person"]],
        stories=[_story(row, row["number"]) for row in year["cycle"]],
        open_story=_story(year["open"], len(year["cycle"]) + 1),
        posts=[Words(**{**row, "text": row["text"].strip()}) for row in posts],
    )


def demo_addresses() -> set[str]:
    """Every address whose key anybody can derive."""
    return {demo_address(label) for label, _, _ in community().everybody}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _story(row: dict[str, Any], number: int) -> Story:
    outcome = row.get("outcome", "")
    return Story(
        number=number,
        mood=row["mood"],
        turnout_shift=row.get("turnout_shift", 0),
        reasons={reason["who"]: reason["text"] for reason in row["reasons"]},
        outcome=outcome if isinstance(outcome, str) else outcome["text"],
        outcome_by=row.get("outcome_by", "") if isinstance(outcome, str) else outcome["who"],
    )
