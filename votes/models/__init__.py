"""Rows of the voting room."""

from votes.models.ballots import Ballot, BallotPosition, Reason
from votes.models.cycles import (
    Announcement,
    Cancellation,
    Contest,
    Cycle,
    CyclePower,
    CycleQuerySet,
    Option,
)
from votes.models.results import Certificate, ContestResult, OptionResult, Result, Settlement
from votes.models.schedules import FALLBACKS, RULES, Schedule, ScheduledContest

__all__ = [
    "FALLBACKS",
    "RULES",
    "Announcement",
    "Ballot",
    "BallotPosition",
    "Cancellation",
    "Certificate",
    "Contest",
    "ContestResult",
    "Cycle",
    "CyclePower",
    "CycleQuerySet",
    "Option",
    "OptionResult",
    "Reason",
    "Result",
    "Schedule",
    "ScheduledContest",
    "Settlement",
]
