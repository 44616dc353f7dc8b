"""Wallets: the only kind of account. No passwords exist."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
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


class EmailAddress(models.Model):
    """Where a wallet wants mail; private. Nothing is sent there before somebody who reads it has confirmed it.

    `receipts_since`: mail is sent for what the wallet casts from then on; null where it wants none.
    """

    wallet = models.OneToOneField(
        Wallet, on_delete=models.CASCADE, primary_key=True, related_name="email_address"
    )
    address = models.EmailField()
    set_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    wants_receipts = models.BooleanField(default=True)
    receipts_since = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "email addresses"
        constraints = [
            models.CheckConstraint(name="an_email_address_has_words", condition=Q(address__contains="@")),
            models.CheckConstraint(
                name="receipts_go_to_confirmed_addresses_that_want_them",
                condition=Q(receipts_since__isnull=True)
                | Q(confirmed_at__isnull=False, wants_receipts=True, receipts_since__gte=F("confirmed_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"e-mail address of {self.wallet_id}"  # never the address, which no log may hold


ADMIN = "admin"
ROLES = {ADMIN: "Admin"}


class RoleChangeQuerySet(models.QuerySet["RoleChange"]):
    def in_force(self, at: datetime) -> "RoleChangeQuerySet":
        """The change that decides at `at`, for each address and role that has one."""
        newer = Q(effective_at__gt=OuterRef("effective_at")) | Q(
            effective_at=OuterRef("effective_at"), pk__gt=OuterRef("pk")
        )
        later = RoleChange.objects.filter(
            newer, address=OuterRef("address"), role=OuterRef("role"), effective_at__lte=at
        )
        return self.filter(~Exists(later), effective_at__lte=at)

    def pending(self, at: datetime) -> "RoleChangeQuerySet":
        """Changes that are public and not yet effective."""
        return self.filter(effective_at__gt=at)

    def holding(self, role: str, at: datetime) -> "RoleChangeQuerySet":
        """The grants by which somebody holds `role` at `at`; wallets named in the settings are not rows."""
        return self.in_force(at).filter(role=role, is_grant=True)


class RoleChange(models.Model):
    """A role granted to an address, or taken back; public, with its reason, effective after a delay. Only appended."""

    address = AddressField()
    role = models.CharField(max_length=20, choices=ROLES)
    is_grant = models.BooleanField()
    actor = AddressField()
    reason = models.TextField()
    changed_at = models.DateTimeField()
    effective_at = models.DateTimeField()

    objects: ClassVar[models.Manager["RoleChange"]] = RoleChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            is_an_address("address", name="a_role_goes_to_an_address"),
            models.CheckConstraint(name="a_role_is_known", condition=Q(role__in=list(ROLES))),
            models.CheckConstraint(name="a_role_change_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="a_role_change_is_never_retroactive",
                condition=Q(effective_at__gte=models.F("changed_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{'grant' if self.is_grant else 'revocation'} of {self.role} for {self.address}"


def named_in_settings(role: str) -> frozenset[str]:
    """The addresses that the deployment's settings give `role`; they hold it at once."""
    return frozenset(settings.TPP_ADMINS) if role == ADMIN else frozenset()


def holders_of(role: str, at: datetime) -> frozenset[str]:
    """The addresses that hold `role` at `at`."""
    granted = RoleChange.objects.holding(role, at).values_list("address", flat=True)
    return named_in_settings(role) | frozenset(granted)


def holds_role(address: str, role: str, at: datetime) -> bool:
    """Whether `address` holds `role` at `at`, by the settings or by a grant in force."""
    if address in named_in_settings(role):
        return True
    return RoleChange.objects.holding(role, at).filter(address=address).exists()


def short_address(address: str) -> str:
    """`address` for eyes: checksummed, middle left out.

    >>> short_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
    '0x5aAe…eAed'
    """
    full = checksum_address(address)
    return f"{full[:6]}…{full[-4:]}"
