"""Editing a programme's statement: every edit is kept, and two at once don't overwrite each other."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from accounts.models import Wallet
from journal.refusal import Refusal
from programmes.actions.founding import create_typology
from programmes.actions.proposing import append_revision, statement_faults
from programmes.checks import Fault, Faults, NewGoal, NewTypology, Statement
from programmes.documents import document_of, document_of_programme, typologies_of
from programmes.models import Goal, MetaProgramme, Programme, ProgrammeRevision
from programmes.names import look_alike_key


class Conflict(Refusal):
    """Somebody else's edit came first. `before` and `now`: the document that was begun from and the present one."""

    status = 409

    def __init__(self, number: int, before: str | None, now: str) -> None:
        super().__init__(
            "edited_meanwhile",
            "Somebody else changed this statement while you wrote. Nothing of yours was stored; it is all kept below."
            " See what changed, take over what you want to keep, then save again.",
        )
        self.number, self.before, self.now = number, before, now


def revision_number(programme: Programme) -> int:
    """The number of the present state; 1 for a programme that was never edited."""
    return programme.revisions.aggregate(last=Max("number"))["last"] or 1


@transaction.atomic
def edit_programme(
    *,
    programme: Programme,
    editor: Wallet,
    statement: Statement,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
    begun_from: int,
    reason: str,
    at: datetime,
) -> ProgrammeRevision:
    """Replace the statement and append a revision. Announced cycles keep their frozen rules.

    Name and address stay, and so does the budget [base units] once admitted. Typologies are changed or added, never
    removed. Raises Refusal `not_yours` and `nothing_changed`, Conflict, and Faults.
    """
    row = Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)
    if not row.may_be_edited_by(editor, at):
        words = "Only its proposer, while it is proposed, and its facilitators, during their term, edit a programme."
        raise Refusal("not_yours", words, status=403)
    _check_meanwhile(row, begun_from)
    budget = row.budget if row.is_admitted(at) else budget
    statement = Statement(**{**vars(statement), "name": row.name, "slug": row.slug})
    before = document_of_programme(row)
    typologies = _with_those_that_stay(row, typologies)
    document = document_of(statement, budget=budget, goals=goals, typologies=typologies)
    if document == before:
        raise Refusal("nothing_changed", "Nothing was changed, so there is nothing to save.")
    faults = statement_faults(MetaProgramme.objects.get(), statement, budget, goals, typologies)
    if row.is_admitted(at):  # a budget that stands is not asked anew
        faults = [fault for fault in faults if fault.field != "budget"]
    if faults:
        raise Faults(faults)
    number = revision_number(row)
    if not row.revisions.exists():
        append_revision(row, number=1, editor=None, document=before, at=row.thread.opened_at)
    _store(row, statement, budget, goals, typologies, at)
    kept = document_of(statement, budget=budget, goals=goals, typologies=typologies, reason=reason)
    return append_revision(row, number=number + 1, editor=editor, document=kept, at=at)


def _check_meanwhile(programme: Programme, begun_from: int) -> None:
    number = revision_number(programme)
    if begun_from != number:
        begun = programme.revisions.select_related("words").filter(number=begun_from).first()
        raise Conflict(number, begun.document if begun else None, document_of_programme(programme))


def _with_those_that_stay(programme: Programme, typologies: Sequence[NewTypology]) -> list[NewTypology]:
    """The typologies as they will be: those that stand in their order, changed or not, then the new ones."""
    given = {typology.slug: typology for typology in typologies}
    if len(given) < len(typologies):
        words = "Two typologies have the same address."
        raise Faults([Fault("slug_taken", "", words, "typologies")])
    standing = typologies_of(programme)
    stays = {typology.slug for typology in standing}
    kept = [given.get(typology.slug, typology) for typology in standing]
    return kept + [typology for typology in typologies if typology.slug not in stays]


def _store(
    programme: Programme,
    statement: Statement,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
    at: datetime,
) -> None:
    for name, value in vars(statement).items():
        setattr(programme, name, value)
    programme.budget = budget
    programme.save()
    programme.goals.all().delete()
    Goal.objects.bulk_create(Goal(programme=programme, **vars(goal)) for goal in goals)
    meta = MetaProgramme.objects.select_related("token").get()
    standing = {row.slug: row for row in programme.typologies.all()}
    # names can be exchanged between two typologies, so all leave their keys before any takes one
    for row in standing.values():
        programme.typologies.filter(pk=row.pk).update(name=f"#{row.pk}", name_key=f"#{row.pk}")
    for position, typology in enumerate(typologies):
        if typology.slug in standing:
            told = {**vars(typology), "name_key": look_alike_key(typology.name)}
            programme.typologies.filter(slug=typology.slug).update(**told)
        else:
            create_typology(meta, programme, typology, position, at)
