import django.db.models.deletion
from django.db import migrations, models

from journal.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("votes", "0007_sealed")]
    operations = [
        migrations.CreateModel(
            name="Record",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("closed", "closed"), ("final", "final")], max_length=6),
                ),
                ("sha256", models.BinaryField(max_length=32)),
                ("size", models.PositiveBigIntegerField()),
                ("lines", models.PositiveIntegerField()),
                ("crc32", models.PositiveBigIntegerField(help_text="what a gzip file of it ends with")),
                ("built_at", models.DateTimeField()),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="records", to="votes.cycle"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("cycle", "kind"), name="a_record_is_made_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["closed", "final"])),
                        name="a_record_is_closed_or_final",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="RecordPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=6)),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "record_of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="votes.cycle"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("record_of", "kind", "number"), name="a_part_is_stored_once"
                    )
                ]
            },
        ),
        append_only("votes_record"),
        append_only("votes_recordpart"),
    ]
