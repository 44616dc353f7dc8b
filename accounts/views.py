"""Signing in and out with a wallet."""

import json
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.actions import Challenge, challenge_wallet, sign_in
from chain.signing import BadAddress, parse_address
from journal.clock import database_clock
from journal.refusal import Refusal

_KEPT = "sign_in_challenge"
_LONGEST = 4096  # bytes of a request


def sign_in_page(request: HttpRequest) -> HttpResponse:
    """What signing in is, and the button."""
    return render(request, "accounts/sign_in.html")


@require_POST
def message(request: HttpRequest) -> JsonResponse:
    """The text to sign, kept in the session; asking again replaces it."""
    try:
        sent = _read(request)
        challenge = challenge_wallet(
            address=parse_address(str(sent.get("address"))),
            chain_id=_chain_id(sent.get("chainId")),
            site_url=settings.TPP_SITE_URL,
            at=database_clock(),
        )
    except BadAddress as error:
        return _no(Refusal("bad_address", str(error)))
    except Refusal as refusal:
        return _no(refusal)
    request.session[_KEPT] = {**asdict(challenge), "expires_at": challenge.expires_at.isoformat()}
    return JsonResponse({"text": challenge.text})


@require_POST
def finish(request: HttpRequest) -> JsonResponse:
    """Sign in whoever signed the kept text; it is used up either way."""
    kept = request.session.pop(_KEPT, None)
    try:
        if kept is None:
            raise Refusal("no_message", "There is no message waiting for a signature. Start again.")
        challenge = Challenge(**{**kept, "expires_at": datetime.fromisoformat(kept["expires_at"])})
        wallet = sign_in(challenge=challenge, signature=_signature(_read(request)), at=database_clock())
    except Refusal as refusal:
        return _no(refusal)
    login(request, wallet, backend="accounts.backends.WalletBackend")
    return JsonResponse({"address": wallet.address, "name": str(wallet)})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("home")


def _read(request: HttpRequest) -> dict[str, object]:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > _LONGEST:
        raise Refusal("malformed", f"A request to sign in has at most {_LONGEST} bytes.")
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError, UnreadablePostError) as error:
        raise Refusal("malformed", "This is not JSON.") from error
    if not isinstance(sent, dict):
        raise Refusal("malformed", "This is not a JSON object.")
    return sent


def _chain_id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**53:
        raise Refusal("malformed", "chainId must be a whole number.")
    return value


def _signature(sent: dict[str, object]) -> bytes:
    text = sent.get("signature")
    try:
        return bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError as error:
        raise Refusal("bad_signature", "The signature must be hex digits. Sign the message again.") from error


def _no(refusal: Refusal) -> JsonResponse:
    return JsonResponse({"refusal": refusal.name, "words": refusal.words}, status=refusal.status)
