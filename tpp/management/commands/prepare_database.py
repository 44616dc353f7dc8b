"""Roles, database, migrations and privileges, at set-up and at every upgrade."""

from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError

from tpp import database
from tpp.environment import optional, required


class Command(BaseCommand):
    help = (
        "Makes the roles and the database (given DATABASE_ADMIN_URL, a superuser's address), migrates as the "
        "role of DATABASE_OWNER_URL and gives the role of DATABASE_URL its privileges. Safe to repeat."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            database.prepare(
                admin=optional("DATABASE_ADMIN_URL", "") or None,
                owner=required(
                    "DATABASE_OWNER_URL", "the postgresql:// address of the role that owns the tables"
                ),
                application=required("DATABASE_URL", "the postgresql:// address of the application's role"),
                say=self.stdout.write,
            )
        except psycopg.Error as error:
            raise CommandError(f"PostgreSQL refused: {error}") from error
        self.stdout.write("The database is ready.")
