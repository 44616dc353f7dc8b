import django.db.models.deletion
from django.db import migrations, models

from journal.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("votes", "0012_challenges"),
    ]

    operations = [
        migrations.CreateModel(
            name="Counterfactual",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("without_largest", "without the three largest powers"),
                            ("without_conflicts", "without declared conflicts of interest"),
                        ],
                        max_length=20,
                    ),
                ),
                ("left_out", models.JSONField()),
                ("contests", models.JSONField()),
                (
                    "result",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counterfactuals",
                        to="votes.result",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("result", "kind"), name="a_counterfactual_is_computed_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["without_largest", "without_conflicts"])),
                        name="a_counterfactual_is_known",
                    ),
                ],
            },
        ),
        append_only("votes_counterfactual"),
    ]
