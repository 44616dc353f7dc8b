"""What accepting a ballot is measured against: recover who signed it, insert one row, and nothing else.

A site of its own with one address and no middleware, which the product's does not know.
"""

import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tpp.settings")

from django.conf import settings

settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = []

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

from django.db import connection  # noqa: E402 (Django is set up by now)
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

from chain.signing import recover  # noqa: E402
from votes.record.ballot import Ballot, Line, ballot_digest  # noqa: E402

DOMAIN = bytes.fromhex(os.environ.get("TPP_BENCH_DOMAIN", ""))


def take(request: HttpRequest, number: int) -> JsonResponse:
    sent = json.loads(request.body)
    given, signature = sent["ballot"], bytes.fromhex(sent["signature"][2:])
    lines = tuple(Line(line["programme"], line["typology"], line["basisPoints"]) for line in given["lines"])
    rules = bytes.fromhex(given["rules"][2:])
    ballot = Ballot(given["cycle"], rules, given["voter"], given["nonce"], given["reason"], lines)
    digest = ballot_digest(ballot, DOMAIN)
    voter = recover(digest, signature)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_ballot (voter, nonce, digest, signature) VALUES (%s, %s, %s, %s)",
            [voter, ballot.nonce, digest, signature],
        )
    answer = JsonResponse({"digest": "0x" + digest.hex()}, status=201)
    answer["Content-Length"] = str(len(answer.content))  # a connection is kept where the end is known
    return answer


urlpatterns = [path("api/v1/cycles/<int:number>/ballots/", take)]
