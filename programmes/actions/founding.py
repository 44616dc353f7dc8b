"""Setting up the meta programme, programmes and typologies, each with its account and its thread."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import Wallet
from deliberation.actions import open_thread
from journal.refusal import Refusal
from ledger.actions import open_account
from ledger.models import Token
from power.models import Register
from programmes.checks import NewTypology, Statement
from programmes.models import Admission, MetaProgramme, Programme, Typology
from programmes.names import look_alike_key

PALETTE = 10


@transaction.atomic
def found_meta_programme(
    *,
    name: str,
    description: str,
    token: Token,
    register: Register,
    budget_per_cycle: int,
    cap: int,
    at: datetime,
    sponsor_threshold: int | None = None,
    largest_share: int = 5_000,
    workload_ceiling: int = 60,
    longest_statement: int = 3_000,
    made_by_demo: bool = False,
) -> MetaProgramme:
    """Set up the one meta programme; its source may give `cap` [base units] in all.

    What newcomers must reach and may ask has defaults: sponsors with a hundredth of all power, `largest_share`
    [basis points] half of the budget, an hour [minutes] of a delegate's time, statements of 3,000 words.
    """
    if sponsor_threshold is None:
        sponsor_threshold = default_threshold(register)
    return MetaProgramme.objects.create(
        name=name,
        description=description,
        token=token,
        register=register,
        budget_per_cycle=budget_per_cycle,
        sponsor_threshold=sponsor_threshold,
        largest_share=largest_share,
        workload_ceiling=workload_ceiling,
        longest_statement=longest_statement,
        source=open_account(token=token, name="source", floor=-cap),
        thread=open_thread(title=name, address="/programmes/", at=at),
        made_by_demo=made_by_demo,
    )


def default_threshold(register: Register) -> int:
    """A hundredth of all power [base units]: what sponsors must bring together where nobody says otherwise."""
    return max(1, register.total_power // 100)


@transaction.atomic
def found_programme(
    *,
    meta: MetaProgramme,
    statement: Statement,
    budget: int,
    typologies: Sequence[NewTypology],
    at: datetime,
) -> Programme:
    """Set up a programme with its account, its thread and its typologies; admitted from birth.

    Raises Refusal `too_few_typologies` where there are fewer than two: there would be nothing to split.
    """
    programme = create_programme(meta=meta, statement=statement, budget=budget, typologies=typologies, at=at)
    Admission.objects.create(programme=programme, admitted_at=at, rule="founded")
    return programme


def create_programme(
    *,
    meta: MetaProgramme,
    statement: Statement,
    budget: int,
    typologies: Sequence[NewTypology],
    at: datetime,
    proposer: Wallet | None = None,
) -> Programme:
    """The rows of a programme, not admitted. The caller's transaction holds them together."""
    if len(typologies) < 2:
        raise Refusal("too_few_typologies", f"{statement.name} needs at least two typologies to split over.")
    programme = Programme.objects.create(
        **vars(statement),
        name_key=look_alike_key(statement.name),
        proposer=proposer,
        budget=budget,
        position=Programme.objects.count(),
        account=open_account(token=meta.token, name=f"programme/{statement.slug}"),
        thread=open_thread(
            title=statement.name, address=f"/programmes/{statement.slug}/", at=at, parent=meta.thread
        ),
    )
    for position, typology in enumerate(typologies):
        create_typology(meta, programme, typology, position, at)
    return programme


def create_typology(
    meta: MetaProgramme, programme: Programme, typology: NewTypology, position: int, at: datetime
) -> Typology:
    """A typology with its account and its thread, in the next colour of the palette."""
    path = f"{programme.slug}/{typology.slug}"
    return Typology.objects.create(
        programme=programme,
        **vars(typology),
        name_key=look_alike_key(typology.name),
        colour=Typology.objects.count() % PALETTE + 1,
        position=position,
        account=open_account(token=meta.token, name=f"typology/{path}"),
        thread=open_thread(
            title=f"{typology.name} · {programme.name}",
            address=f"/programmes/{path}/",
            at=at,
            parent=programme.thread,
        ),
    )
