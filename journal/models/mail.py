"""Mail on its way. To whom and what is private, and deleted days after it was sent."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q


class MailQuerySet(models.QuerySet["Mail"]):
    def unsent(self) -> "MailQuerySet":
        return self.filter(sent_at__isnull=True, given_up_at__isnull=True)

    def due(self, at: datetime) -> "MailQuerySet":
        """What is to be sent, or tried again, now; nobody holds it."""
        return self.unsent().filter(due_at__lte=at)

    def in_trouble(self) -> "MailQuerySet":
        """What failed and is not sent yet, or never will be."""
        return self.filter(~Q(failure=""), sent_at__isnull=True)


class Mail(models.Model):
    """One mail, written once for each `key`, such as receipt/12.

    Whoever sends it holds it until `due_at`, and only who holds it still may say what became of it: so no two
    send it at once. A process that ends between the two leaves it to be sent again, under the same Message-ID.

    `recipient` is a keyed hash that stays when the address is gone, so that nobody is written to too often.
    """

    key = models.CharField(max_length=120, unique=True)
    owner = models.CharField(max_length=42, blank=True, help_text="the wallet that asked for it")
    recipient = models.CharField(max_length=64, help_text="keyed hash of the address")
    to = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True)
    attachment_name = models.CharField(max_length=120, blank=True)
    attachment = models.TextField(blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(
        help_text="when it is tried next; while somebody sends it, until when they hold it"
    )
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    failure = models.CharField(
        max_length=80, blank=True, help_text="what went wrong last, without any address"
    )

    objects: ClassVar[models.Manager["Mail"]] = MailQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                name="mail_that_is_to_be_sent",
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
            ),
            models.Index(fields=["recipient", "created_at"], name="mail_to_one_address"),
            models.Index(fields=["owner"], name="mail_of_one_wallet", condition=~Q(owner="")),
            models.Index(fields=["created_at"], name="mail_to_forget", condition=~Q(to="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_mail_is_sent_or_given_up",
                condition=Q(sent_at__isnull=True) | Q(given_up_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_mail_to_send_has_words",
                condition=Q(sent_at__isnull=False)
                | Q(given_up_at__isnull=False)
                | ~(Q(to="") | Q(subject="") | Q(body="")),
            ),
            models.CheckConstraint(
                name="a_mail_without_address_has_nothing",
                condition=~Q(to="") | Q(owner="", subject="", body="", attachment_name="", attachment=""),
            ),
        ]

    def __str__(self) -> str:
        return self.key
