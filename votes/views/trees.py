"""The tree of a cycle's ballots for readers: its signed heads, and what they prove about one ballot."""

import json
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe

from votes.models import Ballot, Cycle, TreeHead
from votes.tree_api import ProofSerializer, inclusion
from votes.views.cycles import cycle_or_404

SHOWN_HEADS = 30


def heads_page(request: HttpRequest, number: int) -> HttpResponse:
    """What a cycle's tree was at each signed moment, and how to hold the operator to it."""
    cycle = cycle_or_404(number, "announcement", "certificate", "cancellation")
    rows = TreeHead.objects.filter(cycle=cycle).select_related("cycle__announcement")
    heads = list(rows.order_by("-published_at")[:SHOWN_HEADS])
    page = {
        "cycle": cycle,
        "heads": heads,
        "count": rows.count(),
        "latest": json.dumps(heads[0].document, indent=1) if heads else "",
        "seconds": f"{settings.TPP_HEAD_SECONDS:g}",
        "site": settings.TPP_SITE_URL,
    }
    return render(request, "votes/heads.html", page)


def place_of(cycle: Cycle, ballot: Ballot) -> dict[str, Any]:
    """What a receipt says more as soon as its ballot has a place: the proof from it to a signed head.

    After closing to the certificate, which extends every head.
    """
    if not hasattr(ballot, "place"):
        return {}
    position = ballot.place.position
    if hasattr(cycle, "certificate"):
        certificate = {
            "ballot_count": cycle.certificate.ballot_count,
            "merkle_root": "0x" + bytes(cycle.certificate.merkle_root).hex(),
        }
        proof = ProofSerializer(inclusion(cycle, position, cycle.certificate.ballot_count)).data
        return {"proof": dict(proof), "certificate": certificate}
    size = TreeHead.objects.filter(cycle=cycle).latest().size
    return {"proof": dict(ProofSerializer(inclusion(cycle, position, size)).data)}


def code_of(ballot: Ballot) -> SafeString:
    """The permanent address of a receipt as a QR code, for paper; an SVG without a style."""
    code = segno.make(settings.TPP_SITE_URL + ballot.get_absolute_url(), micro=False)
    drawn = code.svg_inline(scale=3, border=3, dark="#000", light="#fff", svgclass="code", omitsize=True)
    named = drawn.replace("<svg", '<svg role="img" aria-label="QR code of this receipt\'s address"', 1)
    return mark_safe(named)  # noqa: S308 (drawn by segno from an address of our own)
