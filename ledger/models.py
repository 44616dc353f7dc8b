"""Accounts and transfers in base units. The ledger knows nothing of votes."""

from django.db import models
from django.db.models import F, Q

from chain.fields import AddressField, BaseUnitsField


class Token(models.Model):
    """What is counted: an ERC-20 token on a chain."""

    chain_id = models.PositiveBigIntegerField()
    address = AddressField()
    symbol = models.CharField(max_length=12)
    name = models.CharField(max_length=80)
    decimals = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain_id", "address"], name="one_row_per_token")]

    def __str__(self) -> str:
        return self.symbol


class Account(models.Model):
    """A place where value of one token stands.

    `balance` and `floor` [base units]; the balance moves only when a Transfer is inserted (a trigger of the
    database writes it; the application's role cannot).
    """

    token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="accounts")
    name = models.CharField(max_length=160, help_text="what it belongs to, such as cycle/12")
    balance = BaseUnitsField(default=0)
    floor = BaseUnitsField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "name"], name="one_account_per_name_and_token"),
            models.CheckConstraint(name="balance_not_below_floor", condition=Q(balance__gte=F("floor"))),
        ]

    def __str__(self) -> str:
        return self.name


class Transfer(models.Model):
    """Value that moved from `debit` to `credit`; appended, never edited."""

    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="debits")
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="credits")
    amount = BaseUnitsField()
    reason = models.CharField(max_length=200)
    key = models.CharField(max_length=160, help_text="the same key never moves value twice")
    happened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], name="a_transfer_happens_once"),
            models.CheckConstraint(name="transfer_amount_is_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="transfer_goes_between_two_accounts", condition=~Q(debit=F("credit"))
            ),
        ]

    def __str__(self) -> str:
        return self.key
