"""Patience with ballots that are refused: an address that sends many is answered shortly, a good one is always taken.

Only refused ballots are counted. Beyond the limit each further one must first prove, at the price of one signature
check and no query, that its voter signed it; whatever does is handled as ever.
"""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from chain.signing import BadSignature, recover
from journal.refusal import Refusal
from journal.throttles import count, seconds_left
from votes.models import Announcement
from votes.record.ballot import Submission, ballot_digest

_REFUSED = "refused_ballots"
_WORDS = (
    "Many ballots from your network address were refused just now, and this one is not in either: it is malformed, of"
    " other rules, or not signed by its voter. A ballot that is right is always taken, also now."
)


def check_patience(request: HttpRequest, *, number: int, submission: Submission) -> None:
    """Refuse what its voter did not sign, where too much of the kind came from the same address in this minute."""
    if _is_exhausted(request) and not _is_signed(number, submission):
        raise Refusal("too_many_requests", _WORDS, status=429)


def refused(request: HttpRequest, refusal: Refusal) -> JsonResponse:
    """The answer to a ballot that is not in, and its count."""
    most = settings.TPP_REFUSED_BALLOTS_A_MINUTE
    if most > 0 and count(_REFUSED, request) > most and refusal.name == "malformed":
        refusal = Refusal("too_many_requests", _WORDS, status=429)
    answer = JsonResponse({"refusal": refusal.name, "words": refusal.words}, status=refusal.status)
    if refusal.status == 429:
        answer["Retry-After"] = str(seconds_left())
    return answer


def waits(request: HttpRequest, document: dict[str, Any]) -> JsonResponse:
    """The answer to a ballot that waits for its wallet, and its count: nobody has proved yet whose it is."""
    count(_REFUSED, request)
    return JsonResponse(document, status=202)


def _is_exhausted(request: HttpRequest) -> bool:
    most = settings.TPP_REFUSED_BALLOTS_A_MINUTE
    return most > 0 and count(_REFUSED, request, add=0) >= most


def _is_signed(number: int, submission: Submission) -> bool:
    frozen = _frozen(number)
    if frozen is None:  # not announced yet: there is nothing to compare with, and the refusal is cheap
        return True
    rules_hash, domain_separator = frozen
    signed = submission.ballot
    if signed.rules != rules_hash:
        return False
    try:
        return recover(ballot_digest(signed, domain_separator), submission.signature) == signed.voter
    except BadSignature:
        return False


def _frozen(number: int) -> tuple[bytes, bytes] | None:
    try:
        return _read_frozen(number)
    except Announcement.DoesNotExist:
        return None


@lru_cache(maxsize=16)
def _read_frozen(number: int) -> tuple[bytes, bytes]:
    """Rules hash and domain separator of a cycle, which never change once there; an absence is not remembered."""
    rules = Announcement.objects.get(cycle__number=number).rules
    return rules.hash, rules.domain_separator
