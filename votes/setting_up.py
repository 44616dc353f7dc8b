"""What is left to do from an empty database to the first announced cycle, step by step."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from power.models import Register
from programmes.models import MetaProgramme, Programme
from votes.actions.cycles import what_blocks
from votes.actions.founding import has_begun
from votes.models import Cycle, Schedule


@dataclass(frozen=True)
class Step:
    """One step. `do` names the link to `url`; without one there is nothing to click, or not yet."""

    title: str
    words: str
    is_done: bool
    do: str = ""
    url: str = ""
    blocks: tuple[str, ...] = ()
    due_at: datetime | None = None


def steps_to_first_cycle(at: datetime) -> list[Step]:
    """The steps in their order, those done included; none once a cycle was ever announced."""
    if has_begun():
        return []
    meta = MetaProgramme.objects.select_related("token", "register").first()
    first = Cycle.objects.at(at).in_phase("planned").filter(opens_at__gt=at).order_by("opens_at").first()
    blocks = what_blocks(first, max(at, first.announced_at)) if first else []
    return [
        _power(meta),
        _community(meta),
        _programmes(meta, at),
        _schedule(at),
        _nothing_blocks(first, blocks),
        _announced(first, blocks),
    ]


def _power(meta: MetaProgramme | None) -> Step:
    register = meta.register if meta else Register.objects.order_by("-published_at", "-pk").first()
    if register is None:
        words = (
            "A list of wallets and how much each decides with. Upload it and look at it; then it is public."
        )
    else:
        words = f"{register.name}: {register.entry_count:,} holders."
    done = register is not None
    return Step(
        "Publish who decides",
        words,
        done,
        "Publish a newer one" if done else "Publish the voting power",
        reverse("admin_register"),
    )


def _community(meta: MetaProgramme | None) -> Step:
    if meta is not None:
        return Step("Found the community", f"{meta.name} decides over {meta.token.symbol}.", True)
    can = Register.objects.exists()
    words = "Its name, its token and what a cycle may give."
    return Step(
        "Found the community",
        words,
        False,
        "Found it" if can else "",
        reverse("admin_community") if can else "",
    )


def _programmes(meta: MetaProgramme | None, at: datetime) -> Step:
    found = Programme.objects.admitted(at).annotate(parts=Count("typologies")).filter(parts__gte=2)
    names = list(found.values_list("name", flat=True))
    words = (
        ", ".join(names) + "."
        if names
        else "What is funded, and the kinds of building that its budget is split over. You found the first ones;"
        " later ones are proposed by anybody and admitted by rule."
    )
    do = ("Found another programme" if names else "Found a programme") if meta else ""
    url = reverse("admin_found_programme") if meta else ""
    return Step("Found the first programmes", words, bool(names), do, url)


def _schedule(at: datetime) -> Step:
    schedules = list(Schedule.objects.filter(is_active=True).order_by("pk"))
    if schedules:
        names = ", ".join(schedule.name for schedule in schedules)
        change = reverse("admin_schedule", args=[schedules[0].pk])
        return Step("Say when votes happen", f"{names}.", True, "Change it", change)
    can = Programme.objects.admitted(at).exists()
    words = (
        "How often, in which zone, what is put to the vote. You see the next six cycles before you keep it."
    )
    do, url = ("Make a schedule", reverse("admin_new_schedule")) if can else ("", "")
    return Step("Say when votes happen", words, False, do, url)


def _nothing_blocks(first: Cycle | None, blocks: list[str]) -> Step:
    title = "Clear what blocks the first announcement"
    if first is None:
        return Step(title, "Shown here as soon as a cycle is planned; mostly there is nothing.", False)
    url = reverse("admin_cycle", args=[first.number])
    if blocks:
        words = f"Cycle {first.number} is planned, but its rules cannot be frozen yet:"
        return Step(title, words, False, f"Look at cycle {first.number}", url, tuple(blocks))
    return Step(title, f"Nothing blocks cycle {first.number}.", True, f"Look at cycle {first.number}", url)


def _announced(first: Cycle | None, blocks: list[str]) -> Step:
    title = "The first cycle announces itself"
    if first is None or blocks:
        words = "Nobody clicks for that: its rules are frozen, hashed and published at their instant."
        return Step(title, words, False)
    words = (
        f"The rules of cycle {first.number} are frozen and published by themselves; nothing is left to click."
    )
    return Step(title, words, False, due_at=first.announced_at)
