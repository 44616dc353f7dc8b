"""The e-mail address of a wallet: set, confirmed by who reads it, changed, deleted. Private from the first letter."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from accounts.models import EmailAddress, Wallet, short_address
from journal.locks import MAIL, wait_for_lock
from journal.mailing import Letter, forget_owner, post, recipient_of
from journal.models import Mail
from journal.refusal import Refusal

LINK_HOURS = 24
MOST_LINKS_TO_ONE_ADDRESS = 3  # in a day, whoever asks
MOST_LINKS_OF_ONE_WALLET = 5  # in a day, wherever they go
_SALT = "accounts.EmailAddress"
_DAY = timedelta(days=1)


@transaction.atomic
def set_email(*, wallet: Wallet, address: str, at: datetime) -> None:
    """Write the address down and send a link there; until it is followed nothing else is sent.

    Whether a link is sent depends on how many were, which nobody is told: it would say that others use the address.

    Raises Refusal: `no_mail_here`, `bad_email`, `too_many_links`.
    """
    if not settings.TPP_SENDS_MAIL:
        raise Refusal("no_mail_here", "This site sends no mail.", status=409)
    address = _checked(address)
    wait_for_lock(MAIL, 0)  # so that no two at once are below the limits
    links = Mail.objects.filter(key__startswith="confirm/", created_at__gt=at - _DAY)
    sent = links.filter(key__startswith=f"confirm/{wallet.pk}/").count()
    if sent >= MOST_LINKS_OF_ONE_WALLET:
        raise Refusal(
            "too_many_links", "You have asked for as many links as a day has. Try again tomorrow.", status=429
        )
    known = EmailAddress.objects.filter(wallet=wallet).first()
    if known is None or known.address != address:
        forget_email(wallet=wallet, at=at)
        EmailAddress.objects.create(wallet=wallet, address=address, set_at=at)
    elif known.confirmed_at is not None:
        return
    if links.filter(recipient=recipient_of(address)).count() < MOST_LINKS_TO_ONE_ADDRESS:
        key = f"confirm/{wallet.pk}/{at.astimezone(UTC):%Y%m%d%H%M%S%f}"
        post(key=key, owner=wallet.pk, to=address, letter=_letter(wallet, address, at), at=at)


@transaction.atomic
def confirm_email(*, token: str, at: datetime) -> None:
    """What the link does that was sent to an address. Raises Refusal: `bad_link`."""
    email = email_of(token=token, at=at)
    if email.confirmed_at is None:
        email.confirmed_at = at
        email.receipts_since = at if email.wants_receipts else None
        email.save(update_fields=["confirmed_at", "receipts_since"])


def email_of(*, token: str, at: datetime) -> EmailAddress:
    """The address that a link was sent to. Raises Refusal: `bad_link`, in the same words whatever is wrong."""
    refusal = Refusal(
        "bad_link",
        f"This link does not work, or no longer: a link works for {LINK_HOURS} hours, and only as long as the"
        " address stands in the settings of its wallet. Ask for a new one there.",
        status=410,
    )
    try:
        wallet, recipient, expires = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise refusal from error
    email = EmailAddress.objects.filter(wallet_id=wallet).first()
    if email is None or at.timestamp() >= expires:
        raise refusal
    if not constant_time_compare(recipient_of(email.address), recipient):
        raise refusal
    return email


def want_receipts(*, wallet: Wallet, wanted: bool, at: datetime) -> None:
    """Turn the mailing of receipts on, for what is cast from now on, or off."""
    email = EmailAddress.objects.filter(wallet=wallet)
    if wanted:
        email.filter(wants_receipts=False, confirmed_at__isnull=False).update(
            wants_receipts=True, receipts_since=at
        )
        email.filter(confirmed_at__isnull=True).update(wants_receipts=True)
    else:
        email.update(wants_receipts=False, receipts_since=None)


@transaction.atomic
def forget_email(*, wallet: Wallet, at: datetime) -> None:
    """Delete a wallet's address, here and in every mail; what is not sent yet never will be."""
    EmailAddress.objects.filter(wallet=wallet).delete()
    forget_owner(owner=wallet.pk, at=at)


def _checked(address: str) -> str:
    address = address.strip()
    try:
        validate_email(address)
        address.encode("ascii")
    except (ValidationError, UnicodeEncodeError) as error:
        raise Refusal("bad_email", "This is no e-mail address. It looks like name@example.org.") from error
    if len(address) > 254 or address.endswith("]"):
        raise Refusal("bad_email", "This is no e-mail address that this site can write to.")
    return address


def _letter(wallet: Wallet, address: str, at: datetime) -> Letter:
    expires = at + timedelta(hours=LINK_HOURS)
    token = signing.dumps([wallet.pk, recipient_of(address), expires.timestamp()], salt=_SALT)
    words = {
        "wallet": short_address(wallet.pk),
        "link": urljoin(settings.TPP_SITE_URL, reverse("confirm_email", args=[token])),
        "hours": LINK_HOURS,
        "site": settings.TPP_SITE_URL,
    }
    return Letter("Confirm your e-mail address", render_to_string("accounts/mail/confirm.txt", words))
