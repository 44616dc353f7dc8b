"""Floors and caps of a contest, and what they leave for a line of a ballot."""

from collections.abc import Sequence
from dataclasses import dataclass

from votes.tally.errors import TallyError

WHOLE = 10_000  # basis points


@dataclass(frozen=True)
class Bounds:
    """The least and the most of a budget that one option may receive [basis points]."""

    floor: int
    cap: int


def check_bounds(bounds: Sequence[Bounds]) -> None:
    """Refuse bounds under which a contest can't be announced.

    Passing guarantees that at least one ballot is possible: the largest lines sum to a whole.
    That implies residual caps `(u - l) / (1 - sum of l)` that sum to at least one, and is stricter
    only where whole basis points can't fill caps that leave no slack.

    >>> check_bounds([Bounds(1_000, 6_000), Bounds(0, 10_000)])
    >>> check_bounds([Bounds(0, 4_000), Bounds(0, 5_000)])
    Traceback (most recent call last):
    votes.tally.errors.TallyError: the caps sum to 9000 basis points: less than the whole budget
    """
    if not bounds:
        raise TallyError("a contest needs at least one option")
    for number, bound in enumerate(bounds, start=1):
        if type(bound.floor) is not int or type(bound.cap) is not int:
            raise TallyError(f"option {number}: floor and cap are whole basis points")
        if not 0 <= bound.floor <= bound.cap <= WHOLE:
            raise TallyError(
                f"option {number}: needs 0 <= floor <= cap <= {WHOLE} basis points, "
                f"has floor {bound.floor} and cap {bound.cap}"
            )
    floors, caps = sum(bound.floor for bound in bounds), sum(bound.cap for bound in bounds)
    if floors >= WHOLE:
        raise TallyError(f"the floors sum to {floors} basis points: nothing is left to vote on")
    if caps < WHOLE:
        raise TallyError(f"the caps sum to {caps} basis points: less than the whole budget")
    if sum(largest_lines(bounds)) < WHOLE:
        raise TallyError("the caps are too tight: no ballot in whole basis points can respect them all")


def over_cap(basis_points: int, option: int, bounds: Sequence[Bounds]) -> bool:
    """Would this line [basis points of what remains after the floors] break its option's cap?

    Ballots free of such lines keep every result under its caps, since no rule here gives an option
    more than its most generous ballot does; so no result is ever clipped.

    >>> bounds = [Bounds(1_000, 5_500), Bounds(0, 10_000)]
    >>> over_cap(5_000, 0, bounds), over_cap(5_001, 0, bounds)
    (False, True)
    """
    bound = bounds[option]
    return basis_points * _residual(bounds) > (bound.cap - bound.floor) * WHOLE


def largest_line(option: int, bounds: Sequence[Bounds]) -> int:
    """The greatest line [basis points of what remains after the floors] that is not over the cap.

    >>> largest_line(0, [Bounds(1_000, 5_500), Bounds(0, 10_000)])
    5000
    """
    return largest_lines(bounds)[option]


def largest_lines(bounds: Sequence[Bounds]) -> tuple[int, ...]:
    """The largest line of every option, in order [basis points of what remains after the floors]."""
    residual = _residual(bounds)
    return tuple(min(WHOLE, (bound.cap - bound.floor) * WHOLE // residual) for bound in bounds)


def _residual(bounds: Sequence[Bounds]) -> int:
    """What the floors leave [basis points]."""
    return WHOLE - sum(bound.floor for bound in bounds)
