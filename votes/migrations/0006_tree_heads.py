"""Signed tree heads: positions without a gap, heads that only grow and stop at the certificate, which covers them."""

import django.db.models.deletion
from django.db import migrations, models

from journal.append_only import append_only

# Who receives a ballot holds the lock shared until it is committed. So once the lock was held exclusively, every ballot
# received before that instant is there to be seen, and none comes that was. The lock is let go at once: voters wait
# only for those who are committing already.
SETTLED = """
CREATE FUNCTION ballots_are_in_until(cycle_id integer) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    nobody_held_it timestamptz;
BEGIN
    PERFORM pg_advisory_lock(1, cycle_id);
    nobody_held_it := clock_timestamp();
    PERFORM pg_advisory_unlock(1, cycle_id);
    RETURN nobody_held_it;
END $$;
"""

POSITIONS = """
CREATE FUNCTION append_positions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added record;
    last integer;
BEGIN
    FOR added IN
        SELECT cycle_id, min(position) AS first, max(position) AS last, count(*) AS many FROM new_rows GROUP BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(2, added.cycle_id::integer);
        IF EXISTS (SELECT FROM votes_certificate WHERE cycle_id = added.cycle_id) THEN
            RAISE EXCEPTION 'no ballot is added after the certificate' USING ERRCODE = 'TP010';
        END IF;
        SELECT max(position) INTO last FROM votes_ballotposition
            WHERE cycle_id = added.cycle_id AND position < added.first;
        IF added.first <> coalesce(last + 1, 0) OR added.last - added.first + 1 <> added.many THEN
            RAISE EXCEPTION 'positions follow each other without a gap' USING ERRCODE = 'TP011';
        END IF;
    END LOOP;
    IF EXISTS (
        SELECT FROM new_rows n JOIN votes_ballot b ON b.id = n.ballot_id WHERE b.cycle_id <> n.cycle_id
    ) THEN
        RAISE EXCEPTION 'a ballot has its place in the tree of its own cycle' USING ERRCODE = 'TP012';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER positions_have_no_gap AFTER INSERT ON votes_ballotposition
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION append_positions();
"""

HEADS = """
CREATE FUNCTION append_tree_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier record;
    placed integer;
BEGIN
    PERFORM pg_advisory_xact_lock(2, NEW.cycle_id::integer);
    IF EXISTS (SELECT FROM votes_certificate WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'no tree head comes after the certificate' USING ERRCODE = 'TP010';
    END IF;
    SELECT max(position) + 1 INTO placed FROM votes_ballotposition WHERE cycle_id = NEW.cycle_id;
    IF NEW.size <> coalesce(placed, 0) THEN
        RAISE EXCEPTION 'a tree head is over all ballots that have positions' USING ERRCODE = 'TP013';
    END IF;
    SELECT size, root, published_at INTO earlier FROM votes_treehead
        WHERE cycle_id = NEW.cycle_id ORDER BY published_at DESC LIMIT 1;
    IF FOUND AND (
        NEW.size < earlier.size
        OR NEW.published_at <= earlier.published_at
        OR (NEW.size = earlier.size AND NEW.root <> earlier.root)
    ) THEN
        RAISE EXCEPTION 'a tree head extends the one before' USING ERRCODE = 'TP014';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER heads_only_grow BEFORE INSERT ON votes_treehead
    FOR EACH ROW EXECUTE FUNCTION append_tree_head();

CREATE FUNCTION cover_every_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(2, NEW.cycle_id::integer);
    SELECT size, root INTO last FROM votes_treehead
        WHERE cycle_id = NEW.cycle_id ORDER BY published_at DESC LIMIT 1;
    IF FOUND AND (
        NEW.ballot_count < last.size OR (NEW.ballot_count = last.size AND NEW.merkle_root <> last.root)
    ) THEN
        RAISE EXCEPTION 'a certificate extends every tree head' USING ERRCODE = 'TP015';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_certificate_extends_every_head BEFORE INSERT ON votes_certificate
    FOR EACH ROW EXECUTE FUNCTION cover_every_head();
"""

UNDO_HEADS = """
DROP TRIGGER a_certificate_extends_every_head ON votes_certificate; DROP FUNCTION cover_every_head();
DROP TRIGGER heads_only_grow ON votes_treehead; DROP FUNCTION append_tree_head();
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0010_records")]
    operations = [
        migrations.CreateModel(
            name="TreeHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.PositiveIntegerField()),
                ("root", models.BinaryField(max_length=32)),
                ("published_at", models.DateTimeField()),
                ("signature", models.BinaryField(max_length=64)),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="heads", to="votes.cycle"
                    ),
                ),
            ],
            options={
                "get_latest_by": "published_at",
                "indexes": [
                    models.Index(fields=["cycle", "published_at"], name="newest_tree_heads"),
                    models.Index(fields=["cycle", "size"], name="tree_heads_of_a_size"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TreeNode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.PositiveIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="votes.cycle"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cycle", "level", "index"), name="a_subtree_is_hashed_once"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="ballot",
            index=models.Index(fields=["cycle", "received_at"], name="newest_ballots_of_a_cycle"),
        ),
        migrations.RunSQL(SETTLED, "DROP FUNCTION ballots_are_in_until(integer)"),
        migrations.RunSQL(
            POSITIONS,
            "DROP TRIGGER positions_have_no_gap ON votes_ballotposition; DROP FUNCTION append_positions();",
        ),
        migrations.RunSQL(HEADS, UNDO_HEADS),
        append_only("votes_treehead"),
        append_only("votes_treenode"),
    ]
