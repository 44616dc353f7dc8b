"""Posts are appended, never edited; their words stand beside them and can be erased."""

from django.db import migrations

from journal.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("deliberation", "0001_initial"), ("journal", "0002_refuse_change")]
    operations = [append_only("deliberation_post")]
