"""Names leave the append-only register, so that one can be erased; nothing is added to what was published."""

from django.db import migrations, models

# A register and a snapshot say first how much they hold, and are filled then: whatever is more was added later.
REFUSE_MORE = """
CREATE FUNCTION refuse_more_power() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    excess bigint;
BEGIN
    EXECUTE format(
        'SELECT h.id FROM %1$I h JOIN %2$I p ON p.%3$I = h.id WHERE h.id IN (SELECT %3$I FROM added)'
        ' GROUP BY h.id HAVING count(*) > h.%4$I OR sum(p.power) > h.total_power LIMIT 1',
        TG_ARGV[0], TG_TABLE_NAME, TG_ARGV[1], TG_ARGV[2]) INTO excess;
    IF excess IS NOT NULL THEN
        RAISE EXCEPTION 'nothing is added to % once it is published', TG_ARGV[0] USING ERRCODE = 'TP120';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER a_register_is_published_whole AFTER INSERT ON power_registerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_more_power('power_register', 'register_id', 'entry_count');
CREATE TRIGGER a_snapshot_is_taken_whole AFTER INSERT ON power_snapshotpower
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_more_power('power_snapshot', 'snapshot_id', 'holder_count');
"""

UNDO = """
DROP TRIGGER a_snapshot_is_taken_whole ON power_snapshotpower;
DROP TRIGGER a_register_is_published_whole ON power_registerentry;
DROP FUNCTION refuse_more_power();
"""


class Migration(migrations.Migration):
    dependencies = [("power", "0002_append_only")]
    operations = [
        migrations.RemoveField("registerentry", "name"),
        migrations.AddConstraint(
            "snapshotpower",
            models.CheckConstraint(
                name="a_snapshot_lists_addresses",
                condition=models.Q(address__regex=r"^0x[0-9a-f]{40}$"),
            ),
        ),
        migrations.RunSQL(REFUSE_MORE, UNDO),
    ]
