from django.db import migrations, models

from journal.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("journal", "0004_audit")]
    operations = [
        migrations.CreateModel(
            name="Alarm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "subject",
                    models.CharField(help_text="what it is about, such as cycle/12/closed", max_length=120),
                ),
                ("words", models.TextField()),
                ("raised_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "subject", "words"), name="an_alarm_is_raised_once"
                    )
                ],
            },
        ),
        append_only("journal_alarm"),
    ]
