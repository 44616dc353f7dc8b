"""Whom a visitor of the demo can act as."""

from dataclasses import dataclass
from functools import cache

from ledger.templatetags.amounts import in_short
from tpp.demo.content import community


@dataclass(frozen=True)
class WholeTokens:
    """A unit without decimals: the content counts in whole tokens."""

    symbol: str
    decimals: int = 0


@cache
def people_to_act_as() -> list[dict[str, str]]:
    """The demo wallet's list: label, name, note; delegates by power, then the others."""
    people = community()
    unit = WholeTokens(people.meta["token"])
    delegates = sorted(people.delegates, key=lambda delegate: -delegate.power)
    return [
        {"label": d.label, "name": d.name, "note": f"delegate, {in_short(d.power, unit)} {unit.symbol}"}
        for d in delegates
    ] + [{"label": p.label, "name": p.name, "note": "no voting power"} for p in people.persons]
