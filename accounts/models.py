"""Wallets: the only kind of account. No passwords exist."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from chain.fields import AddressField, is_an_address
from chain.signing import checksum_address


class WalletManager(BaseUserManager["Wallet"]):
    def names(self, addresses: set[str]) -> dict[str, str]:
        """The known names of `addresses`; addresses without one are left out."""
        known = self.filter(address__in=addresses).exclude(name="")
        return dict(known.values_list("address", "name"))


class Wallet(AbstractBaseUser):
    """Somebody, known by a lower-case address and by nothing else."""

    address = AddressField(primary_key=True)
    name = models.CharField(max_length=80, blank=True)
    bio = models.TextField(blank=True)
    joined_at = models.DateTimeField()

    password = None  # type: ignore[assignment]

    objects: ClassVar[WalletManager] = WalletManager()

    USERNAME_FIELD = "address"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [is_an_address("address", name="a_wallet_is_an_address")]

    def __str__(self) -> str:
        return self.name or short_address(self.address)

    def get_session_auth_hash(self) -> str:
        """Sessions end when the deployment's secret changes; there is no password to change."""
        return salted_hmac("accounts.Wallet", self.address, algorithm="sha256").hexdigest()


def short_address(address: str) -> str:
    """`address` for eyes: checksummed, middle left out.

    >>> short_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    '0x5aAe…eAed'
    """
    full = checksum_address(address)
    return f"{full[:6]}…{full[-4:]}"
