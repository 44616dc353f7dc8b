"""What uptake is made of: the questions, asked of all cycles of a page at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from django.db import connection

from programmes.admission import SECONDS_A_CONTEST, SECONDS_A_LINE, WORDS_A_MINUTE
from votes.models import Cycle

EARLIER = 5  # an active delegate signed in at least two of the five cycles before


_HOLDERS = """
    SELECT c.cycle_id, count(*), sum(h.power), min(h.place) FILTER (WHERE h.running * 2 > h.total),
           sum(h.power) FILTER (WHERE h.place <= 10)
    FROM votes_cyclepower c
    JOIN (SELECT snapshot_id, power, row_number() OVER by_power AS place, sum(power) OVER by_power AS running,
                 sum(power) OVER (PARTITION BY snapshot_id) AS total
          FROM power_snapshotpower
          WHERE power > 0
            AND snapshot_id IN (SELECT snapshot_id FROM votes_cyclepower WHERE cycle_id = ANY(%(cycles)s))
          WINDOW by_power AS (PARTITION BY snapshot_id ORDER BY power DESC, id)) h USING (snapshot_id)
    WHERE c.cycle_id = ANY(%(cycles)s)
    GROUP BY c.cycle_id
"""
_BALLOTS = """
    SELECT cycle_id, count(*), count(*) FILTER (WHERE replaced), count(*) FILTER (WHERE withdraws),
           count(*) FILTER (WHERE voted AND late), count(*) FILTER (WHERE voted),
           coalesce(sum(power) FILTER (WHERE voted), 0)
    FROM (SELECT b.cycle_id, p.power, r.id IS NOT NULL AS replaced,
                 r.id IS NULL AND cardinality(b.options) = 0 AS withdraws,
                 r.id IS NULL AND cardinality(b.options) > 0 AND p.power > 0 AS voted,
                 (c.closes_at - b.received_at) * 10 <= c.closes_at - c.opens_at AS late
          FROM votes_ballot b
          JOIN votes_cycle c ON c.id = b.cycle_id
          JOIN votes_cyclepower f ON f.cycle_id = b.cycle_id
          LEFT JOIN votes_ballot r ON r.replaces_id = b.id
          LEFT JOIN power_snapshotpower p ON p.snapshot_id = f.snapshot_id AND p.address = b.voter
          WHERE b.cycle_id = ANY(%(cycles)s)) signed
    GROUP BY cycle_id
"""
_ACTIVE = """
    SELECT active.cycle_id, count(*), sum(p.power), count(v.id), coalesce(sum(p.power) FILTER (WHERE v.id > 0), 0)
    FROM (SELECT pair.cycle_id, b.voter
          FROM unnest(%(later)s::bigint[], %(earlier)s::bigint[]) AS pair (cycle_id, earlier_id)
          JOIN votes_ballot b ON b.cycle_id = pair.earlier_id AND b.replaces_id IS NULL
          GROUP BY pair.cycle_id, b.voter HAVING count(*) >= 2) active
    JOIN votes_cyclepower f ON f.cycle_id = active.cycle_id
    JOIN power_snapshotpower p ON p.snapshot_id = f.snapshot_id AND p.address = active.voter AND p.power > 0
    LEFT JOIN votes_ballot v ON v.cycle_id = active.cycle_id AND v.voter = active.voter
         AND cardinality(v.options) > 0 AND NOT EXISTS (SELECT FROM votes_ballot r WHERE r.replaces_id = v.id)
    GROUP BY active.cycle_id
