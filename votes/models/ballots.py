"""Ballots: appended, never edited; the database decides whether one is in time."""

import secrets
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from chain.fields import AddressField, is_an_address
from chain.signing import keccak256
from votes.models.cycles import Cycle
from votes.record.sealing import commitment_of

TREE_KEY = Coalesce("blind__commitment", "digest")  # `Ballot.tree_key`, for queries

_NO_REASON = keccak256(b"")


class ClockTimestamp(Func):
    """The database's wall clock at the very moment, unlike `now()`, which is the transaction's start."""

    function = "CLOCK_TIMESTAMP"
    template = "%(function)s()"
    output_field = models.DateTimeField()


class BallotQuerySet(models.QuerySet["Ballot"]):
    def counted(self) -> "BallotQuerySet":
        """Each voter's newest ballot: what a tally reads."""
        return self.filter(~Exists(Ballot.objects.filter(replaces=OuterRef("pk"))))

    def known_as(self, cycle: Cycle, key: bytes) -> "BallotQuerySet":
        """The ballot of `cycle` that the public may call `key`: its digest, or its commitment where it was sealed.

        While the cycle hides its ballots a digest names none, not even to say that it is not there: a split is
        quickly guessed.
        """
        if cycle.hides_ballots:
            return self.filter(cycle=cycle, blind__commitment=key)
        if cycle.is_sealed:
            return self.filter(Q(digest=key) | Q(blind__commitment=key), cycle=cycle)
        return self.filter(cycle=cycle, digest=key)


class Ballot(models.Model):
    """One signed ballot for a whole cycle. Voting power is not on it: the tally joins the snapshot.

    `options` and `shares` [basis points] are its lines in the order signed; no lines at all withdraws. A trigger
    sets `received_at` from the database's clock, refuses what is outside the window, and holds the chain of
    replacements: same cycle and voter, higher nonce, next `sequence`.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="ballots")
    voter = AddressField()
    sequence = models.PositiveIntegerField(help_text="1 for the voter's first ballot in the cycle")
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    nonce = models.PositiveBigIntegerField()
    options = ArrayField(models.SmallIntegerField())
    shares = ArrayField(models.SmallIntegerField())
    reason_hash = models.BinaryField(max_length=32, help_text="keccak-256 of the reason, as signed")
    digest = models.BinaryField(max_length=32, help_text="EIP-712 digest; what the voter signed")
    signature = models.BinaryField(max_length=8192, null=True, help_text="null only in an unsigned import")
    received_at = models.DateTimeField(db_default=ClockTimestamp())

    objects: ClassVar[models.Manager["Ballot"]] = BallotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "digest"], name="a_ballot_is_stored_once"),
            models.UniqueConstraint(
                fields=["cycle", "voter"],
                condition=Q(replaces__isnull=True),
                name="one_first_ballot_per_voter_and_cycle",
            ),
            is_an_address("voter", name="a_voter_is_an_address"),
            models.CheckConstraint(
                name="only_the_first_ballot_replaces_nothing",
                condition=Q(replaces__isnull=True, sequence=1) | Q(replaces__isnull=False, sequence__gt=1),
            ),
            models.CheckConstraint(
                name="every_line_has_a_share", condition=Q(options__len=models.F("shares__len"))
            ),
        ]
        indexes = [
            models.Index(fields=["cycle", "voter", "-sequence"], name="newest_ballot_of_a_voter"),
            models.Index(fields=["cycle", "received_at"], name="newest_ballots_of_a_cycle"),
        ]

    def __str__(self) -> str:
        return f"ballot 0x{bytes(self.digest).hex()[:8]}…"

    def get_absolute_url(self) -> str:
        return reverse("receipt", args=[self.cycle.number, self.tree_key.hex()])

    @property
    def tree_key(self) -> bytes:
        """What stands for it in the Merkle tree, for ever: its digest, or its commitment where it was sealed.

        `TREE_KEY` is the same for queries.
        """
        return bytes(self.blind.commitment if hasattr(self, "blind") else self.digest)

    @property
    def digest_hex(self) -> str:
        return "0x" + bytes(self.digest).hex()

    @property
    def reason_words(self) -> str | None:
        """The reason as signed, "" where none was given, None where its words were erased."""
        if hasattr(self, "reason"):
            return self.reason.text
        return "" if bytes(self.reason_hash) == _NO_REASON else None

    @property
    def withdraws(self) -> bool:
        return not self.options


class Blind(models.Model):
    """What hides a sealed ballot: only SHA-256(`value` ‖ digest) is public until its cycle is certified.

    Triggers hold that a ballot of a sealed cycle has exactly one from the transaction that accepts it, that no
    other ballot has one, and that the commitment is right.
    """

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, primary_key=True, related_name="blind")
    value = models.BinaryField(max_length=32)
    commitment = models.BinaryField(max_length=32, unique=True)

    def __str__(self) -> str:
        return f"blind of commitment 0x{bytes(self.commitment).hex()[:8]}…"

    @classmethod
    def over(cls, ballot: Ballot) -> "Blind":
        """A new one for `ballot`, not stored yet."""
        value = secrets.token_bytes(32)
        return cls(ballot=ballot, value=value, commitment=commitment_of(value, bytes(ballot.digest)))


class Reason(models.Model):
    """A ballot's reason in words, kept beside it; its hash stays on the ballot if the words must go."""

    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, primary_key=True, related_name="reason")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


class BallotPosition(models.Model):
    """A ballot's place in the cycle's Merkle tree: from 0 without a gap, the next ones given by each head.

    A trigger holds that no place is skipped, and none given after the certificate.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="positions")
    position = models.PositiveIntegerField()
    ballot = models.OneToOneField(Ballot, on_delete=models.PROTECT, related_name="place")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "position"], name="a_position_is_given_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} in {self.cycle}"
