"""Reading ballots that wait for their wallets: one's own while it waits, all with their verdicts after closing."""

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from journal.reading import BY_NUMBER, listed, page, page_of, reads
from votes.models import Cycle, WaitingBallot
from votes.waiting_documents import JudgedBallotSerializer, WaitingBallotSerializer


@reads(
    page_of("WaitingBallotPage", JudgedBallotSerializer, rows="waiting"), tag="ballots", parameters=BY_NUMBER
)
def list_waiting(request: Request, number: int) -> Response:
    """Ballots that waited for a contract wallet, with their verdicts; none before the cycle is certified."""
    cycle = Cycle.objects.filter(number=number).select_related("certificate").first()
    if cycle is None:
        raise Http404
    rows = WaitingBallot.objects.filter(cycle=cycle, cycle__certificate__isnull=False)
    return listed("waiting", JudgedBallotSerializer, page(rows.select_related("verdict"), request))


@reads(WaitingBallotSerializer, tag="ballots")
def read_waiting(request: Request, number: int, digest: str) -> Response:
    """One ballot that waits or waited, by the SHA-256 of its digest and signature, which its sender knows."""
    rows = WaitingBallot.objects.select_related("cycle__announcement", "progress", "verdict")
    waiting = rows.filter(cycle__number=number, key=bytes.fromhex(digest)).first()
    if waiting is None:
        raise Http404
    return Response(WaitingBallotSerializer(waiting).data)
