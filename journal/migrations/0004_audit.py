from django.db import migrations, models

from journal.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("journal", "0003_heartbeat")]
    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("actor", models.CharField(max_length=42)),
                ("verb", models.CharField(max_length=40)),
                (
                    "subject",
                    models.CharField(help_text="what it was done to, such as cycle/12", max_length=120),
                ),
                ("before", models.TextField(blank=True)),
                ("after", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
            ],
            options={"ordering": ["-pk"], "verbose_name_plural": "audit entries"},
        ),
        append_only("journal_auditentry"),
    ]
