"""What the system did and must tell."""

from django.db import models
from django.db.models import F, Q


class JobRun(models.Model):
    """One run of one step of scheduled work, kept for the public clock page and for operators.

    Lateness is `finished_at - due_at`. A run that failed stays, with its words.
    """

    step = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, help_text="what it ran on, such as cycle/12")
    due_at = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    failure = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="newest_job_runs_first")]
        constraints = [
            models.CheckConstraint(
                name="a_run_finishes_after_it_started", condition=Q(finished_at__gte=F("started_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.subject}"
