"""Admission: the rule decides, from what stands at the instant, and what it decides is appended."""

from dataclasses import dataclass
from datetime import datetime
from math import floor

from django.db import transaction

from programmes.actions.sponsoring import sponsor_powers
from programmes.admission import Candidate, Decision, Limits, admit, seconds_asked
from programmes.checks import TEXTS, NewGoal, words_of
from programmes.documents import statement_of, typologies_of
from programmes.models import Admission, MetaProgramme, Programme

_MISSING = {
    "impact": "impact",
    "mechanic": "mechanic",
    "plan": "plan",
    "accountability": "accountability",
    "conflicts": "conflicts of interest",
}


@dataclass(frozen=True)
class Queue:
    """The queue as it stands: `decisions` in its order, and what was left for it."""

    decisions: list[Decision]
    programmes: dict[str, Programme]
    limits: Limits


def decide_admissions(*, meta: MetaProgramme, at: datetime) -> Queue:
    """What the rule decides at `at` about every proposed programme; nothing is written.

    Programmes that were admitted before keep their part of the budget and of the workload: a contest and its lines
    each cycle. A newcomer also asks for the reading of its statement.
    """
    related = ("goals", "typologies")
    admitted = Programme.objects.admitted(at).prefetch_related("typologies")
    proposed = list(
        Programme.objects.proposed(at).select_related("thread", "proposer").prefetch_related(*related)
    )
    tokens, seconds = meta.budget_per_cycle, meta.workload_ceiling * 60
    for programme in admitted:
        tokens -= programme.budget
        seconds -= seconds_asked(words=0, contests=1, lines=len(programme.typologies.all()))
    powers = sponsor_powers(register=meta.register, at=at)
    proposed.sort(key=lambda programme: (programme.thread.opened_at, programme.pk))
    candidates = [
        _candidate(programme, place, floor(sum(powers.get(programme.pk, {}).values())))
        for place, programme in enumerate(proposed)
    ]
    limits = Limits(max(0, tokens), max(0, seconds), meta.sponsor_threshold)
    return Queue(admit(candidates, limits), {programme.slug: programme for programme in proposed}, limits)


def _candidate(programme: Programme, place: int, power: int) -> Candidate:
    typologies = typologies_of(programme)
    goals = [NewGoal(row.goal, row.metric, row.target) for row in programme.goals.all()]
    words = words_of(statement_of(programme), goals, typologies)
    return Candidate(
        key=programme.slug,
        place=place,
        power=power,
        budget=programme.budget,
        seconds=seconds_asked(words=words, contests=1, lines=len(typologies)),
        missing=_what_is_missing(programme),
    )


def _what_is_missing(programme: Programme) -> tuple[str, ...]:
    missing = [_MISSING[name] for name in TEXTS if not getattr(programme, name).strip()]
    if not any(row.goal and row.metric and row.target for row in programme.goals.all()):
        missing.append("a goal with metric and target")
    if len(programme.typologies.all()) < 2:
        missing.append("two typologies")
    return tuple(missing)


@transaction.atomic
def admit_programmes(at: datetime) -> list[Programme]:
    """Admit what the rule admits at `at` and append it; the programmes that are new, in the queue's order.

    Twice is once: what is admitted already is asked no more.
    """
    meta = MetaProgramme.objects.select_for_update(no_key=True, of=("self",)).select_related("register").get()
    queue = decide_admissions(meta=meta, at=at)
    admitted = []
    for decision in queue.decisions:
        if decision.is_admitted:
            programme = queue.programmes[decision.candidate.key]
            Admission.objects.create(
                programme=programme,
                admitted_at=at,
                rule="queue",
                power=decision.candidate.power,
                seconds=decision.candidate.seconds,
            )
            admitted.append(programme)
    return admitted
