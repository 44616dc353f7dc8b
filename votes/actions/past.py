"""The one path by which past cycles enter: imports and the demo's year. Their origin says so for ever."""

from collections.abc import Iterable
from datetime import datetime

from votes.actions.ballots import append_ballot
from votes.models import Ballot, Cycle
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import ballot_digest, reason_hash
from votes.record.rules import Rules

_BATCH = 5_000


def record_ballot(
    *, cycle: Cycle, signed: SignedBallot, rules: Rules, signature: bytes | None, received_at: datetime
) -> Ballot:
    """Append a ballot that was given at `received_at`, as the voter's newest. The trigger refuses a live cycle's."""
    newest = Ballot.objects.filter(cycle=cycle, voter=signed.voter).order_by("-sequence").first()
    return append_ballot(
        cycle=cycle,
        signed=signed,
        digest=ballot_digest(signed, rules.domain_separator),
        options=[rules.option_numbers[line.programme, line.typology] for line in signed.lines],
        signature=signature,
        replaces=newest,
        received_at=received_at,
    )


def record_unsigned_ballots(
    *, cycle: Cycle, rules: Rules, ballots: Iterable[tuple[SignedBallot, datetime]]
) -> int:
    """Append the only ballots of an import, one a voter and without reasons; how many there were.

    Each comes with the instant at which it was given. They go in by thousands, in the order given; the trigger sees
    every one and refuses them in a cycle of any other origin.
    """
    no_reason = reason_hash("")
    rows = [
        Ballot(
            cycle=cycle,
            voter=ballot.voter,
            sequence=1,
            nonce=ballot.nonce,
            options=[rules.option_numbers[line.programme, line.typology] for line in ballot.lines],
            shares=[line.basis_points for line in ballot.lines],
            reason_hash=no_reason,
            digest=ballot_digest(ballot, rules.domain_separator),
            received_at=received_at,
        )
        for ballot, received_at in ballots
    ]
    Ballot.objects.bulk_create(rows, batch_size=_BATCH)
    return len(rows)
