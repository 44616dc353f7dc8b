"""Setting up the meta programme, programmes and typologies, each with its account and its thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from deliberation.actions import open_thread
from journal.refusal import Refusal
from ledger.actions import open_account
from ledger.models import Token
from power.models import Register
from programmes.models import MetaProgramme, Programme, Typology

PALETTE = 10


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
    made_by_demo: bool = False,
) -> MetaProgramme:
    """Set up the one meta programme; its source may give `cap` [base units] in all."""
    return MetaProgramme.objects.create(
        name=name,
        description=description,
        token=token,
        register=register,
        budget_per_cycle=budget_per_cycle,
        source=open_account(token=token, name="source", floor=-cap),
        thread=open_thread(title=name, address="/programmes/", at=at),
        made_by_demo=made_by_demo,
    )


@transaction.atomic
def found_programme(
    *,
    meta: MetaProgramme,
    statement: Statement,
    budget: int,
    typologies: Sequence[NewTypology],
    at: datetime,
) -> Programme:
    """Set up a programme with its account, its thread and its typologies.

    Raises Refusal `too_few_typologies` where there are fewer than two: there would be nothing to split.
    """
    if len(typologies) < 2:
        raise Refusal("too_few_typologies", f"{statement.name} needs at least two typologies to split over.")
    programme = Programme.objects.create(
        **vars(statement),
        budget=budget,
        position=Programme.objects.count(),
        account=open_account(token=meta.token, name=f"programme/{statement.slug}"),
        thread=open_thread(
            title=statement.name, address=f"/programmes/{statement.slug}/", at=at, parent=meta.thread
        ),
    )
    for position, typology in enumerate(typologies):
        _found_typology(meta, programme, typology, position, at)
    return programme


def _found_typology(
    meta: MetaProgramme, programme: Programme, typology: NewTypology, position: int, at: datetime
) -> None:
    path = f"{programme.slug}/{typology.slug}"
    Typology.objects.create(
        programme=programme,
        **vars(typology),
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
