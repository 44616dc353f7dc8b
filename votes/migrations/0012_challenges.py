"""Results can be challenged, verified and corrected; the database lets nothing be paid by one that fails."""

import django.db.models.deletion
from django.db import migrations, models

from journal.append_only import append_only

# 16 is the lock of the step "settle": a challenge, a verification or a version that comes while money moves waits, and
# sees then that it has.
GUARDS = """
CREATE FUNCTION newest_result(cycle bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT id FROM votes_result WHERE cycle_id = cycle ORDER BY version DESC LIMIT 1
$$;
CREATE FUNCTION result_fails(result bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT has_failed FROM votes_verification WHERE result_id = result ORDER BY id DESC LIMIT 1), false)
$$;
CREATE FUNCTION is_over(cycle bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM votes_settlement WHERE cycle_id = cycle)
        OR EXISTS (SELECT FROM votes_cancellation WHERE cycle_id = cycle)
$$;

CREATE FUNCTION settle_what_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(16, NEW.cycle_id::integer);
    IF NEW.result_id IS DISTINCT FROM newest_result(NEW.cycle_id) THEN
        RAISE EXCEPTION 'a cycle is settled by its newest version' USING ERRCODE = 'TP120';
    END IF;
    IF EXISTS (SELECT FROM votes_cancellation WHERE cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'a cancelled cycle is not settled' USING ERRCODE = 'TP120';
    END IF;
    IF EXISTS (SELECT FROM votes_challenge c WHERE c.result_id = NEW.result_id
        AND NOT EXISTS (SELECT FROM votes_challengeanswer a WHERE a.challenge_id = c.id)) THEN
        RAISE EXCEPTION 'a challenge is not answered yet' USING ERRCODE = 'TP121';
    END IF;
    IF result_fails(NEW.result_id) THEN
        RAISE EXCEPTION 'a check of the record fails' USING ERRCODE = 'TP122';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_a_result_that_stands_is_paid BEFORE INSERT ON votes_settlement
    FOR EACH ROW EXECUTE FUNCTION settle_what_stands();

CREATE FUNCTION challenge_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    challenged record;
BEGIN
    SELECT r.cycle_id, c.origin, greatest(c.settles_at, r.published_at + c."window") AS ends_at
        INTO STRICT challenged FROM votes_result r JOIN votes_cycle c ON c.id = r.cycle_id WHERE r.id = NEW.result_id;
    PERFORM pg_advisory_xact_lock(16, challenged.cycle_id::integer);
    IF NEW.result_id <> newest_result(challenged.cycle_id) OR is_over(challenged.cycle_id)
        OR (challenged.origin = 'live' AND clock_timestamp() >= challenged.ends_at) THEN
        RAISE EXCEPTION 'this version can no longer be challenged' USING ERRCODE = 'TP123';
    END IF;
    IF EXISTS (SELECT FROM votes_challenge c WHERE c.result_id = NEW.result_id AND c.wallet = NEW.wallet
        AND NOT EXISTS (SELECT FROM votes_challengeanswer a WHERE a.challenge_id = c.id)) THEN
        RAISE EXCEPTION 'a wallet has one open challenge' USING ERRCODE = 'TP124';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_challenge_is_in_time BEFORE INSERT ON votes_challenge
    FOR EACH ROW EXECUTE FUNCTION challenge_in_time();

CREATE FUNCTION verify_before_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(16, (SELECT cycle_id FROM votes_result WHERE id = NEW.result_id)::integer);
    RETURN NEW;
END $$;
CREATE TRIGGER a_verification_is_beside_no_payment BEFORE INSERT ON votes_verification
    FOR EACH ROW EXECUTE FUNCTION verify_before_payment();

CREATE FUNCTION correct_what_fails() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    standing record;
BEGIN
    PERFORM pg_advisory_xact_lock(16, NEW.cycle_id::integer);
    SELECT id, version INTO standing FROM votes_result WHERE id = newest_result(NEW.cycle_id);
    IF standing.version IS DISTINCT FROM NEW.version - 1 OR NEW.reason = '' OR is_over(NEW.cycle_id)
        OR NOT result_fails(standing.id) THEN
        RAISE EXCEPTION 'a later version needs a check that fails, and a reason' USING ERRCODE = 'TP125';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_a_result_that_fails_is_corrected BEFORE INSERT ON votes_result
    FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION correct_what_fails();

CREATE OR REPLACE FUNCTION cancel_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    opening timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(1, NEW.cycle_id::integer);
    PERFORM pg_advisory_xact_lock(16, NEW.cycle_id::integer);
    SELECT opens_at INTO STRICT opening FROM votes_cycle WHERE id = NEW.cycle_id;
    IF NEW.actor <> '' AND clock_timestamp() >= opening AND (is_over(NEW.cycle_id)
        OR NOT result_fails(newest_result(NEW.cycle_id))) THEN
        RAISE EXCEPTION 'voting has opened' USING ERRCODE = 'TP007';
    END IF;
    RETURN NEW;
END $$;

-- what another implementation said may be erased; in its place nobody puts other words
CREATE TRIGGER an_output_is_never_rewritten BEFORE UPDATE ON votes_otheroutput
    FOR EACH ROW EXECUTE FUNCTION refuse_other_reason();
"""
UNDO = """
DROP TRIGGER an_output_is_never_rewritten ON votes_otheroutput;
CREATE OR REPLACE FUNCTION cancel_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP TRIGGER only_a_result_that_fails_is_corrected ON votes_result;
DROP TRIGGER a_verification_is_beside_no_payment ON votes_verification;
DROP TRIGGER a_challenge_is_in_time ON votes_challenge;
DROP TRIGGER only_a_result_that_stands_is_paid ON votes_settlement;
DROP FUNCTION correct_what_fails(), verify_before_payment(), challenge_in_time(), settle_what_stands();
DROP FUNCTION is_over(bigint), result_fails(bigint), newest_result(bigint);
"""
APPEND_ONLY = (
    "verification",
    "challenge",
    "challengeanswer",
    "recomputation",
    "recomputationanswer",
    "correction",
)


