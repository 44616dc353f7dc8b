"""Whether somebody cancels before the opening is decided where ballots are: by the database's clock, under their lock."""

from django.db import migrations

CANCEL = """
-- `actor` is blank where a rule cancels
CREATE FUNCTION cancel_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    opening timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(1, NEW.cycle_id::integer);
    SELECT opens_at INTO STRICT opening FROM votes_cycle WHERE id = NEW.cycle_id;
    IF NEW.actor <> '' AND clock_timestamp() >= opening THEN
        RAISE EXCEPTION 'voting has opened' USING ERRCODE = 'TP007';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_cycle_is_cancelled_in_time BEFORE INSERT ON votes_cancellation
    FOR EACH ROW EXECUTE FUNCTION cancel_in_time();
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0002_what_must_never_be_false")]
    operations = [
        migrations.RunSQL(
            CANCEL,
            "DROP TRIGGER a_cycle_is_cancelled_in_time ON votes_cancellation; DROP FUNCTION cancel_in_time();",
        ),
    ]
