"""`manage.py import_votes FILE`: bring in a past vote from ballots in Snapshot's export form."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from journal.clock import database_clock
from journal.refusal import Refusal
from votes.actions.imports import USUAL_LENGTH, Terms, import_vote
from votes.models import RULES
from votes.record.instants import iso
from votes.snapshot_export import Export, read


class Command(BaseCommand):
    help = (
        "Bring in a past vote as a finished cycle, marked unsigned import everywhere. No money moves by it."
        " FILE is JSON in Snapshot's export form: a list of votes with voter, vp, choice and created, or an object"
        " with proposal.choices, votes (choice and balance) and the published scores. Relative choices become whole"
        " basis points by largest remainder. All or nothing; the same file never comes in twice."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--title", help="what the vote is called; by default the file's name")
        parser.add_argument("--number", type=int, help="of the cycle; by default the next one")
        parser.add_argument(
            "--opens-at",
            type=_instant,
            metavar="INSTANT",
            help="such as 2024-09-12T02:00:00Z; by default the first vote's second, or without times"
            f" {USUAL_LENGTH.days} days before the closing",
        )
        parser.add_argument(
            "--closes-at",
            type=_instant,
            metavar="INSTANT",
            help="by default the second after the last vote; needed where the file has no times",
        )
        parser.add_argument("--rule", choices=sorted(RULES), default="mean", help="which binds: %(default)s")
        parser.add_argument("--symbol", default="VP", help="unit of the voting power: %(default)s")
        parser.add_argument(
            "--decimals",
            type=int,
            choices=range(37),
            default=18,
            metavar="N",
            help="of that unit, at most 36: %(default)s; power with more of them is refused, never rounded",
        )

    def handle(self, *args: Any, file: Path, title: str | None, **options: Any) -> None:
        names = ("number", "opens_at", "closes_at", "rule", "symbol", "decimals")
        terms = Terms(title=title or file.name, **{name: options[name] for name in names})
        try:
            export = read(file.read_bytes())
            cycle = import_vote(export=export, terms=terms, at=database_clock())
        except OSError as error:
            raise CommandError(f"{file} could not be read: {error}") from error
        except Refusal as refusal:
            raise CommandError(refusal.words) from refusal
        self.stdout.write(
            f"Imported {file.name} as cycle {cycle.number}, an unsigned import: {len(export.votes)} ballots on"
            f" {len(export.options)} options, open from {iso(cycle.opens_at)} to {iso(cycle.closes_at)}."
        )
        self._say_what_is_made_up(export)
        self.stdout.write(
            f"SHA-256 of the file: {export.sha256.hex()}\nIts result: /cycles/{cycle.number}/result/"
        )

    def _say_what_is_made_up(self, export: Export) -> None:
        if not export.names_voters:
            self.stdout.write(
                "The file names no voters and no times: each ballot's address is its place in the file, and all"
                " stand at the opening."
            )


def _instant(text: str) -> datetime:
    """An instant with its offset from UTC; a time of no zone means nothing."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no instant such as 2024-09-17T00:00:00Z") from error
    if not 1971 <= instant.year <= 2105:
        raise ArgumentTypeError(f"{text!r} is no year of a vote")
    if instant.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} lacks a zone; for UTC write {text}Z")
    return instant.astimezone(UTC)
