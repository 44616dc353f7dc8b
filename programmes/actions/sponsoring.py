"""Sponsoring: a delegate's power, divided equally over what the delegate sponsors."""

from collections import defaultdict
from datetime import datetime
from fractions import Fraction

from django.db import IntegrityError, transaction

from accounts.models import Wallet
from journal.refusal import Refusal
from power.models import Register, RegisterEntry
from programmes.actions.editing import revision_number
from programmes.models import MetaProgramme, Programme, Sponsorship


@transaction.atomic
def say_sponsorship(*, programme: Programme, wallet: Wallet, sponsors: bool, at: datetime) -> Sponsorship:
    """Append that `wallet` sponsors `programme`, or no longer does.

    Raises Refusal `no_power`, `already_admitted`, `already_so`.
    """
    if programme.is_admitted(at):
        words = f"{programme.name} is admitted already; it needs no sponsor any more."
        raise Refusal("already_admitted", words, status=409)
    meta = MetaProgramme.objects.select_related("register").get()
    if sponsors and power_in(meta.register, wallet) == 0:
        words = f"Only wallets with power in the register “{meta.register}” sponsor; yours has none there."
        raise Refusal("no_power", words, status=403)
    last = programme.sponsorships.filter(wallet=wallet).order_by("-sequence").first()
    if sponsors == (last is not None and last.sponsors):
        words = "You sponsor it already." if sponsors else "You don't sponsor it."
        raise Refusal("already_so", words, status=409)
    try:
        with transaction.atomic():
            return Sponsorship.objects.create(
                programme=programme,
                wallet=wallet,
                sequence=last.sequence + 1 if last else 1,
                sponsors=sponsors,
                revision=revision_number(programme),
                said_at=at,
            )
    except IntegrityError as error:
        if "sponsors_speak_one_after_the_other" not in str(error):
            raise
        words = "You said so twice at once; the first one counts."
        raise Refusal("already_so", words, status=409) from error


def power_in(register: Register, wallet: Wallet) -> int:
    """The power [base units] of `wallet` in `register`."""
    entry = RegisterEntry.objects.filter(register=register, address=wallet.address).first()
    return entry.power if entry else 0


def sponsor_powers(*, register: Register, at: datetime) -> dict[int, dict[str, Fraction]]:
    """By proposed programme and sponsor's address, the power [base units] that the sponsor gives it.

    A wallet's power is divided equally over the proposed programmes that it sponsors: what is admitted, or left,
    gives its part back to the others.
    """
    proposed = Programme.objects.proposed(at).values("pk")
    standing = Sponsorship.objects.standing().filter(programme__in=proposed)
    pairs = list(standing.values_list("programme_id", "wallet_id"))
    sponsors = {address for _, address in pairs}
    entries = RegisterEntry.objects.filter(register=register, address__in=sponsors)
    powers = dict(entries.values_list("address", "power"))
    counts: dict[str, int] = defaultdict(int)
    for _, address in pairs:
        counts[address] += 1
    given: dict[int, dict[str, Fraction]] = defaultdict(dict)
    for programme, address in pairs:
        given[programme][address] = Fraction(powers.get(address, 0), counts[address])
    return given