"""
_ASKED = """
    SELECT asked.cycle_id,
           (SELECT count(*) FROM votes_contest WHERE cycle_id = asked.cycle_id),
           (SELECT count(*) FROM votes_option WHERE cycle_id = asked.cycle_id),
           (SELECT coalesce(sum(regexp_count(words.text, '\\S+')), 0)
            FROM deliberation_post post JOIN deliberation_posttext words ON words.post_id = post.id
            WHERE post.posted_at >= asked.since AND post.posted_at < asked.until AND post.thread_id IN (
                SELECT thread_id FROM votes_cycle WHERE id = asked.cycle_id
                UNION SELECT p.thread_id FROM votes_contest c JOIN programmes_programme p ON p.id = c.programme_id
                      WHERE c.cycle_id = asked.cycle_id
                UNION SELECT t.thread_id FROM votes_option o JOIN programmes_typology t ON t.id = o.typology_id
                      WHERE o.cycle_id = asked.cycle_id))
    FROM (SELECT cycle_id, coalesce(since, '-infinity') AS since, until
          FROM unnest(%(cycles)s::bigint[], %(since)s::timestamptz[], %(until)s::timestamptz[])
               AS given (cycle_id, since, until)) asked
"""
_BUDGET = """
    SELECT cycle_id, sum(amount), min(place) FILTER (WHERE running * 2 > total), max(amount)
    FROM (SELECT r.cycle_id, o.amount, row_number() OVER by_amount AS place, sum(o.amount) OVER by_amount AS running,
                 sum(o.amount) OVER (PARTITION BY r.cycle_id) AS total
          FROM (SELECT DISTINCT ON (cycle_id) cycle_id, id FROM votes_result
                WHERE cycle_id = ANY(%(cycles)s) ORDER BY cycle_id, version DESC) r
          JOIN votes_contestresult k ON k.result_id = r.id AND k.is_binding
          JOIN votes_contest c ON c.id = k.contest_id AND c.programme_id IS NOT NULL
          JOIN votes_optionresult o ON o.contest_result_id = k.id
          WINDOW by_amount AS (PARTITION BY r.cycle_id ORDER BY o.amount DESC, o.id)) given
    GROUP BY cycle_id
"""


_DRAFTING = """
    SELECT asked.cycle_id, d.started, d.drafted,
           (SELECT count(*) FROM votes_ballot b
            JOIN votes_cyclepower f ON f.cycle_id = b.cycle_id
            JOIN power_snapshotpower p ON p.snapshot_id = f.snapshot_id AND p.address = b.voter AND p.power > 0
            WHERE b.cycle_id = asked.cycle_id AND b.replaces_id IS NULL),
           d.median_seconds
    FROM unnest(%(cycles)s::bigint[]) AS asked (cycle_id)
    LEFT JOIN votes_drafting d USING (cycle_id)
"""


class Turnout(NamedTuple):
    """Of so many delegates with so much power [base units], how many voted with how much."""

    delegates: int = 0
    power: int = 0
    voters: int = 0
    voted_power: int = 0

    @property
    def by_voters(self) -> Fraction | None:
        return _share(self.voters, self.delegates)

    @property
    def by_power(self) -> Fraction | None:
        return _share(self.voted_power, self.power)


class Holders(NamedTuple):
    """Who holds the power [base units]."""

    delegates: int = 0
    power: int = 0
    majority: int | None = None
    top_ten_power: int = 0


class Ballots(NamedTuple):
    """What was signed; `voters` and `voted_power` [base units] are what counts of it."""

    signed: int = 0
    replaced: int = 0
    withdrawn: int = 0
    late: int = 0
    voters: int = 0
    voted_power: int = 0

    @property
    def late_share(self) -> Fraction | None:
        return _share(self.late, self.voters)


class Drafting(NamedTuple):
    """How far delegates came; None where nobody opened the ballot while signed in, so that nothing was counted."""

    started: int | None = None
    drafted: int | None = None
    signed: int = 0
    median_seconds: int | None = None

    @property
    def minutes_to_sign(self) -> Fraction | None:
        return None if self.median_seconds is None else Fraction(self.median_seconds, 60)


class Asked(NamedTuple):
    """What the cycle asked every delegate for."""

    decisions: int = 0
    lines: int = 0
    new_words: int = 0

    @property
    def minutes(self) -> Fraction:
        return minutes_asked(words=self.new_words, contests=self.decisions, lines=self.lines)


class Budget(NamedTuple):
    """Where the money [base units] goes."""

    awarded: int = 0
    majority: int | None = None
    most: int = 0


@dataclass(frozen=True)
class Concentration:
    """How few hold more than half of the power and get more than half of the money; None where there is none."""

    holders: Holders
    budget: Budget

    @property
    def majority_delegates(self) -> int | None:
        return self.holders.majority

    @property
    def top_ten_share(self) -> Fraction | None:
        return _share(self.holders.top_ten_power, self.holders.power)

    @property
    def awarded(self) -> int:
        return self.budget.awarded

    @property
    def majority_typologies(self) -> int | None:
        return self.budget.majority

    @property
    def largest_share(self) -> Fraction | None:
        return _share(self.budget.most, self.budget.awarded)


@dataclass(frozen=True)
class Uptake:
    """One cycle's figures."""

    cycle: Cycle
    turnout: Turnout
    active: Turnout
    ballots: Ballots
    drafting: Drafting
    asked: Asked
    concentration: Concentration


