"""Every rule that a contest may name."""

from collections.abc import Mapping
from types import MappingProxyType

from votes.tally import independent_markets, ladder, mean, median_phantoms, piecewise_uniform
from votes.tally.rule import Rule

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        module.RULE.name: module.RULE
        for module in (mean, ladder, median_phantoms, independent_markets, piecewise_uniform)
    }
)
