"""`manage.py measure_large_cycle`: what counting very many ballots costs; for the scratch database of `bin/bench`."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from programmes.models import MetaProgramme
from tpp.bench import large_cycle, large_figures


class Command(BaseCommand):
    help = "Fill an EMPTY scratch database with a large cycle and measure it; bin/bench calls it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part", choices=large_figures.PARTS)
        parser.add_argument("--ballots", type=int, required=True)
        parser.add_argument("--options", type=int, default=50, help="a multiple of five")

    def handle(self, *args: Any, part: str, ballots: int, **options: Any) -> None:
        admin = os.environ.get("DATABASE_ADMIN_URL")
        if not admin or MetaProgramme.objects.exists():
            raise CommandError(
                "This writes past every check: it needs an empty database and DATABASE_ADMIN_URL."
            )
        count: int = options["options"]
        cycle = large_cycle.found(options=count)
        large_figures.PARTS[part](cycle, admin=admin, ballots=ballots, options=count)
