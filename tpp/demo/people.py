"""Whom a visitor of the demo can act as."""

from functools import cache

from ledger.templatetags.amounts import in_short
from tpp.demo.content import community


@cache
def people_to_act_as() -> list[dict[str, str]]:
    """The demo wallet's list: label, name, note; delegates by power, then the others."""
    people = community()
    unit = type("Unit", (), {"symbol": people.meta["token"], "decimals": 0})
    delegates = sorted(people.delegates, key=lambda delegate: -delegate.power)
    return [
        {"label": d.label, "name": d.name, "note": f"delegate, {in_short(d.power, unit)} {unit.symbol}"}
        for d in delegates
    ] + [{"label": p.label, "name": p.name, "note": "no voting power"} for p in people.persons]
