"""Waiting ballots: taken in time, few of one voter at once, and in only by a verdict that names its block."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import chain.fields
import votes.models.ballots
from journal.append_only import append_only

WAIT = """
CREATE FUNCTION wait_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle record;
    undecided bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'ballots are accepted under read committed only' USING ERRCODE = 'TP001';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1, NEW.cycle_id::integer);
    SELECT opens_at, closes_at INTO STRICT cycle FROM votes_cycle WHERE id = NEW.cycle_id;
    IF EXISTS (SELECT FROM votes_certificate WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'closed' USING ERRCODE = 'TP003';
    END IF;
    IF EXISTS (SELECT FROM votes_cancellation WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'cancelled' USING ERRCODE = 'TP004';
    END IF;
    NEW.received_at := clock_timestamp();
    IF NEW.received_at < cycle.opens_at THEN
        RAISE EXCEPTION 'not open yet' USING ERRCODE = 'TP002';
    END IF;
    IF NEW.received_at >= cycle.closes_at THEN
        RAISE EXCEPTION 'closed' USING ERRCODE = 'TP003';
    END IF;
    IF NEW.key <> sha256(NEW.digest || NEW.signature) THEN
        RAISE EXCEPTION 'a waiting ballot is known by the hash of its bytes' USING ERRCODE = 'TP010';
    END IF;
    -- One at a time for a voter, so that the count holds; other voters share a number now and then, no harm.
    PERFORM pg_advisory_xact_lock(3, hashtext(NEW.cycle_id || NEW.voter));
    SELECT count(*) INTO undecided FROM votes_waitingballot w
        WHERE w.cycle_id = NEW.cycle_id AND w.voter = NEW.voter
        AND NOT EXISTS (SELECT FROM votes_verdict v WHERE v.waiting_id = w.id);
    IF undecided >= 4 AND NOT EXISTS (
        SELECT FROM votes_waitingballot w WHERE w.cycle_id = NEW.cycle_id AND w.key = NEW.key
    ) THEN
        RAISE EXCEPTION 'three wait, and one is being tried' USING ERRCODE = 'TP011';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_waiting_ballot_is_in_time BEFORE INSERT ON votes_waitingballot
    FOR EACH ROW EXECUTE FUNCTION wait_in_time();
"""

JUDGE = """
CREATE FUNCTION judge_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    waiting record;
BEGIN
    SELECT w.cycle_id, c.closes_at INTO STRICT waiting
        FROM votes_waitingballot w JOIN votes_cycle c ON c.id = w.cycle_id WHERE w.id = NEW.waiting_id;
    PERFORM pg_advisory_xact_lock_shared(1, waiting.cycle_id::integer);
    IF EXISTS (SELECT FROM votes_certificate WHERE cycle_id = waiting.cycle_id) THEN
        RAISE EXCEPTION 'closed' USING ERRCODE = 'TP003';
    END IF;
    IF NEW.outcome = 'accepted' AND NEW.block_at >= waiting.closes_at THEN
        RAISE EXCEPTION 'only a block before closing shows anything' USING ERRCODE = 'TP012';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_verdict_is_in_time BEFORE INSERT ON votes_verdict
    FOR EACH ROW EXECUTE FUNCTION judge_in_time();

CREATE FUNCTION require_accepted_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.outcome = 'accepted' AND NOT EXISTS (
        SELECT FROM votes_waitingballot w
        JOIN votes_ballot b ON b.cycle_id = w.cycle_id AND b.digest = w.digest AND b.signature = w.signature
        WHERE w.id = NEW.waiting_id
    ) THEN
        RAISE EXCEPTION 'what is accepted is a ballot' USING ERRCODE = 'TP013';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER an_accepted_ballot_is_in AFTER INSERT ON votes_verdict
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_accepted_ballot();
"""

# As it was, but for the instant of a ballot that waited: it keeps the one at which it came.
ACCEPT = """
CREATE OR REPLACE FUNCTION accept_ballot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cycle record;
    earlier record;
    waited timestamptz;
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
        SELECT w.received_at INTO waited
            FROM votes_waitingballot w JOIN votes_verdict v ON v.waiting_id = w.id
            WHERE w.cycle_id = NEW.cycle_id AND w.key = sha256(NEW.digest || NEW.signature)
            AND (w.voter, w.nonce, w.options, w.shares) = (NEW.voter, NEW.nonce, NEW.options, NEW.shares)
            AND v.outcome = 'accepted';
        NEW.received_at := coalesce(waited, clock_timestamp());
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("votes", "0011_put_by_rule"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingBallot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.BinaryField(max_length=32)),
                ("voter", chain.fields.AddressField(max_length=42)),
                ("nonce", models.PositiveBigIntegerField()),
                (
                    "options",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), size=None
                    ),
                ),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), size=None
                    ),
                ),
                (
                    "reason_hash",
                    models.BinaryField(help_text="keccak-256 of the reason, as signed", max_length=32),
                ),
                (
                    "digest",
                    models.BinaryField(
                        help_text="EIP-712 digest; what the wallet is asked about", max_length=32
                    ),
                ),
                ("signature", models.BinaryField(max_length=8192)),
                ("received_at", models.DateTimeField(db_default=votes.models.ballots.ClockTimestamp())),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waiting_ballots",
                        to="votes.cycle",
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            model_name="ballot",
            name="signature",
            field=models.BinaryField(help_text="null only in an unsigned import", max_length=8192, null=True),
        ),
        migrations.CreateModel(
            name="WaitingReason",
            fields=[
                (
                    "waiting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="reason",
                        serialize=False,
                        to="votes.waitingballot",
                    ),
                ),
                ("text", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                (
                    "waiting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="verdict",
                        serialize=False,
                        to="votes.waitingballot",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("accepted", "Confirmed by its wallet, and in"),
                            ("rejected", "Not confirmed"),
                            ("undecided", "Nobody could say in time"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="stable; the refusal's name where it was rejected", max_length=40
                    ),
                ),
                ("words", models.TextField()),
                ("standard", models.CharField(blank=True, help_text="eip1271 or erc6492", max_length=8)),
                ("block_number", models.PositiveBigIntegerField(null=True)),
                ("block_hash", models.BinaryField(max_length=32, null=True)),
                ("block_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(db_default=votes.models.ballots.ClockTimestamp())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["accepted", "rejected", "undecided"])),
                        name="an_outcome_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "accepted"), _negated=True),
                            models.Q(
                                ("block_at__isnull", False),
                                ("block_hash__isnull", False),
                                ("block_number__isnull", False),
                                ("standard__in", ["eip1271", "erc6492"]),
                            ),
                            _connector="OR",
                        ),
                        name="an_accepted_ballot_names_its_block",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingProgress",
            fields=[
                (
                    "waiting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="progress",
                        serialize=False,
                        to="votes.waitingballot",
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(null=True)),
                ("checked_at", models.DateTimeField(null=True)),
                ("block_number", models.PositiveBigIntegerField(null=True)),
                ("name", models.CharField(blank=True, max_length=40)),
                ("words", models.TextField(blank=True)),
                ("seen_at_number", models.PositiveBigIntegerField(null=True)),
                ("failures", models.PositiveIntegerField(default=0, help_text="in a row")),
                ("failure", models.TextField(blank=True)),
            ],
            options={
                "indexes": [models.Index(fields=["due_at"], name="waiting_ballots_by_due_check")],
            },
        ),
        migrations.AddIndex(
            model_name="waitingballot",
            index=models.Index(fields=["cycle", "voter"], name="waiting_ballots_of_a_voter"),
        ),
        migrations.AddConstraint(
            model_name="waitingballot",
            constraint=models.UniqueConstraint(
                fields=("cycle", "key"), name="a_waiting_ballot_is_stored_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitingballot",
            constraint=models.CheckConstraint(
                condition=models.Q(("voter__regex", "^0x[0-9a-f]{40}$")), name="a_waiting_voter_is_an_address"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitingballot",
            constraint=models.CheckConstraint(
                condition=models.Q(("options__len", models.F("shares__len"))),
                name="every_waiting_line_has_a_share",
            ),
        ),
        migrations.RunSQL(
            WAIT,
            "DROP TRIGGER a_waiting_ballot_is_in_time ON votes_waitingballot; DROP FUNCTION wait_in_time();",
        ),
        migrations.RunSQL(
            JUDGE,
            "DROP TRIGGER an_accepted_ballot_is_in ON votes_verdict; DROP FUNCTION require_accepted_ballot();"
            " DROP TRIGGER a_verdict_is_in_time ON votes_verdict; DROP FUNCTION judge_in_time();",
        ),
        migrations.RunSQL(ACCEPT, migrations.RunSQL.noop),
        append_only("votes_waitingballot"),
        append_only("votes_verdict"),
    ]
