"""The settings of who is signed in: the e-mail address, what it is for, and how to delete it."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import emails
from accounts.actions import LONGEST_NAME, name_wallet
from accounts.models import EmailAddress, Wallet
from journal.clock import database_clock
from journal.refusal import Refusal
from journal.throttles import count

MOST_LINKS_A_MINUTE = 5  # that one network address may ask for

_View = Callable[[HttpRequest, Wallet], HttpResponse]


def _own(view: _View) -> Callable[[HttpRequest], HttpResponse]:
    """Only for who is signed in; to others the page says how to."""

    def guarded(request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Wallet):
            return view(request, request.user)
        return render(request, "accounts/me.html", {"is_nobody": True})

    return guarded


@require_http_methods(["GET", "HEAD"])
@never_cache
@_own
def me(request: HttpRequest, wallet: Wallet) -> HttpResponse:
    """What is kept of a wallet that nobody else sees."""
    return _page(request, wallet)


@require_POST
@never_cache
@_own
def set_name(request: HttpRequest, wallet: Wallet) -> HttpResponse:
    """Take a name that all may see."""
    try:
        name_wallet(wallet=wallet, name=request.POST.get("name", ""))
    except Refusal as refusal:
        return _page(request, wallet, refusal)
    messages.info(request, "Your name is changed.")
    return redirect("me")


@require_POST
@never_cache
@_own
def set_email(request: HttpRequest, wallet: Wallet) -> HttpResponse:
    """Take an address and send a link to it."""
    typed = request.POST.get("address", "")
    try:
        if count("links", request) > MOST_LINKS_A_MINUTE:
            raise Refusal("too_many_links", "Too many links were asked for. Wait a minute.", status=429)
        emails.set_email(wallet=wallet, address=typed, at=database_clock())
    except Refusal as refusal:
        return _page(request, wallet, refusal, typed)
    messages.info(
        request,
        "If this address is right and was not written to too often today, a link is on its way. Open it within"
        f" {emails.LINK_HOURS} hours.",
    )
    return redirect("me")


@require_POST
@never_cache
@_own
def receipts(request: HttpRequest, wallet: Wallet) -> HttpResponse:
    """Turn the mailing of receipts on or off."""
    emails.want_receipts(wallet=wallet, wanted=request.POST.get("wanted") == "1", at=database_clock())
    return redirect("me")


@require_POST
@never_cache
@_own
def forget_email(request: HttpRequest, wallet: Wallet) -> HttpResponse:
    """Delete the address, and every mail to it that is still here."""
    emails.forget_email(wallet=wallet, at=database_clock())
    messages.info(request, "Your e-mail address is deleted, and every mail to it that was still here.")
    return redirect("me")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail: a button, so that no program that looks at links confirms anything."""
    at = database_clock()
    try:
        email = emails.email_of(token=token, at=at)
        if request.method == "POST":
            emails.confirm_email(token=token, at=at)
    except Refusal as refusal:
        return render(request, "accounts/confirm_email.html", {"refusal": refusal}, status=refusal.status)
    page = {"wallet": email.wallet_id, "is_done": request.method == "POST" or email.confirmed_at is not None}
    return render(request, "accounts/confirm_email.html", page)


def _page(
    request: HttpRequest, wallet: Wallet, refusal: Refusal | None = None, typed: str = ""
) -> HttpResponse:
    page = {
        "wallet": wallet,
        "email": EmailAddress.objects.filter(wallet=wallet).first(),
        "sends_mail": settings.TPP_SENDS_MAIL,
        "refusal": refusal,
        "typed": typed,
        "longest_name": LONGEST_NAME,
    }
    return render(request, "accounts/me.html", page, status=refusal.status if refusal else 200)
