"""What stood before: every name gets its key, and every programme is admitted, as founded."""

from typing import Any

from django.db import migrations

from programmes.names import look_alike_key


def fill(apps: Any, schema_editor: Any) -> None:
    programmes, typologies, meta, admissions = (
        apps.get_model("programmes", name).objects
        for name in ("Programme", "Typology", "MetaProgramme", "Admission")
    )
    taken: set[object] = set()
    for row in programmes.select_related("thread"):
        _give_key(row, (), taken)
        admissions.create(programme=row, admitted_at=row.thread.opened_at, rule="founded")
    for row in typologies.all():
        _give_key(row, (row.programme_id,), taken)
    for row in meta.select_related("register"):
        row.sponsor_threshold = max(1, row.register.total_power // 100)
        row.save(update_fields=["sponsor_threshold"])


def _give_key(row: Any, within: tuple[object, ...], taken: set[object]) -> None:
    row.name_key = look_alike_key(row.name) or f"#{row.pk}"
    if (within, row.name_key) in taken:  # two that look alike stand already: they stay apart by number
        row.name_key = f"{row.name_key} #{row.pk}"
    taken.add((within, row.name_key))
    row.save(update_fields=["name_key"])


class Migration(migrations.Migration):
    dependencies = [("programmes", "0002_proposals")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
