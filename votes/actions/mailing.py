"""Receipts by mail, to who asked for them. Acceptance knows nothing of it: the rows tell what is to be sent."""

import json
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.template.loader import render_to_string

from accounts.models import EmailAddress, short_address
from journal.mailing import Letter, post
from journal.models import Mail
from votes.actions.ballots import receipt_of
from votes.models import Ballot

AT_ONCE = 200
_STILL = timedelta(days=2)  # after closing: longer than jobs ever rest


def receipts_to_mail(*, at: datetime) -> QuerySet[Ballot]:
    """Accepted ballots of wallets with a confirmed address, cast since they asked for receipts, not written of yet.

    Starts from those wallets, of which there are few.
    """
    wanting = EmailAddress.objects.filter(receipts_since__isnull=False)
    written = Mail.objects.filter(key=Concat(Value("receipt/"), Cast(OuterRef("pk"), CharField())))
    since = wanting.filter(wallet_id=OuterRef("voter"), receipts_since__lte=OuterRef("received_at"))
    return Ballot.objects.filter(
        Exists(since),
        ~Exists(written),
        voter__in=wanting.values("wallet_id"),
        cycle__origin="live",
        cycle__opens_at__lte=at,
        cycle__closes_at__gt=at - _STILL,
    )


def mail_receipts(*, at: datetime) -> int:
    """Write the mails that are due, each once, whoever else does; how many were looked at."""
    ballots = (
        receipts_to_mail(at=at).select_related("cycle__announcement", "blind", "replaces").order_by("pk")
    )
    found = list(ballots[:AT_ONCE])
    for ballot in found:
        with transaction.atomic():
            # Held, so that who deletes or changes the address meanwhile is not written to afterwards.
            email = (
                EmailAddress.objects.select_for_update()
                .filter(wallet_id=ballot.voter, receipts_since__lte=ballot.received_at)
                .first()
            )
            if email is not None:
                post(
                    key=f"receipt/{ballot.pk}",
                    owner=ballot.voter,
                    to=email.address,
                    letter=letter_of(ballot),
                    at=at,
                )
    return len(found)


def letter_of(ballot: Ballot) -> Letter:
    """The mail that brings a ballot's receipt: the file that its page offers, and in words what it is for."""
    cycle, rules = ballot.cycle, ballot.cycle.announcement.rules
    document = receipt_of(ballot, rules).document()
    words = {
        "ballot": ballot,
        "cycle": cycle,
        "wallet": short_address(ballot.voter),
        "page": urljoin(settings.TPP_SITE_URL, ballot.get_absolute_url()),
        "settings": urljoin(settings.TPP_SITE_URL, "/me/"),
        "sealed": cycle.hides_ballots,
        "blind": document.get("blind"),
    }
    return Letter(
        subject=f"Receipt of your ballot in cycle {cycle.number}",
        body=render_to_string("votes/mail/receipt.txt", words),
        attachment_name=f"receipt-cycle-{cycle.number}-{ballot.tree_key.hex()[:8]}.json",
        attachment=json.dumps(document, indent=2),
    )
