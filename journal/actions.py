"""Writing down what the system did."""

from datetime import datetime

from journal.models import AuditEntry, Heartbeat


def record_tick(*, at: datetime) -> None:
    """Overwrite the scheduler's last tick with `at`, in one statement; two at once leave one row."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(ticked_at=at)], update_conflicts=True, unique_fields=["only"], update_fields=["ticked_at"]
    )


def audit(*, actor: str, verb: str, subject: str, before: str = "", after: str = "", at: datetime) -> None:
    """Write down, within the verb's own transaction, that `actor` did it; public and for good."""
    AuditEntry.objects.create(actor=actor, verb=verb, subject=subject, before=before, after=after, at=at)
