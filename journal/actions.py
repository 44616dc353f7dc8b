"""Writing down what the system did."""

import logging
from datetime import datetime, timedelta

from journal.models import Alarm, AuditEntry, Heartbeat

logger = logging.getLogger(__name__)


def record_tick(*, at: datetime) -> None:
    """Overwrite the scheduler's last tick with `at`, in one statement; two at once leave one row."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(ticked_at=at)], update_conflicts=True, unique_fields=["only"], update_fields=["ticked_at"]
    )


def has_just_ticked(*, at: datetime) -> bool:
    """Whether a tick began within the half second before `at`; one in the future, before a clock was set, is none."""
    return Heartbeat.objects.filter(ticked_at__gt=at - timedelta(seconds=0.5), ticked_at__lte=at).exists()


def audit(*, actor: str, verb: str, subject: str, before: str = "", after: str = "", at: datetime) -> None:
    """Write down, within the verb's own transaction, that `actor` did it; public and for good."""
    AuditEntry.objects.create(actor=actor, verb=verb, subject=subject, before=before, after=after, at=at)


def raise_alarm(*, name: str, subject: str, words: str, at: datetime) -> bool:
    """Say for good, on the clock page and in the log, what must never have been; False where that was said already."""
    logger.error("%s of %s: %s", name, subject, words)
    _, is_new = Alarm.objects.get_or_create(
        name=name, subject=subject, words=words, defaults={"raised_at": at}
    )
    return is_new
