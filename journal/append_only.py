"""Making tables append-only in the database itself, for migrations."""

from django.db import migrations

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever appended', TG_TABLE_NAME USING ERRCODE = 'TP100';
END $$
"""


def append_only(table: str) -> migrations.RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on `table`, whoever asks, with SQLSTATE TP100.

    The triggers also mark the table for set-up, which takes those rights from the application's role.
    """
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER rows_are_only_appended BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER table_is_never_emptied BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """,
        f"""
        DROP TRIGGER rows_are_only_appended ON {table};
        DROP TRIGGER table_is_never_emptied ON {table};
        """,
    )
