"""Every table of the database either only grows, whoever asks, or stands here with the reason why it may change."""

import os
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from psycopg import errors, sql

from journal.clock import database_clock
from tests.factories import EVEN, HOUR, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.steps import run_everything_due

ONLY_GROW = {
    "accounts_rolechange",
    "deliberation_post",
    "journal_alarm",
    "journal_auditentry",
    "ledger_transfer",
    "power_register",
    "power_registerentry",
    "power_snapshot",
    "power_snapshotpower",
    "programmes_admission",
    "programmes_application",
    "programmes_milestone",
    "programmes_programmerevision",
    "programmes_sponsorship",
    "votes_announcement",
    "votes_ballot",
    "votes_ballotposition",
    "votes_blind",
    "votes_cancellation",
    "votes_certificate",
    "votes_challenge",
    "votes_challengeanswer",
    "votes_contest",
    "votes_contestresult",
    "votes_correction",
    "votes_counterfactual",
    "votes_cyclepower",
    "votes_drafting",
    "votes_option",
    "votes_optionresult",
    "votes_recomputation",
    "votes_recomputationanswer",
    "votes_record",
    "votes_recordpart",
    "votes_result",
    "votes_settlement",
    "votes_treehead",
    "votes_treenode",
    "votes_verdict",
    "votes_verification",
    "votes_waitingballot",
}

ERASABLE = "free text beside its hash, which stays; the law may demand that it goes, nobody can put other words there"
PLAN = "what admins configure for cycles to come; an announcement freezes its own copy"
DJANGO = "Django's own; no role of ours is read from it"
MAY_CHANGE = {
    "accounts_emailaddress": "where a person asks for mail; goes when they say so",
    "accounts_wallet": "a person's own name and time of sign-in; roles are role changes",
    "auth_group": DJANGO,
    "auth_group_permissions": DJANGO,
    "auth_permission": DJANGO,
    "deliberation_posttext": ERASABLE,
    "deliberation_thread": "title and address of a place to talk; what is said there only grows",
    "django_content_type": DJANGO,
    "django_migrations": "which migrations have run; the application's role may only read it",
    "django_session": "who is signed in; goes with signing out",
    "journal_heartbeat": "one row: the last tick",
    "journal_jobrun": "what jobs did and how late; nothing is computed from it, old rows may be cleared",
    "journal_mail": "mail that waits to be sent; forgotten days after",
    "ledger_account": "its balance is moved by the transfers' trigger alone, from transfers that only grow",
    "ledger_token": PLAN,
    "programmes_applicationwords": ERASABLE,
    "programmes_facilitator": PLAN,
    "programmes_goal": PLAN,
    "programmes_metaprogramme": PLAN,
    "programmes_programme": PLAN,
    "programmes_revisionwords": ERASABLE,
    "programmes_typology": PLAN,
    "votes_cycle": "planned cycles move with their schedule; from its announcement on a trigger keeps the row",
    "votes_draft": "what somebody types before signing; deleted after the vote",
    "votes_metacontest": PLAN,
    "votes_otheroutput": ERASABLE,
    "votes_reason": ERASABLE,
    "votes_rehearsal": "what a rehearsal showed; no vote depends on it",
    "votes_schedule": PLAN,
    "votes_scheduledcontest": PLAN,
    "votes_waitingprogress": "what is shown of a ballot that waits; decides nothing",
    "votes_waitingreason": "a reason that waits; it moves to its ballot, or goes",
}

# Of what the vote depends on, the rows below are really there when somebody tries to change them.
TRIED = {
    "ledger_transfer",
    "power_registerentry",
    "power_snapshot",
    "power_snapshotpower",
    "votes_announcement",
    "votes_ballot",
    "votes_ballotposition",
    "votes_blind",
    "votes_certificate",
    "votes_contestresult",
    "votes_option",
    "votes_optionresult",
    "votes_record",
    "votes_recordpart",
    "votes_result",
    "votes_settlement",
    "votes_treehead",
}


def connect(address: str) -> psycopg.Connection:
    name = connection.settings_dict["NAME"]
    return psycopg.connect(os.environ[address], dbname=name, autocommit=True)


def sqlstate(connected: psycopg.Connection, statement: str, *names: str) -> str:
    """What the database says to `statement`; "" where it does it."""
    try:
        connected.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg.Error as error:
        return error.sqlstate or "lost"
    return ""


