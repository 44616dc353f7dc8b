"""When each step of a cycle is due: the one definition, for jobs, for requests and for commands."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import F, Q

from journal.version import SOFTWARE
from votes.actions.drafting import drafts_to_count, drafts_to_forget
from votes.actions.heads import heads_due
from votes.models import Cycle
from votes.models.challenges import results_to_settle, results_to_verify
from votes.models.counterfactuals import results_to_vary


def _waiting(**rows: bool) -> Q:
    """Cycles that are not cancelled and have, or lack, the named rows."""
    missing = {f"{name}__isnull": not present for name, present in rows.items()}
    return Q(cancellation__isnull=True, **missing)


DUE: dict[str, Callable[[datetime], Q]] = {
    "announce": lambda at: (
        _waiting(announcement=False) & Q(announced_at__lte=at, opens_at__gte=F("notice") + at)
    ),
    "cancel": lambda at: _waiting(announcement=False) & Q(opens_at__lt=F("notice") + at),
    "freeze": lambda at: _waiting(announcement=True, power=False) & Q(snapshot_at__lte=at),
    "head": lambda at: Q(pk__in=heads_due(at).values("pk")),
    "close": lambda at: _waiting(announcement=True, certificate=False) & Q(closes_at__lte=at),
    "tally": lambda at: _waiting(certificate=True, power=True, results=False),
    "record": lambda at: _waiting(results=True) & ~Q(records__kind="closed"),
    "verify": lambda at: Q(pk__in=results_to_verify(SOFTWARE).values("cycle")),
    "counterfactuals": lambda at: Q(pk__in=results_to_vary().values("cycle")),
    "settle": lambda at: Q(pk__in=results_to_settle(at).values("cycle")),
    "final_record": lambda at: _waiting(settlement=True) & ~Q(records__kind="final"),
    "count_drafts": lambda at: Q(pk__in=drafts_to_count(at).values("pk")),
    "forget_drafts": lambda at: Q(pk__in=drafts_to_forget(at).values("pk")),
}
# What an edit that comes late must not change: these happen before anybody edits or reads.
FREEZES = ("announce", "cancel", "freeze")


def is_due(name: str, cycle: Cycle, at: datetime) -> bool:
    """Whether the step `name` of `cycle` is due at `at`, as the rows are now."""
    return Cycle.objects.filter(DUE[name](at), pk=cycle.pk).exists()


def freeze_due(at: datetime) -> Q:
    """Cycles of which anything is to be frozen or cancelled at `at`."""
    announce, cancel, freeze = (DUE[name](at) for name in FREEZES)
    return announce | cancel | freeze
