"""Rows of the voting room."""

from votes.models.ballots import Ballot, BallotPosition, Blind, Reason
from votes.models.challenges import (
    Challenge,
    ChallengeAnswer,
    Correction,
    OtherOutput,
    Recomputation,
    RecomputationAnswer,
    Verification,
)
from votes.models.counterfactuals import COUNTERFACTUALS, Counterfactual
from votes.models.cycles import (
    Announcement,
    Cancellation,
    Contest,
    Cycle,
    CyclePower,
    CycleQuerySet,
    Option,
)
from votes.models.drafts import Draft, Drafting
from votes.models.heads import Tree, TreeHead, TreeNode, leaves
from votes.models.records import Record, RecordPart
from votes.models.rehearsals import Rehearsal
from votes.models.results import Certificate, ContestResult, OptionResult, Result, Settlement, budgets_of
from votes.models.schedules import FALLBACKS, RULES, MetaContest, Schedule, ScheduledContest
from votes.models.waiting import (
    MOST_WAITING,
    Verdict,
    WaitingBallot,
    WaitingProgress,
    WaitingReason,
    waiting_key,
)

__all__ = [
    "COUNTERFACTUALS",
    "FALLBACKS",
    "MOST_WAITING",
    "RULES",
    "Announcement",
    "Ballot",
    "BallotPosition",
    "Blind",
    "Cancellation",
    "Certificate",
    "Challenge",
    "ChallengeAnswer",
    "Contest",
    "ContestResult",
    "Correction",
    "Counterfactual",
    "Cycle",
    "CyclePower",
    "CycleQuerySet",
    "Draft",
    "Drafting",
    "MetaContest",
    "Option",
    "OptionResult",
    "OtherOutput",
    "Reason",
    "Recomputation",
    "RecomputationAnswer",
    "Record",
    "RecordPart",
    "Rehearsal",
    "Result",
    "Schedule",
    "ScheduledContest",
    "Settlement",
    "Tree",
    "TreeHead",
    "TreeNode",
    "Verdict",
    "Verification",
    "WaitingBallot",
    "WaitingProgress",
    "WaitingReason",
    "budgets_of",
    "leaves",
    "waiting_key",
]