BOTH = ["rows_are_only_appended", "table_is_never_emptied"]
FORBIDDEN = errors.InsufficientPrivilege.sqlstate
ONLY_APPENDED = "TP100"


@pytest.fixture
def finished() -> None:
    """A sealed cycle from its announcement to its money, with a head before its certificate."""
    cycle = make_cycle(make_community(live_results=False), opens_in=-2 * HOUR)
    for name in ("alice", "bob"):
        cast_ballot(number=cycle.number, submission=signed(name, cycle, EVEN), at=database_clock())
    for at in (database_clock(), cycle.closes_at, cycle.settles_at + timedelta(days=30)):
        run_everything_due(at=at)


@pytest.mark.django_db
def test_every_table_only_grows_or_stands_here_with_its_reason(superuser: psycopg.Connection) -> None:
    tables = {
        name for (name,) in superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    }
    assert not ONLY_GROW & MAY_CHANGE.keys()
    assert tables == ONLY_GROW | MAY_CHANGE.keys()


@pytest.mark.django_db(transaction=True)
def test_update_delete_and_truncate_fail_in_the_database_whoever_asks(finished: None) -> None:
    with (
        connect("DATABASE_URL") as app,
        connect("DATABASE_OWNER_URL") as owner,
        connect("DATABASE_ADMIN_URL") as superuser,
    ):
        columns: dict[str, str] = dict(
            superuser.execute(
                "SELECT table_name, min(column_name) FROM information_schema.columns"
                " WHERE table_schema = 'public' GROUP BY table_name"
            ).fetchall()
        )
        tried = set()
        for table in sorted(ONLY_GROW):
            update = ("UPDATE {} SET {} = {}", table, columns[table], columns[table])
            for statement in (update, ("DELETE FROM {}", table), ("TRUNCATE {} CASCADE", table)):
                assert sqlstate(app, *statement) == FORBIDDEN, statement
            row = superuser.execute(
                sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
            ).fetchone()
            for powerful in (owner, superuser):
                assert sqlstate(powerful, "TRUNCATE {} CASCADE", table) in {ONLY_APPENDED, "TP101"}, table
                if row == (True,):
                    assert sqlstate(powerful, *update) == ONLY_APPENDED, table
                    assert sqlstate(powerful, "DELETE FROM {}", table) == ONLY_APPENDED, table
                    tried.add(table)
    assert tried >= TRIED


@pytest.mark.django_db
def test_every_table_that_only_grows_has_both_triggers_in_force(superuser: psycopg.Connection) -> None:
    """Also those that hold no row in the test above."""
    found = superuser.execute(
        "SELECT c.relname, array_agg(t.tgname::text ORDER BY t.tgname) FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE p.proname = 'refuse_change' AND t.tgenabled = 'O' GROUP BY c.relname"
    ).fetchall()
    assert dict(found) == dict.fromkeys(ONLY_GROW, BOTH)


@pytest.mark.django_db(transaction=True)
def test_the_application_cannot_take_a_refusal_away(superuser: psycopg.Connection) -> None:
    with connect("DATABASE_URL") as app:
        row = app.execute("SELECT current_user").fetchone()
        assert row is not None
        (role,) = row
        for table in sorted(ONLY_GROW | MAY_CHANGE.keys()):
            assert sqlstate(app, "ALTER TABLE {} DISABLE TRIGGER ALL", table) == FORBIDDEN, table
            assert sqlstate(app, "DROP TABLE {} CASCADE", table) == FORBIDDEN, table
            assert sqlstate(app, "TRUNCATE {} CASCADE", table) == FORBIDDEN, table
        for table in sorted(ONLY_GROW):
            assert sqlstate(app, "DROP TRIGGER rows_are_only_appended ON {}", table) == FORBIDDEN, table
        for statement in (
            "SET session_replication_role = replica",
            "DROP FUNCTION refuse_change() CASCADE",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "ALTER FUNCTION accept_ballot() OWNER TO CURRENT_USER",
            "CREATE RULE nothing AS ON INSERT TO votes_ballot DO INSTEAD NOTHING",
            "SET ROLE tpp_owner",
        ):
            assert sqlstate(app, statement) == FORBIDDEN, statement
    owned = superuser.execute("SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", [role]).fetchone()
    rights = superuser.execute(
        "SELECT rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication,"
        " pg_has_role(%s, 'tpp_owner', 'MEMBER') FROM pg_roles WHERE rolname = %s",
        [role, role],
    ).fetchone()
    assert (owned, rights) == ((0,), (False, False))
