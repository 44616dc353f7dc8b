"""Founding the first programmes: by an admin until the first cycle is announced, by proposing from then on."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import Wallet
from journal.actions import audit
from journal.locks import wait_for_lock
from journal.refusal import Refusal
from programmes.actions import NewGoal, NewTypology, Statement, check_is_admin, found_programme
from programmes.actions.proposing import append_revision, statement_faults, taken_faults
from programmes.checks import Fault, Faults, slug_faults
from programmes.documents import document_of
from programmes.models import Goal, MetaProgramme, Programme
from votes.actions.cycles import ANNOUNCE
from votes.models import Announcement


def has_begun() -> bool:
    """Whether a cycle of this community was ever announced; imports of past votes don't count."""
    return Announcement.objects.exclude(cycle__origin="imported").exists()


def found_first_programme(
    *,
    founder: Wallet,
    statement: Statement,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
    at: datetime,
) -> Programme:
    """A programme that is admitted from birth, all or nothing. `budget` [base units] is what each cycle gives it.

    Raises Refusal: `not_an_admin`, `not_founded` without a community, `begun_already` once a cycle was announced,
    and Faults with everything that is wrong.
    """
    check_is_admin(founder.address, at)
    try:
        with transaction.atomic():
            return _found(founder, statement, budget, goals, typologies, at)
    except IntegrityError as error:  # somebody took the name between the question and the writing
        if faults := taken_faults(statement):
            raise Faults(faults, status=409) from error
        raise


def _found(
    founder: Wallet,
    statement: Statement,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
    at: datetime,
) -> Programme:
    wait_for_lock(ANNOUNCE, 0)  # so that no cycle is announced between the question and the writing
    if has_begun():
        raise Refusal(
            "begun_already",
            "The first cycle is announced, and from then on nobody founds a programme by a role: propose it, and the"
            " rule of admission decides.",
            status=409,
        )
    meta = MetaProgramme.objects.select_for_update(of=("self",)).select_related("token", "thread").first()
    if meta is None:
        raise Refusal("not_founded", "Found the community first: programmes stand below it.", status=409)
    faults = statement_faults(meta, statement, budget, goals, typologies)
    faults += slug_faults(statement.slug) + taken_faults(statement) + _budget_faults(meta, budget, at)
    if faults:
        raise Faults(faults)
    programme = found_programme(meta=meta, statement=statement, budget=budget, typologies=typologies, at=at)
    Goal.objects.bulk_create(Goal(programme=programme, **vars(goal)) for goal in goals)
    document = document_of(statement, budget=budget, goals=goals, typologies=typologies)
    append_revision(programme, number=1, editor=founder, document=document, at=at)
    audit(
        actor=founder.address,
        verb="found_programme",
        subject=f"programme/{programme.slug}",
        after=f"{programme.name}: {budget} base units a cycle, split over"
        f" {', '.join(typology.name for typology in typologies)}",
        at=at,
    )
    return programme


def _budget_faults(meta: MetaProgramme, budget: int, at: datetime) -> list[Fault]:
    """What the programmes that stand leave of the community's budget."""
    taken = sum(Programme.objects.admitted(at).values_list("budget", flat=True))
    if taken + budget <= meta.budget_per_cycle:
        return []
    words = "With the programmes that stand this is more than the community gives in a cycle. Ask for less."
    return [Fault("above_budget", "budget", words)]
