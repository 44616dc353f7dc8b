"""What a programme's statement must fulfil, each fault in words beside its field. Pure: no row is asked."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from journal.refusal import Refusal
from programmes.names import RESERVED, look_alike_key

MOST_TYPOLOGIES = 24
MOST_GOALS = 12
LONGEST_TEXT = 20_000  # characters
TEXTS = ("impact", "mechanic", "plan", "accountability", "conflicts")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. `field` of the statement, or of row `row` of `part` (goals, typologies)."""

    name: str
    field: str
    words: str
    part: str = ""
    row: int = 0


class Faults(Refusal):
    """Everything that is wrong with what was sent; nothing of it was stored."""

    def __init__(self, faults: Sequence[Fault], *, status: int = 400) -> None:
        super().__init__(faults[0].name, " ".join(fault.words for fault in faults), status=status)
        self.faults = list(faults)


@dataclass(frozen=True)
class NewGoal:
    """What is to be reached, how it is measured, how much is enough."""

    goal: str
    metric: str
    target: str


@dataclass(frozen=True)
class NewTypology:
    """`floor` and `cap` [basis points]."""

    slug: str
    name: str
    summary: str
    description: str = ""
    floor: int = 0
    cap: int = 10_000


@dataclass(frozen=True)
class Statement:
    """What a programme says of itself."""

    slug: str
    name: str
    summary: str
    impact: str
    mechanic: str
    plan: str
    accountability: str = ""
    conflicts: str = ""


def clean_text(text: str) -> str:
    """`text` in NFC with plain line ends, without the null that no database takes."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\x00", "")).strip()


def count_words(texts: Iterable[str]) -> int:
    """How many words `texts` have together.

    >>> count_words(["Lend and borrow.", "", " Swap "])
    4
    """
    return sum(len(text.split()) for text in texts)


def words_of(statement: Statement, goals: Sequence[NewGoal], typologies: Sequence[NewTypology]) -> int:
    """Words that a delegate reads to know a programme."""
    told = [statement.name, statement.summary, *(getattr(statement, name) for name in TEXTS)]
    for goal in goals:
        told += [goal.goal, goal.metric, goal.target]
    for typology in typologies:
        told += [typology.name, typology.summary, typology.description]
    return count_words(told)


def name_faults(name: str, part: str = "", row: int = 0) -> list[Fault]:
    """What a name is refused for, whoever else has one like it."""
    if not name:
        return [Fault("no_name", "name", "It needs a name.", part, row)]
    if not all(character.isprintable() for character in name):
        words = "This name holds characters that cannot be seen. Type it anew."
        return [Fault("unseen_characters", "name", words, part, row)]
    if not look_alike_key(name) or not any(character.isalnum() for character in name):
        return [Fault("no_letters", "name", "A name needs at least one letter.", part, row)]
    return []


def slug_faults(slug: str, part: str = "", row: int = 0) -> list[Fault]:
    """What a short name for addresses is refused for."""
    if slug in RESERVED:
        words = f"“{slug}” is kept for the site's own addresses. Choose another."
        return [Fault("reserved", "slug", words, part, row)]
    plain = slug.isascii() and slug == slug.lower() and slug.replace("-", "").isalnum()
    if not plain or slug.startswith("-") or len(slug) > 64:
        words = "Write 1 to 64 of the letters a–z, figures and dashes, beginning with no dash; it stands in addresses."
        return [Fault("bad_slug", "slug", words, part, row)]
    return []


def typology_faults(typologies: Sequence[NewTypology]) -> list[Fault]:
    """Too few, too many, names or slugs that look alike, floors above caps, floors above the whole."""
    faults = []
    if len(typologies) < 2:
        words = "A programme needs at least two typologies: with one there would be nothing to split."
        faults.append(Fault("too_few_typologies", "", words, "typologies"))
    if len(typologies) > MOST_TYPOLOGIES:
        words = f"A programme has at most {MOST_TYPOLOGIES} typologies; these are {len(typologies)}."
        return [Fault("too_many_typologies", "", words, "typologies")]
    keys: dict[str, str] = {}
    slugs: set[str] = set()
    for row, typology in enumerate(typologies):
        own = name_faults(typology.name, "typologies", row) + slug_faults(typology.slug, "typologies", row)
        key = look_alike_key(typology.name)
        if not own and key in keys:
            words = (
                f"It looks like “{keys[key]}” of the same programme. Choose names that differ at a glance."
            )
            own.append(Fault("looks_alike", "name", words, "typologies", row))
        elif not own and typology.slug in slugs:
            words = f"“{typology.slug}” is the address of another typology here."
            own.append(Fault("slug_taken", "slug", words, "typologies", row))
        faults += own + _bound_faults(typology, row)
        keys[key] = typology.name
        slugs.add(typology.slug)
    return faults + _sum_faults(typologies)


def _sum_faults(typologies: Sequence[NewTypology]) -> list[Fault]:
    """Floors that leave nothing to vote on, caps that no ballot could fill."""
    floors = sum(typology.floor for typology in typologies)
    if floors >= 10_000:
        words = "The floors come to 100 % or more together, so nothing would be left to vote on."
        return [Fault("floors_take_all", "", words, "typologies")]
    room = [min(10_000, (t.cap - t.floor) * 10_000 // (10_000 - floors)) for t in typologies]
    if len(typologies) > 1 and sum(room) < 10_000:
        words = "The caps are too tight together: the whole budget could never be split. Raise one."
        return [Fault("caps_too_tight", "", words, "typologies")]
    return []


def _bound_faults(typology: NewTypology, row: int) -> list[Fault]:
    if not 0 <= typology.floor <= 10_000 or not 0 < typology.cap <= 10_000:
        words = "A floor is 0 to 100 %, a cap more than 0 and at most 100 %."
        return [Fault("bad_bounds", "floor", words, "typologies", row)]
    if typology.floor > typology.cap:
        return [Fault("floor_above_cap", "cap", "The cap is below the floor.", "typologies", row)]
    return []


def goal_faults(goals: Sequence[NewGoal]) -> list[Fault]:
    """Too many goals, or goals that say not how they are measured or how much is enough."""
    if len(goals) > MOST_GOALS:
        return [Fault("too_many_goals", "", f"A programme has at most {MOST_GOALS} goals.", "goals")]
    lacking = {"goal": "Say what is to be reached.", "metric": "Say how it is measured."}
    lacking["target"] = "Say how much is enough."
    return [
        Fault("incomplete_goal", field, words, "goals", row)
        for row, goal in enumerate(goals)
        for field, words in lacking.items()
        if not getattr(goal, field)
    ]
