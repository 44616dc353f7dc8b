"""Records of small cycles, made by our own verbs, and read back as lines."""

import io
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from journal.clock import database_clock
from tests.contests import Split, cast
from tests.factories import HOUR, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.records import build_closed_record, build_final_record
from votes.models import Cycle, Record, RecordPart
from votes.record.lines import line, sealed
from votes.record.verify import Options, Status, Verdict, verify

SPLITS: dict[str, Split] = {
    "alice": {
        "ignite": {"lending": 6_000, "exchanges": 4_000},
        "security": {"audits": 7_000, "bounties": 3_000},
    },
    "bob": {"ignite": {"lending": 2_500, "exchanges": 7_500}},
    "carol": {"ignite": {"lending": 10_000}, "security": {"bounties": 10_000}},
}


def vote(cycle: Cycle) -> None:
    """Everybody of the small community votes, Bob twice, Carol with a reason."""
    cast(cycle, {name: SPLITS[name] for name in ("alice", "bob")})
    for name, nonce, reason in (("carol", 1, "Because."), ("bob", 5, "I thought again.")):
        submission = signed(name, cycle, SPLITS[name], nonce=nonce, reason=reason)
        cast_ballot(number=cycle.number, submission=submission, at=database_clock())


def finish(cycle: Cycle) -> Cycle:
    """Close, tally and settle at the first possible instants, and make both records."""
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)
    assert settle_cycle(cycle_id=cycle.pk, at=cycle.settles_at)
    assert build_final_record(cycle_id=cycle.pk, at=cycle.settles_at)
    return cycle


def finished_cycle() -> Cycle:
    """A small cycle with both records."""
    cycle = make_cycle(make_community(), opens_in=-HOUR)
    vote(cycle)
    return finish(cycle)


def file_of(cycle: Cycle, kind: str) -> bytes:
    """The bytes of a record as it is stored."""
    assert Record.objects.filter(cycle=cycle, kind=kind).exists()
    parts = RecordPart.objects.filter(record_of=cycle, kind=kind).order_by("number")
    return b"".join(zlib.decompressobj(wbits=-15).decompress(bytes(part.data)) for part in parts)


def objects(data: bytes) -> list[dict[str, Any]]:
    """The lines of a record as objects."""
    return [json.loads(raw) for raw in data.splitlines()]


def sealed_again(lines: Iterable[dict[str, Any]]) -> bytes:
    """A record of these lines, with a seal that fits them."""
    fields = [dict(one) for one in lines if one["type"] not in ("seal", "text")]
    texts = [dict(one) for one in lines if one["type"] == "text"]
    body = sealed(line(one.pop("type"), **one) for one in fields)
    return b"".join(body) + b"".join(line(one.pop("type"), **one) for one in texts)


def check(data: bytes, options: Options | None = None) -> Verdict:
    """Verify in this process."""
    return verify(io.BytesIO(data), options or Options(workers=1))


def names(verdict: Verdict, status: Status) -> list[str]:
    """The checks that came out so."""
    return [outcome.check.name for outcome in verdict.outcomes if outcome.status is status]


def failed(verdict: Verdict) -> Sequence[str]:
    return names(verdict, Status.FAILED)
