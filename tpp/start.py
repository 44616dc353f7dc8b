"""What must hold before web, worker and beat serve a database, which may be down or empty just then."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection

from journal.clock import database_clock
from journal.refusal import Refusal
from tpp.demo.guard import refuse_demo_wallets
from votes.actions.identity import receipt_seed_of
from votes.models import Announcement

logger = logging.getLogger(__name__)


def may_start() -> bool:
    """True where nothing forbids the start, False where the database cannot be asked yet.

    Raises ImproperlyConfigured, in words, where something forbids it.
    """
    try:
        refuse_demo_wallets(at=database_clock())
        refuse_another_receipt_key()
    except Error as error:
        logger.warning("The database cannot say yet whether this may start: %s", error)
        return False
    return True


def refuse_another_receipt_key() -> None:
    """Stop the start where frozen rules name a receipt key that is not among ours: no receipt could be signed.

    Raises ImproperlyConfigured.
    """
    announced = Announcement.objects.filter(
        cycle__origin="live", cycle__settlement__isnull=True, cycle__cancellation__isnull=True
    )
    for announcement in announced.select_related("cycle").order_by("cycle__opens_at"):
        try:
            receipt_seed_of(announcement.rules.receipt_key)
        except Refusal as refusal:
            raise ImproperlyConfigured(
                f"TPP_RECEIPT_KEY is not the key that the frozen rules of {announcement.cycle} name, so none of its"
                " receipts could be verified. Put the former key back, or name it in TPP_RECEIPT_KEYS_BEFORE."
            ) from refusal


def exit_if_forbidden() -> bool:
    """`may_start`, but end this process, with the words alone, where something forbids the start."""
    try:
        return may_start()
    except ImproperlyConfigured as error:
        raise SystemExit(f"Not started: {error}") from error
    finally:
        connection.close()  # processes that are forked from here on make their own


class Guarded:
    """The site behind the question whether it may start; where the database could not say, it is asked again."""

    def __init__(self, site: Callable[..., Iterable[bytes]]) -> None:
        self.site = site
        self.is_sure = exit_if_forbidden()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.is_sure = self.is_sure or may_start()
        return self.site(environ, start_response)


@checks.register(checks.Tags.database)
def nothing_forbids_the_start(
    *, app_configs: Any = None, databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """`manage.py check --database default` says what a start would say."""
    try:
        if databases:
            may_start()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="tpp.E001")]
    return []
