"""`manage.py import_register FILE`: publish a register of voting power from a CSV file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from journal.clock import database_clock
from journal.refusal import Refusal
from power import registers
from programmes.actions import OPERATOR, publish_power
from votes.actions.steps import perform_every_freeze


class Command(BaseCommand):
    help = (
        "Publish a register of voting power: CSV with the columns address, power (base units) and name. The community"
        " decides by it from the next announcement on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", help="what the register is called; the file's name if left out")

    def handle(self, *args: Any, file: Path, name: str | None, **options: Any) -> None:
        try:
            entries = registers.read(file.read_bytes())
            at = database_clock()
            perform_every_freeze(
                at=at
            )  # as before every edit by a request: what is due keeps the register it had
            register = publish_power(name=name or file.stem, entries=entries, actor=OPERATOR, at=at)
        except OSError as error:
            raise CommandError(f"{file} could not be read: {error}") from error
        except Refusal as refusal:
            raise CommandError(refusal.words) from refusal
        self.stdout.write(
            f"Published {register.name}: {register.entry_count} addresses,"
            f" {register.total_power} base units, sha256 {bytes(register.sha256).hex()}"
        )
