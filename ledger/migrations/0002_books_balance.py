"""Transfers move balances, and nothing else does."""

from django.db import migrations

from journal.append_only import append_only

MOVE = """
CREATE FUNCTION move_balances() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- in id order, so that two transfers never wait for each other
    PERFORM FROM ledger_account WHERE id IN (NEW.debit_id, NEW.credit_id) ORDER BY id FOR UPDATE;
    IF (SELECT count(DISTINCT token_id) FROM ledger_account WHERE id IN (NEW.debit_id, NEW.credit_id)) <> 1 THEN
        RAISE EXCEPTION 'transfer_stays_in_one_token' USING ERRCODE = 'TP110';
    END IF;
    UPDATE ledger_account SET balance = balance - NEW.amount WHERE id = NEW.debit_id;
    UPDATE ledger_account SET balance = balance + NEW.amount WHERE id = NEW.credit_id;
    RETURN NULL;
END $$;
CREATE TRIGGER a_transfer_moves_balances AFTER INSERT ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION move_balances();

CREATE FUNCTION refuse_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'balances move by transfers only' USING ERRCODE = 'TP111';
END $$;
CREATE TRIGGER an_account_opens_empty BEFORE INSERT ON ledger_account
    FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION refuse_balance();
CREATE TRIGGER a_balance_is_never_written BEFORE UPDATE OF balance ON ledger_account
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_balance();
"""

UNDO = """
DROP TRIGGER a_balance_is_never_written ON ledger_account;
DROP TRIGGER an_account_opens_empty ON ledger_account;
DROP FUNCTION refuse_balance();
DROP TRIGGER a_transfer_moves_balances ON ledger_transfer;
DROP FUNCTION move_balances();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("journal", "0002_refuse_change")]
    operations = [migrations.RunSQL(MOVE, UNDO), append_only("ledger_transfer")]
