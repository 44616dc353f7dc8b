"""The outbox: a mail is a row, written once, sent by whoever holds it, and soon without address and words."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from journal.models import Mail

LEASE = timedelta(minutes=5)  # far longer than a server may take for one mail
TRIED_FOR = timedelta(days=2)
KEPT = timedelta(days=3)  # address and words, from the writing on
PAUSE = timedelta(minutes=1)  # after a server that could not be reached
AT_ONCE = 50  # mails in one run

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """What a mail says."""

    subject: str
    body: str
    attachment_name: str = ""
    attachment: str = ""


def recipient_of(address: str) -> str:
    """A keyed hash of an address, alike however its letters are cased."""
    return salted_hmac("journal.Mail", address.strip().lower(), algorithm="sha256").hexdigest()


def post(*, key: str, owner: str, to: str, letter: Letter, at: datetime) -> None:
    """Write a mail down to be sent, unless the one of this `key` stands already."""
    row = Mail(
        key=key,
        owner=owner,
        recipient=recipient_of(to),
        to=to,
        subject=letter.subject,
        body=letter.body,
        attachment_name=letter.attachment_name,
        attachment=letter.attachment,
        created_at=at,
        due_at=at,
    )
    Mail.objects.bulk_create([row], ignore_conflicts=True)


def send_due(*, clock: Callable[[], datetime]) -> int:
    """Send what is due, one after the other; how many were sent. A server that cannot be reached ends the run."""
    sent = 0
    connection = get_connection()
    try:
        for _ in range(AT_ONCE):
            mail = _claim(clock())
            if mail is None:
                break
            failure, is_final, is_server = _send(mail, connection)
            at = clock()
            if not failure:
                sent += _finish(mail, sent_at=at, failure="")
                continue
            logger.warning("a mail could not be sent, try %s: %s", mail.tries, failure)
            if is_final or at - mail.created_at > TRIED_FOR:
                _finish(mail, given_up_at=at, failure=failure)
            else:
                _finish(mail, due_at=at + pause_after(mail.tries), failure=failure)
            if is_server:
                Mail.objects.due(at).update(due_at=at + PAUSE)
                break
    finally:
        connection.close()
    return sent


def pause_after(tries: int) -> timedelta:
    """How long to wait after that many tries: a minute, then ever twice as long, six hours at most.

    >>> [int(pause_after(tries).total_seconds()) // 60 for tries in (1, 2, 5, 9, 10)]
    [1, 2, 16, 256, 360]
    """
    return min(PAUSE * (1 << min(max(0, tries - 1), 16)), timedelta(hours=6))


def forget_sent(*, at: datetime) -> int:
    """Delete address and words of mails that were sent, or given up, some days ago; how many those were."""
    over = Mail.objects.filter(created_at__lte=at - KEPT).exclude(to="")
    return _forget(over.exclude(sent_at__isnull=True, given_up_at__isnull=True))


@transaction.atomic
def forget_owner(*, owner: str, at: datetime) -> None:
    """Delete address and words of every mail that `owner` asked for; what is not sent yet never will be."""
    Mail.objects.unsent().filter(owner=owner).update(given_up_at=at, failure="")
    _forget(Mail.objects.filter(owner=owner))


def _forget(mails: QuerySet[Mail]) -> int:
    return mails.update(owner="", to="", subject="", body="", attachment_name="", attachment="")


def _claim(at: datetime) -> Mail | None:
    """The next mail that is due, held for a while by whoever asks; nobody else is given it meanwhile."""
    with transaction.atomic():
        mail = Mail.objects.due(at).select_for_update(skip_locked=True).order_by("due_at", "pk").first()
        if mail is not None:
            mail.tries += 1
            mail.due_at = at + LEASE
            mail.save(update_fields=["tries", "due_at"])
    return mail


def _finish(mail: Mail, **changes: object) -> int:
    """Say what became of a mail, if it is still held; a later holder, or a deletion, has the last word."""
    return Mail.objects.unsent().filter(pk=mail.pk, tries=mail.tries).update(**changes)


def _send(mail: Mail, connection: BaseEmailBackend) -> tuple[str, bool, bool]:
    """What went wrong, without any address ("" where nothing did); whether for good; whether it is the server's."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    message = EmailMessage(
        subject=mail.subject,
        body=mail.body,
        to=[mail.to],
        connection=connection,
        headers={
            "Message-ID": f"<{recipient_of(mail.key)[:32]}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if mail.attachment_name:
        message.attach(mail.attachment_name, mail.attachment, "application/json")
    try:
        message.send()
    except SMTPRecipientsRefused as error:
        code = min(code for code, _ in error.recipients.values())
        return f"the address was refused ({code})", code >= 500, False
    except SMTPResponseException as error:
        name = f"{type(error).__name__} {error.smtp_code}"
        return name, False, not 500 <= error.smtp_code < 600 or "Auth" in name or "Sender" in name
    except (SMTPException, OSError) as error:
        return type(error).__name__, False, True
    except ValueError as error:  # an address that no mail can be written to
        return type(error).__name__, True, False
    return "", False, False
