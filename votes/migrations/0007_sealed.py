"""Sealed cycles: a blind for every ballot of one, and for no other ballot."""

import django.db.models.deletion
from django.db import migrations, models

from journal.append_only import append_only

# The rules are canonical JSON: within a text the quotes would be escaped, so these bytes are the key and its value.
SEALED = """
CREATE FUNCTION cycle_is_sealed(id bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM votes_announcement
                   WHERE cycle_id = id AND strpos(rules_json, '"live_results":false') > 0)
$$;
"""

# Its own words show no row: what a sealed ballot says must not come to stand in a log.
BLIND = """
CREATE FUNCTION check_blind() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed record;
BEGIN
    SELECT cycle_id, digest INTO STRICT sealed FROM votes_ballot WHERE id = NEW.ballot_id;
    IF NOT cycle_is_sealed(sealed.cycle_id) THEN
        RAISE EXCEPTION 'only a sealed ballot has a blind' USING ERRCODE = 'TP007';
    END IF;
    IF length(NEW.value) <> 32 OR NEW.commitment <> sha256(NEW.value || sealed.digest) THEN
        RAISE EXCEPTION 'a commitment is the hash of blind and digest' USING ERRCODE = 'TP008';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_blind_hides_its_ballot BEFORE INSERT ON votes_blind
    FOR EACH ROW EXECUTE FUNCTION check_blind();

CREATE FUNCTION require_blind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF cycle_is_sealed(NEW.cycle_id) AND NOT EXISTS (SELECT FROM votes_blind WHERE ballot_id = NEW.id) THEN
        RAISE EXCEPTION 'a sealed ballot has a blind' USING ERRCODE = 'TP009';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_sealed_ballot_has_a_blind AFTER INSERT ON votes_ballot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_blind();
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0009_drafts")]

    operations = [
        migrations.AddField(
            model_name="schedule",
            name="live_results",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.CreateModel(
            name="Blind",
            fields=[
                (
                    "ballot",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="blind",
                        serialize=False,
                        to="votes.ballot",
                    ),
                ),
                ("value", models.BinaryField(max_length=32)),
                ("commitment", models.BinaryField(max_length=32, unique=True)),
            ],
        ),
        migrations.RunSQL(SEALED, "DROP FUNCTION cycle_is_sealed(bigint);"),
        migrations.RunSQL(
            BLIND,
            "DROP TRIGGER a_sealed_ballot_has_a_blind ON votes_ballot; DROP FUNCTION require_blind();"
            " DROP TRIGGER a_blind_hides_its_ballot ON votes_blind; DROP FUNCTION check_blind();",
        ),
        append_only("votes_blind"),
    ]
