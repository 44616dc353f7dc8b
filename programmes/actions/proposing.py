"""Proposing a programme: public at once, with account, thread and the first revision of its statement."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Wallet
from programmes.actions.founding import create_programme
from programmes.checks import (
    LONGEST_TEXT,
    TEXTS,
    Fault,
    Faults,
    NewGoal,
    NewTypology,
    Statement,
    goal_faults,
    name_faults,
    slug_faults,
    typology_faults,
    words_of,
)
from programmes.documents import document_of, sha256_of
from programmes.models import Goal, MetaProgramme, Programme, ProgrammeRevision, RevisionWords
from programmes.names import look_alike_key

MOST_PROPOSALS_A_DAY = 5


def propose_programme(
    *,
    meta: MetaProgramme,
    proposer: Wallet,
    statement: Statement,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
    at: datetime,
) -> Programme:
    """A proposed programme, all or nothing. `budget` [base units] is asked per cycle.

    Raises Faults with everything that is wrong, each beside its field.
    """
    faults = statement_faults(meta, statement, budget, goals, typologies)
    faults += slug_faults(statement.slug) + taken_faults(statement)
    if Programme.objects.filter(proposer=proposer, thread__opened_at__gt=at - timedelta(days=1)).count() >= (
        MOST_PROPOSALS_A_DAY
    ):
        words = f"You proposed {MOST_PROPOSALS_A_DAY} programmes within a day. Come back tomorrow."
        faults.insert(0, Fault("too_many_proposals", "", words))
    if faults:
        raise Faults(faults)
    try:
        with transaction.atomic():
            programme = create_programme(
                meta=meta,
                statement=statement,
                budget=budget,
                typologies=typologies,
                at=at,
                proposer=proposer,
            )
            Goal.objects.bulk_create(Goal(programme=programme, **vars(goal)) for goal in goals)
            document = document_of(statement, budget=budget, goals=goals, typologies=typologies)
            append_revision(programme, number=1, editor=proposer, document=document, at=at)
    except IntegrityError as error:  # somebody took the name between the question and the writing
        if faults := taken_faults(statement):
            raise Faults(faults, status=409) from error
        raise
    return programme


def append_revision(
    programme: Programme, *, number: int, editor: Wallet | None, document: str, at: datetime
) -> ProgrammeRevision:
    """Keep a state of the statement; the caller's transaction holds it and the rows together."""
    revision = ProgrammeRevision.objects.create(
        programme=programme, number=number, editor=editor, edited_at=at, words_sha256=sha256_of(document)
    )
    RevisionWords.objects.create(revision=revision, document=document)
    return revision


def statement_faults(
    meta: MetaProgramme,
    statement: Statement,
    budget: int,
    goals: Sequence[NewGoal],
    typologies: Sequence[NewTypology],
) -> list[Fault]:
    """What is wrong with a statement by itself and by the meta programme's limits."""
    faults = name_faults(statement.name) + goal_faults(goals) + typology_faults(typologies)
    if not statement.summary:
        faults.append(Fault("no_summary", "summary", "Say in one sentence what it is for."))
    for name in TEXTS:
        if len(getattr(statement, name)) > LONGEST_TEXT:
            words = f"This part holds {LONGEST_TEXT:,} characters at most."
            faults.append(Fault("too_long", name, words))
    words_told = words_of(statement, goals, typologies)
    if words_told > meta.longest_statement:
        words = (
            f"The whole statement has {words_told:,} words; delegates are asked to read at most"
            f" {meta.longest_statement:,}. Shorten it."
        )
        faults.append(Fault("too_many_words", "", words))
    largest = meta.budget_per_cycle * meta.largest_share // 10_000
    if budget <= 0:
        faults.append(Fault("no_budget", "budget", "Ask for more than nothing."))
    elif budget > largest:
        share = f"{meta.largest_share / 100:g}"
        words = f"One programme may ask at most {share} % of the community's budget per cycle."
        faults.append(Fault("above_largest_share", "budget", words))
    return faults


def taken_faults(statement: Statement) -> list[Fault]:
    """Whether the name looks like that of a programme that stands, or the address is taken."""
    faults = []
    twin = Programme.objects.filter(name_key=look_alike_key(statement.name)).exclude(name_key="").first()
    if twin:
        words = f"This name looks like that of “{twin.name}”, which stands already. Choose another."
        faults.append(Fault("looks_alike", "name", words))
    if Programme.objects.filter(slug=statement.slug).exists():
        words = f"“{statement.slug}” is the address of another programme. Choose another."
        faults.append(Fault("slug_taken", "slug", words))
    return faults
