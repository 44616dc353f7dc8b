"""What a rehearsal showed; nothing else of it is kept."""

from django.db import models
from django.urls import reverse

from votes.models.schedules import Schedule


class Rehearsal(models.Model):
    """A schedule's next cycle, played through and undone. `report` says what came out, `scenes` what was seen.

    A scene is who saw it, its title, its instant (ISO 8601) and the page as HTML without scripts.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="+")
    played_at = models.DateTimeField()
    actor = models.CharField(max_length=42)
    report = models.JSONField()
    scenes = models.JSONField()

    class Meta:
        ordering = ["-played_at"]

    def __str__(self) -> str:
        return f"rehearsal of {self.schedule}"

    def get_absolute_url(self) -> str:
        return reverse("rehearsal", args=[self.pk])