class Migration(migrations.Migration):
    dependencies = [
        ("votes", "0008_waiting_ballots"),
    ]

    operations = [
        migrations.CreateModel(
            name="Challenge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("check_name", models.CharField(max_length=40)),
                ("wallet", models.CharField(max_length=42)),
                ("other_hash", models.BinaryField(max_length=32, null=True)),
                ("opened_at", models.DateTimeField()),
                (
                    "result",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="challenges",
                        to="votes.result",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                (
                    "result",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="correction",
                        serialize=False,
                        to="votes.result",
                    ),
                ),
                ("actor", models.CharField(max_length=42)),
                ("changes", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="Recomputation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                (
                    "result",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recomputations",
                        to="votes.result",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="OtherOutput",
            fields=[
                (
                    "challenge",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="other",
                        serialize=False,
                        to="votes.challenge",
                    ),
                ),
                ("text", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="RecomputationAnswer",
            fields=[
                (
                    "recomputation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="answer",
                        serialize=False,
                        to="votes.recomputation",
                    ),
                ),
                ("answered_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.BinaryField(max_length=32)),
                ("software", models.CharField(max_length=40)),
                ("has_failed", models.BooleanField(help_text="whether any check failed")),
                ("outcomes", models.JSONField()),
                ("seconds", models.FloatField(help_text="how long it took")),
                ("verified_at", models.DateTimeField()),
                (
                    "result",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verifications",
                        to="votes.result",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="ChallengeAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("software", models.CharField(max_length=40)),
                ("answered_at", models.DateTimeField()),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="votes.challenge",
                    ),
                ),
                (
                    "verification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="votes.verification"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="challenge",
            constraint=models.UniqueConstraint(
                fields=("result", "wallet", "check_name"), name="a_wallet_challenges_a_check_once"
            ),
        ),
        migrations.AddField(
            model_name="recomputationanswer",
            name="verification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="votes.verification"
            ),
        ),
        migrations.AddConstraint(
            model_name="challengeanswer",
            constraint=models.UniqueConstraint(
                fields=("challenge", "software"), name="a_challenge_is_answered_once_by_each_software"
            ),
        ),
        *(append_only(f"votes_{table}") for table in APPEND_ONLY),
        migrations.RunSQL(GUARDS, UNDO),
    ]
