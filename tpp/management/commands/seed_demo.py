"""`manage.py seed_demo`: fill an empty database with the demo's community, or wake a filled one."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from journal.clock import database_clock
from programmes.models import MetaProgramme
from tpp.demo.seed import open_now, seed_year, wake


class Command(BaseCommand):
    help = "Fill an empty database with the demo's community; wake it where it is filled already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--voting-seconds", type=int, default=600, help="how long the open cycle stays open"
        )
        parser.add_argument(
            "--window-seconds", type=int, default=60, help="how long its result can be challenged"
        )

    def handle(self, *args: Any, voting_seconds: int, window_seconds: int, **options: Any) -> None:
        if not settings.TPP_DEMO:
            raise CommandError("Demo wallets have public keys: this needs TPP_DEMO=1, as bin/demo sets it.")
        at = database_clock()
        meta = MetaProgramme.objects.first()
        if meta is None:
            with transaction.atomic():
                seed_year(
                    at=at,
                    voting=timedelta(seconds=voting_seconds),
                    window=timedelta(seconds=window_seconds),
                    say=self.stdout.write,
                )
            with transaction.atomic():
                open_now(at=database_clock(), say=self.stdout.write)
        elif meta.made_by_demo:
            wake(at=at)
            self.stdout.write("The community is there already.")
        else:
            raise CommandError("This database holds a real community; the demo keeps away from it.")
