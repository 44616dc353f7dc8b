"""What people type into the programmes' forms."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from journal.clock import database_clock

TYPOLOGIES = (
    {"name": "Compilers", "summary": "Faster builds.", "floor": "12.5", "cap": "100"},
    {"name": "Docs", "summary": "Words.", "floor": "0", "cap": "60"},
)
GOAL = {"goal": "Builds faster", "metric": "Median build time", "target": "Half of today's"}
TEXTS = ("impact", "mechanic", "plan", "accountability", "conflicts")


def rows(part: str, given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The fields of a part of several rows."""
    typed = {f"{part}-TOTAL_FORMS": str(len(given) + 1), f"{part}-INITIAL_FORMS": "0"}
    for number, row in enumerate(given):
        typed |= {f"{part}-{number}-{name}": value for name, value in row.items()}
    return typed


def proposal(
    *,
    goals: Sequence[Mapping[str, str]] = (GOAL,),
    typologies: Sequence[Mapping[str, str]] = TYPOLOGIES,
    **changes: str,
) -> dict[str, str]:
    """A complete proposal as a browser sends it."""
    full = [{"floor": "0", "cap": "100", **row} for row in typologies]
    told = {name: f"Our {name}." for name in TEXTS}
    typed = {"name": "Tooling", "slug": "", "summary": "Better tools.", "budget": "10", **told, **changes}
    return typed | rows("goals", goals) | rows("typologies", full)


def application(*, milestones: Sequence[Mapping[str, str]] | None = None, **changes: str) -> dict[str, str]:
    """A sound application as a browser sends it."""
    if milestones is None:
        milestones = [milestone(30, "60"), milestone(60, "40.5")]
    told = {"title": "A lending desk", "who": "Two of us.", "what": "A desk.", "amount": "100.5"}
    more = {"payee": "0x" + "ab" * 20, "links": "https://example.org/desk", "conflicts": "none"}
    return {**told, **more, **changes} | rows("milestones", milestones)


def milestone(days: int, amount: str, **changes: str) -> dict[str, str]:
    due_on = (database_clock() + timedelta(days=days)).date().isoformat()
    told = {"measure": "Loans made", "target": "100", "source": "The chain", "due_on": due_on}
    return {**told, "amount": amount, **changes}
