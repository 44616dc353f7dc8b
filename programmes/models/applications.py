"""Builders' applications: public the moment they are sent, appended, their words beside them under their hash."""

import json
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Wallet
from chain.fields import AddressField, BaseUnitsField, is_an_address
from deliberation.models import Thread
from programmes.models.programmes import Typology


class Application(models.Model):
    """What somebody wants to build, for how much [base units], paid to which wallet. Appended, never edited."""

    typology = models.ForeignKey(Typology, on_delete=models.PROTECT, related_name="applications")
    applicant = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+")
    payee = AddressField(help_text="the wallet that is paid")
    amount = BaseUnitsField()
    sent_at = models.DateTimeField()
    words_sha256 = models.BinaryField(max_length=32, help_text="of what ApplicationWords holds, in UTF-8")
    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="an_application_asks_for_something", condition=Q(amount__gt=0)),
            is_an_address("payee", name="a_payee_is_an_address"),
        ]
        indexes = [models.Index(fields=["applicant", "-sent_at"], name="newest_applications_of_one")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("application", args=[self.typology.programme.slug, self.typology.slug, self.pk])

    @cached_property
    def told(self) -> dict[str, Any]:
        """Its words by name, empty where they were erased."""
        read: dict[str, Any] = json.loads(self.words.document) if hasattr(self, "words") else {}
        return read

    @property
    def title(self) -> str:
        return str(self.told.get("title", "(erased)"))


class ApplicationWords(models.Model):
    """An application's words, which can be erased. A trigger refuses words of another hash."""

    application = models.OneToOneField(
        Application, on_delete=models.PROTECT, primary_key=True, related_name="words"
    )
    document = models.TextField(
        help_text="JSON: title, who, what, links, conflicts and the milestones' words"
    )

    def __str__(self) -> str:
        return self.document[:60]


class Milestone(models.Model):
    """One step of an application with its date and its amount [base units]; its words stand with the others."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="milestones")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField()
    amount = BaseUnitsField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="a_milestone_has_its_own_number"),
            models.CheckConstraint(name="a_milestone_pays_something", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"milestone {self.number}"
