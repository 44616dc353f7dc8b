"""Signing in with Ethereum (EIP-4361): the server writes the message and verifies its own copy. And names."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import connection

from accounts.models import Wallet
from chain.signing import BadSignature, SignInMessage, personal_digest, recover
from journal.refusal import Refusal

SIGN_IN_MINUTES = 5
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
