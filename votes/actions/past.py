"""The one path by which past cycles enter: imports and the demo's year. Their origin says so for ever."""

from datetime import datetime

from votes.actions.ballots import append_ballot
from votes.models import Ballot, Cycle
from votes.record.ballot import Ballot as SignedBallot
from votes.record.ballot import ballot_digest
from votes.record.rules import Rules


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
