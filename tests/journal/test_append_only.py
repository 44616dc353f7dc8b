"""An append-only table refuses whoever asks; a migration can take that back."""

import psycopg
import pytest

from journal.append_only import append_only
from journal.refusal import Refusal


@pytest.mark.django_db
def test_rows_are_appended_and_nothing_else_until_the_migration_is_undone(
    superuser: psycopg.Connection,
) -> None:
    operation = append_only("notes")
    with superuser.transaction(force_rollback=True):
        superuser.execute("CREATE TABLE notes (text text)")
        superuser.execute(str(operation.sql))
        superuser.execute("INSERT INTO notes VALUES ('a')")
        for statement in ("UPDATE notes SET text = 'b'", "DELETE FROM notes", "TRUNCATE notes"):
            only = "rows of notes are only ever appended"
            with pytest.raises(psycopg.Error, match=only) as refused, superuser.transaction():
                superuser.execute(statement)
            assert refused.value.sqlstate == "TP100"
        assert superuser.execute("SELECT text FROM notes").fetchall() == [("a",)]
        superuser.execute(str(operation.reverse_sql))
        superuser.execute("DELETE FROM notes")


def test_a_refusal_has_a_name_for_machines_and_words_for_people() -> None:
    refusal = Refusal("not_enough", "There is not enough.")
    assert (refusal.name, refusal.words, refusal.status) == ("not_enough", "There is not enough.", 400)
    assert str(refusal) == "not_enough: There is not enough."
    assert Refusal("already_there", "It is there.", status=409).status == 409
    assert Refusal.status == 400
