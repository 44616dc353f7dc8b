"""The records of finished cycles, as they were made: their hash, and their bytes in compressed parts."""

from django.db import models
from django.db.models import Q

from votes.models.cycles import Cycle
from votes.record.lines import KINDS

PART = 1 << 20  # bytes of a record in one part, uncompressed; the last one may have fewer


class Record(models.Model):
    """One record of a cycle, fixed once made. `size` [bytes] and `sha256` are of the sealed file, uncompressed."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(max_length=6, choices=[(kind, kind) for kind in KINDS])
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveBigIntegerField()
    lines = models.PositiveIntegerField()
    crc32 = models.PositiveBigIntegerField(help_text="what a gzip file of it ends with")
    built_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "kind"], name="a_record_is_made_once"),
            models.CheckConstraint(name="a_record_is_closed_or_final", condition=Q(kind__in=list(KINDS))),
        ]

    def __str__(self) -> str:
        return f"{self.kind} record of {self.cycle}"

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.kind}.ndjson"

    @property
    def hash_hex(self) -> str:
        return bytes(self.sha256).hex()


class RecordPart(models.Model):
    """`PART` bytes of a record, deflated so that each part can be read alone, and all in a row are one gzip stream."""

    record_of = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record_of", "kind", "number"], name="a_part_is_stored_once")
        ]

    def __str__(self) -> str:
        return f"part {self.number} of the {self.kind} record of {self.record_of}"
