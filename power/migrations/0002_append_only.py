"""Registers and snapshots are appended, never edited."""

from django.db import migrations

from journal.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("power", "0001_initial"), ("journal", "0002_refuse_change")]
    operations = [
        append_only("power_register"),
        append_only("power_registerentry"),
        append_only("power_snapshot"),
        append_only("power_snapshotpower"),
    ]
