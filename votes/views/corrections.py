"""What a later version of a result changes, as its page shows it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from votes.models import RULES, Result

_FACTS = {
    "voters": "voters",
    "power": "voting power",
    "outcome": "outcome",
    "parameter": "the rule's parameter",
    "why": "why the fall-back was not possible",
    "is_binding": "whether it binds",
}


@dataclass(frozen=True)
class Moved:
    """One option's share and amount [base units], before and after."""

    name: str
    share_before: Fraction
    share: Fraction
    before: int
    amount: int

    @property
    def moved(self) -> Fraction:
        return self.share - self.share_before


@dataclass(frozen=True)
class Change:
    """What one rule says otherwise of one contest; of the whole cycle where there is no contest."""

    name: str
    rule: str
    is_binding: bool
    facts: list[tuple[str, str, str]]
    options: list[Moved]


def changes_to_show(result: Result) -> list[Change]:
    """What `result` changes of the version before it; nothing for the first."""
    if not hasattr(result, "correction"):
        return []
    return [_change(each) for each in result.correction.changes]


def _change(change: dict[str, Any]) -> Change:
    return Change(
        name=change.get("name", "The whole cycle"),
        rule=RULES[change["rule"]] if change["rule"] else "",
        is_binding=change["binding"],
        facts=[(_FACTS[each["fact"]], each["before"], each["after"]) for each in change["facts"]],
        options=[_moved(option) for option in change["options"]],
    )


def _moved(option: dict[str, Any]) -> Moved:
    (share_before, share), (before, amount) = option["share"], option["amount"]
    return Moved(option["name"], Fraction(share_before), Fraction(share), int(before), int(amount))
