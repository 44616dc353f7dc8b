"""Sending mail."""

from celery import shared_task

from journal import mailing
from journal.clock import database_clock


@shared_task
def send_mail() -> None:
    """Send what is due; harmless when others do, too."""
    mailing.send_due(clock=database_clock)


@shared_task
def forget_mail() -> None:
    """Delete addresses and words of mails that were sent days ago."""
    mailing.forget_sent(at=database_clock())
