"""Who this deployment is: its id in every ballot's domain, its key under every receipt."""

from django.conf import settings

from journal.refusal import Refusal
from votes.record.receipt import public_key


def deployment_id() -> bytes:
    """32 bytes, new for every copy of the software that runs."""
    return bytes.fromhex(settings.TPP_DEPLOYMENT_ID.removeprefix("0x"))


def receipt_seed() -> bytes:
    """The Ed25519 seed whose public key new cycles freeze into their rules."""
    return _seeds()[0]


def receipt_seed_of(key: bytes) -> bytes:
    """The seed of the public key that a cycle's frozen rules name: today's or an earlier one.

    Raises Refusal `receipt_key_missing` where it is kept no more; then nothing is signed in its place.
    """
    for seed in _seeds():
        if public_key(seed) == key:
            return seed
    raise Refusal(
        "receipt_key_missing",
        "The key that signs this cycle's receipts is not here just now. The ballot is safe; ask again later.",
        status=503,
    )


def _seeds() -> list[bytes]:
    texts = [settings.TPP_RECEIPT_KEY, *settings.TPP_RECEIPT_KEYS_BEFORE]
    return [bytes.fromhex(text.removeprefix("0x")) for text in texts]
