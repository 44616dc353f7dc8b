"""Ballots of wallets that are contracts: they wait, unseen, until a final block shows that the wallet confirms them."""

import hashlib
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from chain.fields import AddressField, is_an_address
from votes.models.ballots import ClockTimestamp
from votes.models.cycles import Cycle

MOST_WAITING = 3  # of one voter in a cycle; one more is checked once (see the trigger `wait_in_time`)
OUTCOMES = {
    "accepted": "Confirmed by its wallet, and in",
    "rejected": "Not confirmed",
    "undecided": "Nobody could say in time",
}


def waiting_key(digest: bytes, signature: bytes) -> bytes:
    """What a waiting ballot is known by, to those who know its bytes: SHA-256 of digest and signature."""
    return hashlib.sha256(digest + signature).digest()


class WaitingBallotQuerySet(models.QuerySet["WaitingBallot"]):
    def undecided(self) -> "WaitingBallotQuerySet":
        """Those that still wait for their verdict."""
        return self.filter(verdict__isnull=True)

    def due(self, at: datetime) -> "WaitingBallotQuerySet":
        """Undecided ones that are to be asked about at `at` and are not being asked about by anybody."""
        free = Q(progress__claimed_until__isnull=True) | Q(progress__claimed_until__lte=at)
        return self.undecided().filter(free, progress__due_at__lte=at, cycle__certificate__isnull=True)


class WaitingBallot(models.Model):
    """A ballot whose signature is for a contract to judge. Anybody may have sent it; until its verdict it is nothing.

    A trigger sets `received_at`, refuses what is outside the window, and lets at most `MOST_WAITING` of a voter wait,
    and one more be tried.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="waiting_ballots")
    key = models.BinaryField(max_length=32)
    voter = AddressField()
    nonce = models.PositiveBigIntegerField()
    options = ArrayField(models.SmallIntegerField())
    shares = ArrayField(models.SmallIntegerField())
    reason_hash = models.BinaryField(max_length=32, help_text="keccak-256 of the reason, as signed")
    digest = models.BinaryField(max_length=32, help_text="EIP-712 digest; what the wallet is asked about")
    signature = models.BinaryField(max_length=8192)
    received_at = models.DateTimeField(db_default=ClockTimestamp())

    objects: ClassVar[models.Manager["WaitingBallot"]] = WaitingBallotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "key"], name="a_waiting_ballot_is_stored_once"),
            is_an_address("voter", name="a_waiting_voter_is_an_address"),
            models.CheckConstraint(
                name="every_waiting_line_has_a_share", condition=Q(options__len=models.F("shares__len"))
            ),
        ]
        indexes = [models.Index(fields=["cycle", "voter"], name="waiting_ballots_of_a_voter")]

    def __str__(self) -> str:
        return f"waiting ballot 0x{bytes(self.key).hex()[:8]}…"

    def get_absolute_url(self) -> str:
        return reverse("waiting_ballot", args=[self.cycle.number, bytes(self.key).hex()])

    @property
    def digest_hex(self) -> str:
        return "0x" + bytes(self.digest).hex()

    @property
    def key_hex(self) -> str:
        return "0x" + bytes(self.key).hex()

    @property
    def decided_by(self) -> datetime:
        """When waiting ends, at the latest."""
        return self.cycle.closes_at + timedelta(seconds=self.cycle.announcement.rules.waiting_seconds)


class WaitingReason(models.Model):
    """The words of a waiting ballot's reason; they move to the ballot once it is accepted."""

    waiting = models.OneToOneField(
        WaitingBallot, on_delete=models.PROTECT, primary_key=True, related_name="reason"
    )
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


class WaitingProgress(models.Model):
    """What the checks of a waiting ballot have met so far. Shown while it waits; decides nothing.

    `name` and `words` are those of the last check that a node answered, at block `block_number`; `seen_at_number` is
    the newest block if the wallet confirms there already; `failure` tells why the last check met no answer.
    """

    waiting = models.OneToOneField(
        WaitingBallot, on_delete=models.PROTECT, primary_key=True, related_name="progress"
    )
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    block_number = models.PositiveBigIntegerField(null=True)
    name = models.CharField(max_length=40, blank=True)
    words = models.TextField(blank=True)
    seen_at_number = models.PositiveBigIntegerField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    failure = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="waiting_ballots_by_due_check")]

    def __str__(self) -> str:
        return f"progress of {self.waiting_id}"


class Verdict(models.Model):
    """What became of a waiting ballot, once and for all. An accepted one names the block that shows it."""

    waiting = models.OneToOneField(
        WaitingBallot, on_delete=models.PROTECT, primary_key=True, related_name="verdict"
    )
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    name = models.CharField(max_length=40, help_text="stable; the refusal's name where it was rejected")
    words = models.TextField()
    standard = models.CharField(max_length=8, blank=True, help_text="eip1271 or erc6492")
    block_number = models.PositiveBigIntegerField(null=True)
    block_hash = models.BinaryField(max_length=32, null=True)
    block_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(name="an_outcome_is_known", condition=Q(outcome__in=list(OUTCOMES))),
            models.CheckConstraint(
                name="an_accepted_ballot_names_its_block",
                condition=~Q(outcome="accepted")
                | Q(
                    block_number__isnull=False,
                    block_hash__isnull=False,
                    block_at__isnull=False,
                    standard__in=["eip1271", "erc6492"],
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.words}"

    @property
    def block_hash_hex(self) -> str | None:
        return None if self.block_hash is None else "0x" + bytes(self.block_hash).hex()
