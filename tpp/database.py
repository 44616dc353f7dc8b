"""What set-up, and no migration, does to PostgreSQL: roles, the database, extensions and privileges.

The owner's role owns every table and migrates. The application's role owns nothing: it can neither drop a
trigger nor empty a table, and what a table refuses it has no right to try. Roles, passwords and the database
are those of the addresses given; everything here may run again at any time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege

EXTENSIONS = ("btree_gist", "pg_trgm")

# Columns that the application gives when it makes a row, or triggers change, and nobody else; by table.
GUARDED_COLUMNS = {"ledger_account": ["balance", "floor", "token_id"]}

_APPEND_ONLY_TABLES = """
    SELECT DISTINCT relname
      FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid
     WHERE proname = 'refuse_change' AND NOT tgisinternal
"""
_OTHER_COLUMNS = """
    SELECT column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = %s AND NOT column_name = ANY(%s)
"""


def prepare(*, admin: str | None, owner: str, application: str, say: Callable[[str], object]) -> None:
    """Bring the database to where the code is; without `admin`, roles and database must be there already."""
    if admin:
        say("Roles, database and extensions …")
        make_database(admin=admin, owner=owner, application=application)
    say("Migrations …")
    migrate(owner)
    say("Privileges of the application's role …")
    grant(owner=owner, application=application)


def make_database(*, admin: str, owner: str, application: str, template: str = "template0") -> None:
    """Make the two roles and, where there is none yet, the database, as a copy of `template`."""
    database, owner_role, role = _part(owner, "dbname"), _part(owner, "user"), _part(application, "user")
    if database != _part(application, "dbname") or owner_role == role:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL and DATABASE_URL must name the same database and two different roles"
        )
    names = {"database": database, "owner": owner_role, "role": role, "template": template}
    with psycopg.connect(admin, autocommit=True) as connection:
        _make_role(connection, owner)
        _make_role(connection, application)
        _keep_rows_out_of_the_log(connection, role)
        if not _is_true(connection, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)", database):
            _execute(connection, "CREATE DATABASE {database} OWNER {owner} TEMPLATE {template}", **names)
        _execute(connection, "ALTER DATABASE {database} OWNER TO {owner}", **names)
        _execute(connection, "REVOKE ALL ON DATABASE {database} FROM PUBLIC", **names)
        _execute(connection, "GRANT CONNECT ON DATABASE {database} TO {role}", **names)
    with psycopg.connect(admin, dbname=database, autocommit=True) as connection:
        for extension in EXTENSIONS:
            _execute(connection, "CREATE EXTENSION IF NOT EXISTS {extension}", extension=extension)


def migrate(owner: str) -> None:
    """Run the migrations as the owner's role."""
    with _connected_to(owner):
        call_command("migrate", interactive=False, verbosity=0)


def grant(*, owner: str, application: str) -> None:
    """Give the application's role what it needs in the owner's tables, and take back what it must not."""
    role = _part(application, "user")
    with psycopg.connect(owner) as connection:
        if _is_true(connection, "SELECT pg_has_role(%s, current_user, 'MEMBER')", role):
            raise ImproperlyConfigured(
                f"{role}, the role of DATABASE_URL, is a superuser or a member of the owner's role, so no "
                "table could refuse it anything: name a role that owns nothing"
            )
        _execute(connection, "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}", role=role)
        _execute(connection, "GRANT USAGE ON SCHEMA public TO {role}", role=role)
        _execute(connection, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}", role=role)
        _execute(
            connection,
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            role=role,
        )
        # A table of a later migration can be read at once; it is written when this has run again.
        _execute(
            connection,
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role}",
            role=role,
        )
        _execute(connection, "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}", role=role)
        for (table,) in connection.execute(_APPEND_ONLY_TABLES).fetchall():
            _execute(connection, "REVOKE UPDATE, DELETE ON {table} FROM {role}", table=table, role=role)
        for table, columns in GUARDED_COLUMNS.items():
            _guard(connection, role, table, columns)


def _guard(connection: Connection, role: str, table: str, columns: list[str]) -> None:
    """Leave `role` the right to update only the other columns of `table`."""
    _execute(connection, "REVOKE UPDATE ON {table} FROM {role}", table=table, role=role)
    for (column,) in connection.execute(_OTHER_COLUMNS, [table, columns]).fetchall():
        _execute(
            connection, "GRANT UPDATE ({column}) ON {table} TO {role}", column=column, table=table, role=role
        )


def _make_role(connection: Connection, address: str) -> None:
    name, password = _part(address, "user"), conninfo_to_dict(address).get("password")
    if not _is_true(connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", name):
        _execute(connection, "CREATE ROLE {name}", name=name)
    _execute(connection, "ALTER ROLE {name} LOGIN", name=name)
    if password:
        # Sent as a verifier, so that no log of the server ever holds the password.
        verifier = connection.pgconn.encrypt_password(str(password).encode(), name.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), verifier.decode())
        connection.execute(statement)


@contextmanager
def _connected_to(address: str) -> Iterator[None]:
    """Make Django's connection one to `address` for a while."""
    connection = connections["default"]
    before = dict(connection.settings_dict)
    parts = conninfo_to_dict(address)
    connection.close()
    connection.settings_dict.update(
        NAME=parts.get("dbname", ""),
        USER=parts.get("user", ""),
        PASSWORD=parts.get("password", ""),
        HOST=parts.get("host", ""),
        PORT=str(parts.get("port", "")),
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def _keep_rows_out_of_the_log(connection: Connection, role: str) -> None:
    """Have the server log that a statement of `role` failed, without the statement and without the row.

    Django sends values within statements, so a sealed ballot that collides with another would stand in the log.
    Only a superuser may say so; where the administrator is none, docs/operating.md says what to set.
    """
    with suppress(InsufficientPrivilege):
        _execute(connection, "ALTER ROLE {role} SET log_min_error_statement = 'panic'", role=role)
        _execute(connection, "ALTER ROLE {role} SET log_error_verbosity = 'terse'", role=role)


def _part(address: str, name: str) -> str:
    """A part of a postgresql:// address that must be there."""
    value = conninfo_to_dict(address).get(name)
    if not value:
        raise ImproperlyConfigured(f"The address of host {urlsplit(address).hostname} must name a {name}")
    return str(value)


def _is_true(connection: Connection, query: LiteralString, value: str) -> bool:
    row = connection.execute(query, [value]).fetchone()
    return bool(row and row[0])


def _execute(connection: Connection, statement: LiteralString, **names: str) -> None:
    """Run a statement with the names put in as identifiers."""
    identifiers = {placeholder: sql.Identifier(name) for placeholder, name in names.items()}
    connection.execute(sql.SQL(statement).format(**identifiers))
