"""What a result would have been without some ballots; it binds nobody."""

from django.db import models
from django.db.models import Count, Q, QuerySet

from votes.models.challenges import latest_results
from votes.models.results import Result

COUNTERFACTUALS = {
    "without_largest": "without the three largest powers",
    "without_conflicts": "without declared conflicts of interest",
}


class Counterfactual(models.Model):
    """A result once more without some lines. `contests`: by key, outcome, exact shares and amounts by its binding rule.

    `left_out` names the addresses whose lines are not counted.
    """

    result = models.ForeignKey(Result, on_delete=models.PROTECT, related_name="counterfactuals")
    kind = models.CharField(max_length=20, choices=COUNTERFACTUALS)
    left_out = models.JSONField()
    contests = models.JSONField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["result", "kind"], name="a_counterfactual_is_computed_once"),
            models.CheckConstraint(
                name="a_counterfactual_is_known", condition=Q(kind__in=list(COUNTERFACTUALS))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.result} {self.get_kind_display()}"


def results_to_vary() -> QuerySet[Result]:
    """Newest results of which the counterfactuals are not computed yet; the record comes first."""
    counted = latest_results().annotate(variants=Count("counterfactuals"))
    return counted.filter(
        variants__lt=len(COUNTERFACTUALS), cycle__cancellation__isnull=True, cycle__records__kind="closed"
    )
