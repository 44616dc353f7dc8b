"""What a result would have been without some ballots, as its page shows it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from votes.models import Counterfactual, Result

if TYPE_CHECKING:
    from votes.views.results import Panel


@dataclass(frozen=True)
class Contest:
    """One contest: each option's name, its share as it is, and as it would be; no rows where nothing would be split."""

    name: str
    is_the_same: bool
    rows: list[tuple[str, Fraction, Fraction]]


@dataclass(frozen=True)
class WhatIf:
    """A result once more, without what `left_out` addresses gave."""

    title: str
    left_out: list[str]
    contests: list[Contest]


def what_ifs_of(result: Result, panels: "list[Panel]") -> list[WhatIf]:
    """The counterfactuals of a result, none before they are computed."""
    rows = Counterfactual.objects.filter(result=result)
    return [WhatIf(row.get_kind_display(), row.left_out, _contests(row, panels)) for row in rows]


def _contests(row: Counterfactual, panels: "list[Panel]") -> list[Contest]:
    return [_contest(row.contests[panel.result.contest.key], panel) for panel in panels]


def _contest(then: dict[str, list[str]], panel: "Panel") -> Contest:
    shares = [Fraction(share) for share in then["shares"]]
    is_the_same = shares == [given.share for given in panel.rows]
    pairs = zip(panel.rows, shares, strict=True)
    rows = [(given.option.name, given.share, share) for given, share in pairs] if any(shares) else []
    return Contest(panel.result.contest.name, is_the_same, [] if is_the_same else rows)
