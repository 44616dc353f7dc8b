"""The function behind every append-only table."""

from django.db import migrations

from journal.append_only import REFUSE_CHANGE


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION refuse_change()")]
