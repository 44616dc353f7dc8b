"""Acceptance and closing exclude each other; what was counted is never edited; what is announced stays."""

from django.db import migrations

from journal.append_only import append_only

# Measured against the obvious alternatives over hundreds of closings: the lock, the clock and the checks must be
# separate statements after the lock is held, each with a snapshot of its own, hence read committed only.
ACCEPT = """
CREATE FUNCTION accept_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle record;
    earlier record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'ballots are accepted under read committed only' USING ERRCODE = 'TP001';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1, NEW.cycle_id::integer);
    SELECT origin, opens_at, closes_at INTO STRICT cycle FROM votes_cycle WHERE id = NEW.cycle_id;
    IF EXISTS (SELECT FROM votes_certificate WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'closed' USING ERRCODE = 'TP003';
    END IF;
    IF EXISTS (SELECT FROM votes_cancellation WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'cancelled' USING ERRCODE = 'TP004';
    END IF;
    IF NOT EXISTS (SELECT FROM votes_announcement WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'not announced' USING ERRCODE = 'TP002';
    END IF;
    IF NEW.signature IS NULL AND cycle.origin <> 'imported' THEN
        RAISE EXCEPTION 'a ballot is signed' USING ERRCODE = 'TP005';
    END IF;
    IF cycle.origin = 'live' THEN
        NEW.received_at := clock_timestamp();
    END IF;
    IF NEW.received_at < cycle.opens_at THEN
        RAISE EXCEPTION 'not open yet' USING ERRCODE = 'TP002';
    END IF;
    IF NEW.received_at >= cycle.closes_at THEN
        RAISE EXCEPTION 'closed' USING ERRCODE = 'TP003';
    END IF;
    IF NEW.replaces_id IS NOT NULL THEN
        SELECT cycle_id, voter, nonce, sequence INTO STRICT earlier FROM votes_ballot WHERE id = NEW.replaces_id;
        IF (earlier.cycle_id, earlier.voter, earlier.sequence + 1) <> (NEW.cycle_id, NEW.voter, NEW.sequence)
            OR earlier.nonce >= NEW.nonce THEN
            RAISE EXCEPTION 'a ballot replaces an older one of the same voter and cycle' USING ERRCODE = 'TP006';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_ballot_is_in_time BEFORE INSERT ON votes_ballot
    FOR EACH ROW EXECUTE FUNCTION accept_ballot();
"""

# A cycle row may change while it is planned, and only its planned parts are ever deleted.
KEEP = """
CREATE FUNCTION keep_announced_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'cycles are never emptied' USING ERRCODE = 'TP101';
    END IF;
    IF EXISTS (SELECT FROM votes_announcement WHERE cycle_id = OLD.id)
        OR EXISTS (SELECT FROM votes_cancellation WHERE cycle_id = OLD.id) THEN
        RAISE EXCEPTION 'an announced cycle does not change' USING ERRCODE = 'TP101';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER an_announced_cycle_stays BEFORE UPDATE OR DELETE ON votes_cycle
    FOR EACH ROW EXECUTE FUNCTION keep_announced_cycle();
CREATE TRIGGER cycles_are_never_emptied BEFORE TRUNCATE ON votes_cycle
    FOR EACH STATEMENT EXECUTE FUNCTION keep_announced_cycle();
"""

# The words of a reason may be erased; in their place nobody puts others.
ERASE = """
CREATE FUNCTION refuse_other_reason() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a reason stays as it was signed, or goes' USING ERRCODE = 'TP102';
END $$;
CREATE TRIGGER a_reason_is_never_rewritten BEFORE UPDATE ON votes_reason
    FOR EACH ROW EXECUTE FUNCTION refuse_other_reason();
"""

APPEND_ONLY = (
    "announcement",
    "contest",
    "option",
    "cancellation",
    "cyclepower",
    "ballot",
    "ballotposition",
    "certificate",
    "result",
    "contestresult",
    "optionresult",
    "settlement",
)


class Migration(migrations.Migration):
    dependencies = [("votes", "0001_initial"), ("journal", "0002_refuse_change")]
    operations = [
        migrations.RunSQL(
            ACCEPT, "DROP TRIGGER a_ballot_is_in_time ON votes_ballot; DROP FUNCTION accept_ballot();"
        ),
        migrations.RunSQL(
            KEEP,
            "DROP TRIGGER cycles_are_never_emptied ON votes_cycle;"
            " DROP TRIGGER an_announced_cycle_stays ON votes_cycle; DROP FUNCTION keep_announced_cycle();",
        ),
        migrations.RunSQL(
            ERASE,
            "DROP TRIGGER a_reason_is_never_rewritten ON votes_reason; DROP FUNCTION refuse_other_reason();",
        ),
        *(append_only(f"votes_{table}") for table in APPEND_ONLY),
    ]
