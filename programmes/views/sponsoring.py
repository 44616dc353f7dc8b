"""Sponsoring a proposed programme, and leaving it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.models import Wallet
from journal.clock import database_clock
from journal.refusal import Refusal
from programmes.actions.sponsoring import say_sponsorship
from programmes.models import Programme


@require_POST
def sponsor(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that one sponsors, or (`stop` in what was sent) no longer does."""
    programme = get_object_or_404(Programme.objects.select_related("admission"), slug=slug)
    begins = "stop" not in request.POST
    try:
        if not isinstance(request.user, Wallet):
            raise Refusal(
                "not_signed_in", "Sign in with a wallet that has voting power to sponsor.", status=403
            )
        say_sponsorship(programme=programme, wallet=request.user, sponsors=begins, at=database_clock())
    except Refusal as refusal:
        page = {"programme": programme, "words": refusal.words}
        return render(request, "programmes/not_sponsored.html", page, status=refusal.status)
    said = "You sponsor it now." if begins else "You don't sponsor it any more."
    messages.success(request, said)
    return redirect(f"{programme.get_absolute_url()}#sponsors")
