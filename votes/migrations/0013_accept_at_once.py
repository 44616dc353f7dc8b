"""A ballot in one statement: power, the voter's newest ballot, and the row with what belongs to it."""

from django.db import migrations

# Whether a ballot is in time and follows its voter's last one is decided by the triggers and constraints of the tables,
# as for every insert. No row in the answer says that something is in the way; the application finds out what.
AT_ONCE = """
CREATE FUNCTION accept_at_once(
    of_rules bytea, least_power numeric, most_ballots integer, its_reason text, its_blind bytea, its_voter text, its_nonce bigint,
    its_options smallint[], its_shares smallint[], its_reason_hash bytea, its_digest bytea, its_signature bytea
) RETURNS TABLE (
    its_id bigint, its_cycle bigint, its_sequence integer, its_received_at timestamptz, replaced_id bigint,
    replaced_digest bytea
) LANGUAGE plpgsql AS $$
DECLARE
    newest record;
    accepted record;
BEGIN
    SELECT b.id, b.sequence, b.nonce, b.digest, frozen.cycle_id INTO newest
        FROM votes_announcement frozen
        JOIN votes_cyclepower power ON power.cycle_id = frozen.cycle_id
        JOIN power_snapshotpower p
            ON p.snapshot_id = power.snapshot_id AND p.address = its_voter AND p.power >= least_power
        LEFT JOIN LATERAL (
            SELECT id, sequence, nonce, digest FROM votes_ballot
            WHERE cycle_id = frozen.cycle_id AND voter = its_voter ORDER BY sequence DESC LIMIT 1
        ) b ON true
        WHERE frozen.rules_hash = of_rules;
    IF NOT FOUND OR newest.nonce >= its_nonce OR newest.sequence >= most_ballots THEN
        RETURN;
    END IF;
    INSERT INTO votes_ballot (cycle_id, voter, sequence, replaces_id, nonce, options, shares, reason_hash, digest,
                              signature)
        VALUES (newest.cycle_id, its_voter, coalesce(newest.sequence, 0) + 1, newest.id, its_nonce, its_options,
                its_shares, its_reason_hash, its_digest, its_signature)
        RETURNING id, sequence, received_at INTO accepted;
    IF its_blind IS NOT NULL THEN
        INSERT INTO votes_blind (ballot_id, value, commitment)
            VALUES (accepted.id, its_blind, sha256(its_blind || its_digest));
    END IF;
    IF its_reason <> '' THEN
        INSERT INTO votes_reason (ballot_id, text) VALUES (accepted.id, its_reason);
    END IF;
    RETURN QUERY SELECT
        accepted.id, newest.cycle_id, accepted.sequence, accepted.received_at, newest.id, newest.digest;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("votes", "0013_counterfactuals")]
    operations = [
        migrations.RunSQL(
            AT_ONCE,
            "DROP FUNCTION accept_at_once(bytea, numeric, integer, text, bytea, text, bigint, smallint[], smallint[],"
            " bytea, bytea, bytea);",
        )
    ]
