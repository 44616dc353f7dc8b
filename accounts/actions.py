"""Signing in with Ethereum (EIP-4361): the server writes the message and verifies its own copy. And names."""

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import connection, transaction

from accounts.models import Wallet
from chain.signing import BadSignature, SignInMessage, personal_digest, recover
from journal.locks import NAMES, wait_for_lock
from journal.refusal import Refusal

SIGN_IN_MINUTES = 5
LONGEST_NAME = 80
_RFC3339 = "%Y-%m-%dT%H:%M:%SZ"  # of UTC instants


@dataclass(frozen=True)
class Challenge:
    """A message waiting for its signature; kept by the server, used once."""

    address: str
    text: str
    expires_at: datetime


def challenge_wallet(*, address: str, chain_id: int, site_url: str, at: datetime) -> Challenge:
    """The message that the wallet at `address` must sign within five minutes to sign in."""
    expires_at = at + timedelta(minutes=SIGN_IN_MINUTES)
    message = SignInMessage(
        domain=urlsplit(site_url).netloc,
        address=address,
        statement="Sign in to Token Programmes. This moves no tokens and casts no ballot.",
        uri=site_url,
        chain_id=chain_id,
        nonce=secrets.token_hex(12),
        issued_at=f"{at:{_RFC3339}}",
        expiration_time=f"{expires_at:{_RFC3339}}",
    )
    return Challenge(address=address, text=message.text(), expires_at=expires_at)


def sign_in(*, challenge: Challenge, signature: bytes, at: datetime) -> Wallet:
    """The wallet that signed `challenge`, made on its first sign-in.

    Raises Refusal: `expired`, `bad_signature`.
    """
    if at >= challenge.expires_at:
        raise Refusal("expired", f"The message was valid for {SIGN_IN_MINUTES} minutes. Start again.")
    try:
        signer = recover(personal_digest(challenge.text), signature)
    except BadSignature as error:
        raise Refusal("bad_signature", f"{error} Sign the message again.") from error
    if signer != challenge.address:
        raise Refusal(
            "bad_signature", "Another account signed. Choose the account in your wallet, then start again."
        )
    wallet, _ = Wallet.objects.get_or_create(address=signer, defaults={"joined_at": at})
    return wallet


@transaction.atomic
def name_wallet(*, wallet: Wallet, name: str) -> None:
    """Give a wallet the public name that its owner typed; an empty one takes the name away.

    No two wallets take the same name, however its letters are cased. Raises Refusal: `bad_name`, `name_taken`.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal("bad_name", f"A name has at most {LONGEST_NAME} letters, in one line.")
    if name.startswith("0x"):
        raise Refusal("bad_name", "A name that begins with 0x would look like an address. Choose another.")
    wait_for_lock(NAMES, 0)
    if name and Wallet.objects.filter(name__iexact=name).exclude(pk=wallet.pk).exists():
        raise Refusal("name_taken", "Another wallet has this name. Choose one that nobody has.", status=409)
    Wallet.objects.filter(pk=wallet.pk).update(name=name)


def give_names(names: Mapping[str, str], *, at: datetime) -> None:
    """Give each address of `names` its name, unless it has one; make the wallets that are missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_wallet (address, name, bio, joined_at)
            SELECT address, name, '', %s FROM unnest(%s::text[], %s::text[]) AS given (address, name)
            ON CONFLICT (address) DO UPDATE SET name = excluded.name WHERE accounts_wallet.name = ''
            """,
            [at, list(names), list(names.values())],
        )
