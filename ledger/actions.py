"""Moving value. The database's trigger changes both balances; what would break a floor is refused there."""

from datetime import datetime

from django.db import IntegrityError, transaction

from journal.refusal import Refusal
from ledger.models import Account, Token, Transfer


def open_account(*, token: Token, name: str, floor: int = 0) -> Account:
    """The account `name` of `token`, made if there is none. Its balance starts at zero."""
    account, _ = Account.objects.get_or_create(token=token, name=name, defaults={"floor": floor})
    return account


def transfer(
    *, debit: Account, credit: Account, amount: int, reason: str, key: str, at: datetime
) -> Transfer | None:
    """Move `amount` [base units] once per `key`; None where there is nothing to move.

    Raises Refusal `not_enough` where the debited account would fall below its floor, and `key_taken` where
    `key` moved something else before. Nothing moves then.
    """
    if amount == 0:
        return None
    try:
        with transaction.atomic():
            row, created = Transfer.objects.get_or_create(
                key=key,
                defaults={
                    "debit": debit,
                    "credit": credit,
                    "amount": amount,
                    "reason": reason,
                    "happened_at": at,
                },
            )
    except IntegrityError as error:
        if "balance_not_below_floor" in str(error):
            raise Refusal("not_enough", f"{debit.name} does not hold {amount} base units.") from error
        raise
    if not created and (row.debit_id, row.credit_id, row.amount) != (debit.pk, credit.pk, amount):
        raise Refusal("key_taken", f"{key} already moved something else.")
    return row
