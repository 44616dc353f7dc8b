"""Database columns for on-chain values: 256-bit integers and addresses."""

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    _Decimal = models.DecimalField[int, int]
    _Text = models.CharField[str, str]
else:
    _Decimal, _Text = models.DecimalField, models.CharField


_LARGEST = 10**78 - 1


class BaseUnitsField(_Decimal):
    """A whole amount [base units] of up to 78 digits: `int` in Python, `numeric(78, 0)` in the database.

    What is not whole is refused (ValidationError), never rounded.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "max_digits": 78, "decimal_places": 0})

    def from_db_value(
        self, value: Decimal | None, expression: object, connection: BaseDatabaseWrapper
    ) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        try:
            whole = int(value)
        except (TypeError, ValueError, ArithmeticError):
            whole = None
        if whole is None or not (isinstance(value, str) or whole == value):
            raise ValidationError("An amount is a whole number of base units.", code="invalid")
        return whole

    @cached_property
    def validators(self) -> list[Callable[[Any], None]]:
        of_any_field = super(models.DecimalField, self).validators  # DecimalField's own stumbles over int
        return [*of_any_field, MinValueValidator(-_LARGEST), MaxValueValidator(_LARGEST)]


class AddressField(_Text):
    """An account's address: `0x` and 40 lower-case hex digits."""

    default_validators = [
        RegexValidator(r"^0x[0-9a-f]{40}\Z", "An address is 0x and 40 lower-case hex digits.")
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "max_length": 42})


def is_an_address(column: str, *, name: str) -> models.CheckConstraint:
    """The constraint that `column` holds a canonical address."""
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{column}__regex": r"^0x[0-9a-f]{40}$"}))
