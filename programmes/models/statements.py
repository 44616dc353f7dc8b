"""The history of every programme's statement: appended, its words beside it under their hash."""

from django.db import models
from django.db.models import Q

from accounts.models import Wallet
from programmes.models.programmes import Programme


class ProgrammeRevision(models.Model):
    """One state of a programme's statement. Appended, never edited; `number` 1 is the first.

    `editor` is null only for the state in which a founded programme was found at its first edit.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    editor = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField()
    words_sha256 = models.BinaryField(max_length=32, help_text="of what RevisionWords holds, in UTF-8")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="a_revision_number_is_given_once"),
            models.CheckConstraint(name="revisions_count_from_one", condition=Q(number__gte=1)),
            models.CheckConstraint(
                name="only_a_first_revision_has_no_editor",
                condition=Q(number=1) | Q(editor__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.number}"

    @property
    def document(self) -> str | None:
        """The statement as JSON text with the reason of the edit, None where it was erased."""
        return self.words.document if hasattr(self, "words") else None


class RevisionWords(models.Model):
    """A revision's words; what the law forbids can be erased here. A trigger refuses words of another hash."""

    revision = models.OneToOneField(
        ProgrammeRevision, on_delete=models.PROTECT, primary_key=True, related_name="words"
    )
    document = models.TextField(help_text="JSON: the statement, its goals, its typologies and the reason")

    def __str__(self) -> str:
        return self.document[:60]