def minutes_asked(*, words: int, contests: int, lines: int) -> Fraction:
    """A delegate's minutes for reading `words` and filling in `contests` with `lines`.

    >>> minutes_asked(words=400, contests=2, lines=4)
    Fraction(5, 1)
    """
    return Fraction(words, WORDS_A_MINUTE) + Fraction(
        contests * SECONDS_A_CONTEST + lines * SECONDS_A_LINE, 60
    )


def _share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


_Figures = TypeVar("_Figures")


def newest_cycles(*, before: Cycle | None, count: int) -> list[Cycle]:
    """The last `count` certified cycles, or the last that opened before `before`; newest first."""
    cycles = Cycle.objects.scheduled().not_cancelled().filter(certificate__isnull=False, power__isnull=False)
    if before is not None:
        cycles = cycles.filter(opens_at__lt=before.opens_at)
    return list(cycles.order_by("-opens_at")[:count])


def read_uptake(cycles: Sequence[Cycle], *, earlier: Sequence[Cycle]) -> list[Uptake]:
    """The figures of `cycles`, newest first; `earlier` are the ones before the last of them, newest first."""
    order = [*cycles, *earlier]
    ids = [cycle.pk for cycle in cycles]
    pairs = [(ids[n], before.pk) for n in range(len(ids)) for before in order[n + 1 : n + 1 + EARLIER]]
    since = [order[n + 1].opens_at if n + 1 < len(order) else None for n in range(len(ids))]
    holders = _by_cycle(Holders, _HOLDERS, cycles=ids)
    ballots = _by_cycle(Ballots, _BALLOTS, cycles=ids)
    active = _by_cycle(
        Turnout, _ACTIVE, later=[pair[0] for pair in pairs], earlier=[pair[1] for pair in pairs]
    )
    asked = _by_cycle(Asked, _ASKED, cycles=ids, since=since, until=[cycle.closes_at for cycle in cycles])
    drafting = _by_cycle(Drafting, _DRAFTING, cycles=ids)
    budgets = _by_cycle(Budget, _BUDGET, cycles=ids)
    return [
        Uptake(
            cycle,
            turnout=_turnout(holders(cycle), ballots(cycle)),
            active=active(cycle),
            ballots=ballots(cycle),
            drafting=drafting(cycle),
            asked=asked(cycle),
            concentration=Concentration(holders(cycle), budgets(cycle)),
        )
        for cycle in cycles
    ]


def _turnout(holders: Holders, ballots: Ballots) -> Turnout:
    return Turnout(holders.delegates, holders.power, ballots.voters, ballots.voted_power)


def _by_cycle(figures: Callable[..., _Figures], sql: str, **parameters: Any) -> Callable[[Cycle], _Figures]:
    """The answer to `sql`, whose first column is the cycle's id, as a question; nothing at all is `figures()`."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = {row[0]: [None if value is None else int(value) for value in row[1:]] for row in cursor}
    return lambda cycle: figures(*rows.get(cycle.pk, []))
