"""The demo's people, its meta programme and its programmes."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Wallet
from ledger.models import Token
from power.actions import publish_register
from power.registers import Entry
from programmes.actions import NewTypology, Statement, found_meta_programme, found_programme
from programmes.models import Facilitator, Goal, MetaProgramme, Programme
from tpp.demo.content import Community, demo_address

MONTH = timedelta(days=30)
TOKEN = "0x5a7d6b2f92c77fad6ccabd7ee0624e64907eaf3e"  # noqa: S105 (an address)


def found(people: Community, *, at: datetime) -> MetaProgramme:
    """Everything that stood before the first cycle."""
    unit = 10 ** int(people.meta["decimals"])
    Wallet.objects.bulk_create(
        Wallet(address=demo_address(label), name=name, bio=bio, joined_at=at)
        for label, name, bio in people.everybody
    )
    entries = [Entry(delegate.address, delegate.power * unit, delegate.name) for delegate in people.delegates]
    symbol = people.meta["token"]
    budget = int(people.meta["budget_per_cycle"]) * unit
    meta = found_meta_programme(
        name=people.meta["name"],
        description=people.meta["text"].strip(),
        token=Token.objects.create(
            chain_id=people.meta["chain_id"],
            address=TOKEN,
            symbol=symbol,
            name=symbol,
            decimals=people.meta["decimals"],
        ),
        register=publish_register(name="Delegated power", entries=entries, at=at),
        budget_per_cycle=budget,
        cap=1_000_000 * budget,
        at=at,
        made_by_demo=True,
    )
    for content in people.programmes:
        _found_programme(meta, content, unit, at)
    return meta


def _found_programme(meta: MetaProgramme, content: dict[str, Any], unit: int, at: datetime) -> None:
    told = ("impact", "mechanic", "plan", "accountability", "conflicts")
    programme = found_programme(
        meta=meta,
        statement=Statement(
            slug=content["slug"],
            name=content["name"],
            summary=content["one_line"],
            **{name: content[name].strip() for name in told},
        ),
        budget=int(content["budget"]) * unit,
        typologies=[
            NewTypology(
                slug=row["slug"],
                name=row["name"],
                summary=row["one_line"],
                description=row["description"].strip(),
                floor=row["floor"],
                cap=row["cap"],
            )
            for row in content["typology"]
        ],
        at=at,
    )
    Goal.objects.bulk_create(Goal(programme=programme, **row) for row in content["goal"])
    for row in content["facilitator"]:
        _appoint(programme, row, at)


def _appoint(programme: Programme, row: dict[str, Any], at: datetime) -> None:
    Facilitator.objects.create(
        programme=programme,
        wallet_id=demo_address(row["person"]),
        starts_at=at,
        ends_at=at + int(row["term_cycles"]) * MONTH,
        pay_rule=row["pay_rule"],
        interest=row["interest"],
    )
