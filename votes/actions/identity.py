"""Who this deployment is: its id in every ballot's domain, its key under every receipt."""

from django.conf import settings


def deployment_id() -> bytes:
    """32 bytes, new for every copy of the software that runs."""
    return bytes.fromhex(settings.TPP_DEPLOYMENT_ID.removeprefix("0x"))


def receipt_seed() -> bytes:
    """The Ed25519 seed that signs receipts."""
    return bytes.fromhex(settings.TPP_RECEIPT_KEY.removeprefix("0x"))
