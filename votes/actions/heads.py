"""Signed tree heads: while a cycle is open, what it holds so far is fixed in public every few seconds."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from journal.locks import TREE, try_lock
from votes.actions.identity import receipt_seed_of
from votes.models import Ballot, BallotPosition, Certificate, Cycle, Tree, TreeHead, TreeNode, leaves
from votes.record import heads as record
from votes.record.merkle import Frontier

QUIET = timedelta(minutes=1)  # so long at most between two heads, also where no ballot came
OVERLAP = timedelta(seconds=10)  # of what consecutive heads look at, for a clock that was set back a little
_MOMENT = timedelta(microseconds=1)
_BATCH = 5_000


def heads_due(at: datetime) -> QuerySet[Cycle]:
    """Open cycles with power that have no head yet, something new to fix, or were quiet for long."""
    last = TreeHead.objects.filter(cycle=OuterRef("pk")).order_by("-published_at").values("published_at")[:1]
    newest = BallotPosition.objects.filter(cycle=OuterRef(OuterRef("pk"))).order_by("-position")
    news = Ballot.objects.filter(
        Q(received_at__gte=OuterRef("last_head_at") - OVERLAP)
        | Q(pk__gt=Coalesce(Subquery(newest.values("ballot")[:1]), 0)),
        cycle=OuterRef("pk"),
        place__isnull=True,
    )
    open_ones = Cycle.objects.filter(
        cancellation__isnull=True,
        announcement__isnull=False,
        power__isnull=False,
        certificate__isnull=True,
        opens_at__lte=at,
        closes_at__gt=at,
    )
    every = timedelta(seconds=settings.TPP_HEAD_SECONDS)
    return open_ones.annotate(last_head_at=Subquery(last, output_field=DateTimeField())).filter(
        Q(last_head_at__isnull=True)
        | Q(last_head_at__lte=at - QUIET)
        | Q(Exists(news), last_head_at__lte=at - every)
    )


def head_due_at(cycle: Cycle) -> datetime:
    """When the next head of an open cycle comes at the latest, whether or not there are ballots."""
    if hasattr(cycle, "last_head_at"):  # as `heads_due` found it
        last = cycle.last_head_at
    else:
        last = cycle.heads.order_by("-published_at").values_list("published_at", flat=True).first()
    return cycle.opens_at if last is None else last + QUIET


@transaction.atomic
def publish_head(*, cycle_id: int, at: datetime) -> bool:
    """Sign what an open cycle holds; False where none is due, or where another worker is at it.

    Every ballot received before the instant of the head has its position then; nobody who votes waits for that.
    """
    if not try_lock(TREE, cycle_id):
        return False
    cycle = heads_due(at).select_related("announcement").filter(pk=cycle_id).first()
    if cycle is None or Certificate.objects.filter(cycle=cycle).exists():
        return False
    last = cycle.heads.order_by("-published_at").first()
    until = _ballots_are_in_until(cycle_id)
    frontier = extend_tree(cycle_id, since=last.published_at - OVERLAP if last else None, until=until)
    rules = cycle.announcement.rules
    head = record.TreeHead(
        cycle=str(cycle.number),
        rules=rules.hash,
        size=frontier.size,
        root=frontier.root(),
        published_at=max(at, until, last.published_at + _MOMENT) if last else max(at, until),
    )
    TreeHead.objects.create(
        cycle=cycle,
        size=head.size,
        root=head.root,
        published_at=head.published_at,
        signature=record.sign_head(receipt_seed_of(rules.receipt_key), head),
    )
    return True


def extend_tree(cycle_id: int, *, since: datetime | None = None, until: datetime | None = None) -> Frontier:
    """Give positions to the ballots that have none and append them to the tree; its right edge.

    `since` and `until` say when those were received that are looked at: with them the cost is that of the new ones,
    without them nothing is missed whatever clocks did. The caller holds TREE, and BALLOTS where none may be missed.
    """
    size = _next_position(cycle_id)
    frontier = Tree(cycle_id).frontier(size)
    _give_positions(cycle_id, size, since, until)
    nodes: list[tuple[int, int, bytes]] = []
    for leaf in leaves(cycle_id, size, _next_position(cycle_id)):
        frontier.append(leaf, nodes)
    TreeNode.objects.bulk_create(
        (TreeNode(cycle_id=cycle_id, level=level, index=index, hash=hash) for level, index, hash in nodes),
        batch_size=_BATCH,
    )
    return frontier


def _ballots_are_in_until(cycle_id: int) -> datetime:
    """An instant just past: every ballot received before it can be seen, and no more such ballot comes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ballots_are_in_until(%s)", [cycle_id])
        instant: datetime = cursor.fetchone()[0]
    return instant


def _next_position(cycle_id: int) -> int:
    last = BallotPosition.objects.filter(cycle_id=cycle_id).order_by("-position")
    return last.values_list(F("position") + 1, flat=True).first() or 0


def _give_positions(cycle_id: int, first: int, since: datetime | None, until: datetime | None) -> None:
    """Append the ballots that have no place in the tree yet, in the order in which they were stored.

    One that waited for its verdict is stored long after it was received: it is found by its number.
    """
    placed = BallotPosition.objects.filter(cycle_id=cycle_id).order_by("-position")
    newest = placed.values_list("ballot_id", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO votes_ballotposition (cycle_id, ballot_id, position)
            SELECT b.cycle_id, b.id, %(first)s + row_number() OVER (ORDER BY b.id) - 1
            FROM votes_ballot b
            WHERE b.cycle_id = %(cycle)s
              AND (%(since)s::timestamptz IS NULL OR b.received_at >= %(since)s OR b.id > %(newest)s)
              AND (%(until)s::timestamptz IS NULL OR b.received_at < %(until)s)
              AND NOT EXISTS (SELECT FROM votes_ballotposition p WHERE p.ballot_id = b.id)
            """,
            {"cycle": cycle_id, "first": first, "since": since, "until": until, "newest": newest},
        )
