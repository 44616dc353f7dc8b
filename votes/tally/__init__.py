"""Split a budget by a vote, exactly: histogram in, exact fractions and their reasons out.

Pure Python on integers and fractions, without a framework; `python -m votes.tally FILE` tallies one
contest from JSON. All options are in the order in which the contest lists them, which breaks ties.
"""

from votes.tally.bounds import Bounds, check_bounds, largest_line, largest_lines, over_cap
from votes.tally.errors import TallyError
from votes.tally.fallback import FALLBACKS, Fallen, fall_back
from votes.tally.histogram import Profile, profile
from votes.tally.outcome import Outcome, tally
from votes.tally.rounding import largest_remainder
from votes.tally.rule import Rule, Split
from votes.tally.rules import RULES
from votes.tally.trace import Average, Averages, Crossing, Crossings, Level, Levels, Trace

__all__ = [
    "FALLBACKS",
    "RULES",
    "Average",
    "Averages",
    "Bounds",
    "Crossing",
    "Crossings",
    "Fallen",
    "Level",
    "Levels",
    "Outcome",
    "Profile",
    "Rule",
    "Split",
    "TallyError",
    "Trace",
    "check_bounds",
    "fall_back",
    "largest_line",
    "largest_lines",
    "largest_remainder",
    "over_cap",
    "profile",
    "tally",
]
