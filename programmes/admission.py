"""Which proposed programmes are admitted. Pure: whole numbers in, decisions with their reasons out."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "SECONDS_A_CONTEST",
    "SECONDS_A_LINE",
    "WORDS_A_MINUTE",
    "Candidate",
    "Decision",
    "Limits",
    "admit",
    "seconds_asked",
]

# What a delegate's time is reckoned at; the figures of uptake use the same.
WORDS_A_MINUTE = 200
SECONDS_A_CONTEST = 60
SECONDS_A_LINE = 15


@dataclass(frozen=True)
class Candidate:
    """A proposed programme. `power` of its sponsors and `budget` [base units]; `place` ascends with proposal."""

    key: str
    place: int
    power: int
    budget: int
    seconds: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What is left: `tokens` [base units] of the budget, `seconds` of the workload, and the least power to queue."""

    tokens: int
    seconds: int
    threshold: int


@dataclass(frozen=True)
class Decision:
    """`reason`: admitted, incomplete, too_little_power, token_budget, workload or both_limits.

    `left` is what was left when it was its turn.
    """

    candidate: Candidate
    reason: str
    left: Limits

    @property
    def is_admitted(self) -> bool:
        return self.reason == "admitted"


def seconds_asked(*, words: int, contests: int, lines: int) -> int:
    """A delegate's seconds for reading `words` and filling in `contests` with `lines`, rounded up.

    >>> seconds_asked(words=400, contests=1, lines=4)
    240
    """
    return -(-words * 60 // WORDS_A_MINUTE) + contests * SECONDS_A_CONTEST + lines * SECONDS_A_LINE


def admit(candidates: Sequence[Candidate], limits: Limits) -> list[Decision]:
    """Decide on every candidate, in the order of the queue: most power first, ties to the earlier proposal.

    As many are admitted as fit both what is left of the budget and of the workload. What does not fit is skipped
    and does not block what follows.

    >>> queue = [Candidate("a", 1, 5, 80, 60), Candidate("b", 2, 9, 90, 60), Candidate("c", 3, 1, 10, 60)]
    >>> [(d.candidate.key, d.reason) for d in admit(queue, Limits(100, 600, 1))]
    [('b', 'admitted'), ('a', 'token_budget'), ('c', 'admitted')]
    """
    decisions = []
    tokens, seconds = limits.tokens, limits.seconds
    for candidate in sorted(candidates, key=lambda c: (-c.power, c.place)):
        left = Limits(tokens, seconds, limits.threshold)
        decision = Decision(candidate, _reason(candidate, left), left)
        decisions.append(decision)
        if decision.is_admitted:
            tokens -= candidate.budget
            seconds -= candidate.seconds
    return decisions


def _reason(candidate: Candidate, left: Limits) -> str:
    if candidate.missing:
        return "incomplete"
    if candidate.power < left.threshold:
        return "too_little_power"
    over_budget, over_workload = candidate.budget > left.tokens, candidate.seconds > left.seconds
    if over_budget and over_workload:
        return "both_limits"
    if over_budget:
        return "token_budget"
    return "workload" if over_workload else "admitted"
