"""What becomes of a cycle's drafts after the vote: they are counted, and some days later deleted."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from journal.locks import STEP, try_lock
from votes.models import Cycle, Draft, Drafting

COUNT_DRAFTS, FORGET_DRAFTS = STEP + 30, STEP + 31
KEPT_AFTER_CLOSING = timedelta(days=7)  # so that an author can still look up what was not sent
LEAST_TIMED = 5  # a median of fewer tells one person's habits

_OF_CYCLE = Draft.objects.filter(cycle=OuterRef("pk"))


def drafts_to_count(at: datetime) -> QuerySet[Cycle]:
    """Certified cycles whose drafts nobody counted yet."""
    return Cycle.objects.filter(Exists(_OF_CYCLE), certificate__isnull=False, drafting__isnull=True)


def drafts_to_forget(at: datetime) -> QuerySet[Cycle]:
    """Cycles that are over, or cancelled, for longer than their drafts are kept."""
    over = Q(drafting__isnull=False, closes_at__lte=at - KEPT_AFTER_CLOSING)
    return Cycle.objects.filter(over | Q(cancellation__isnull=False), Exists(_OF_CYCLE))


@transaction.atomic
def count_drafts(*, cycle_id: int, at: datetime) -> bool:
    """Keep how many delegates opened the ballot and saved a draft, and how long signing took; once."""
    if not try_lock(COUNT_DRAFTS, cycle_id) or not drafts_to_count(at).filter(pk=cycle_id).exists():
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE drafted), count(seconds),
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds)
            FROM (SELECT d.version > 0 AS drafted,
                         (SELECT extract(epoch FROM min(b.received_at) - d.opened_at)::bigint FROM votes_ballot b
                          WHERE b.cycle_id = d.cycle_id AND b.voter = d.wallet_id
                            AND b.received_at >= d.opened_at) AS seconds
                  FROM votes_draft d
                  JOIN votes_cyclepower f ON f.cycle_id = d.cycle_id
                  JOIN power_snapshotpower p
                    ON p.snapshot_id = f.snapshot_id AND p.address = d.wallet_id AND p.power > 0
                  WHERE d.cycle_id = %s) delegates
            """,
            [cycle_id],
        )
        started, drafted, timed, median = cursor.fetchone()
    Drafting.objects.create(
        cycle_id=cycle_id,
        started=started,
        drafted=drafted,
        timed=timed,
        median_seconds=median if timed >= LEAST_TIMED else None,
    )
    return True


@transaction.atomic
def forget_drafts(*, cycle_id: int, at: datetime) -> bool:
    """Delete a cycle's drafts for good, whoever's they are; False where there are none, or they are still kept."""
    if not try_lock(FORGET_DRAFTS, cycle_id) or not drafts_to_forget(at).filter(pk=cycle_id).exists():
        return False
    Draft.objects.filter(cycle_id=cycle_id).delete()
    return True
