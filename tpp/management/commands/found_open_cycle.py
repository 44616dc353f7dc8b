"""`manage.py found_open_cycle`: a cycle that is open, with many voters; for the scratch database of `bin/bench`."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from power.registers import Entry
from programmes.models import MetaProgramme
from tpp.bench import large_cycle, voters


class Command(BaseCommand):
    help = "Found a cycle in an EMPTY scratch database, for voters whose keys everybody knows; bin/bench calls it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--voters", type=int, required=True)
        parser.add_argument("--options", type=int, required=True)
        parser.add_argument("--seconds", type=float, required=True, help="until it closes")

    def handle(self, *args: Any, **options: Any) -> None:
        if MetaProgramme.objects.exists():
            raise CommandError("Everybody knows these voters' keys, so this needs an empty database.")
        entries = [Entry(voters.address(number), voters.POWER, "") for number in range(options["voters"])]
        large_cycle.found(
            options=options["options"],
            entries=entries,
            opened=timedelta(minutes=1),
            closes_in=timedelta(seconds=options["seconds"]),
        )
