"""Reading the ledger: accounts, and every transfer between them."""

from django.db.models import Q
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from journal.reading import (
    BY_NUMBER,
    BaseUnitsField,
    InstantField,
    listed,
    malformed,
    page,
    page_of,
    reads,
    whole,
)
from ledger.models import Account, Token, Transfer

_LARGEST_ID = 10**18 - 1
ACCOUNT = OpenApiParameter(
    "account",
    {"type": "integer", "minimum": 1, "maximum": _LARGEST_ID},
    OpenApiParameter.QUERY,
    description="Transfers from or to this account alone.",
)


class TokenSerializer(serializers.Serializer[Token]):
    """What is counted. One token is 10^decimals base units."""

    chain_id = serializers.IntegerField()
    address = serializers.CharField()
    symbol = serializers.CharField()
    name = serializers.CharField()
    decimals = serializers.IntegerField()


class AccountSerializer(serializers.Serializer[Account]):
    """A place where value of one token stands."""

    id = serializers.IntegerField()
    name = serializers.CharField(help_text="what it belongs to, such as cycle/12")
    token = TokenSerializer()
    balance = BaseUnitsField(help_text="base units")
    floor = BaseUnitsField(help_text="base units; the balance is never below it")


class TransferSerializer(serializers.Serializer[Transfer]):
    """Value that moved, once and for ever: a correction is another transfer."""

    id = serializers.IntegerField()
    debit = serializers.IntegerField(source="debit_id", help_text="account that it left")
    credit = serializers.IntegerField(source="credit_id", help_text="account that it reached")
    amount = BaseUnitsField(help_text="base units")
    reason = serializers.CharField()
    key = serializers.CharField(help_text="the same key never moves value twice")
    happened_at = InstantField()


@reads(page_of("AccountPage", AccountSerializer, rows="accounts"), tag="ledger", parameters=BY_NUMBER)
def list_accounts(request: Request) -> Response:
    """All accounts with their balances [base units]."""
    return listed("accounts", AccountSerializer, page(Account.objects.select_related("token"), request))


@reads(AccountSerializer, tag="ledger")
def read_account(request: Request, account_id: int) -> Response:
    """One account."""
    account = Account.objects.select_related("token").filter(pk=account_id).first()
    if account is None:
        raise Http404
    return Response(AccountSerializer(account).data)


@reads(
    page_of("TransferPage", TransferSerializer, rows="transfers"),
    tag="ledger",
    parameters=[*BY_NUMBER, ACCOUNT],
)
def list_transfers(request: Request) -> Response:
    """Transfers in the order in which they were entered; amounts in base units."""
    transfers = Transfer.objects.all()
    if "account" in request.query_params:
        account = whole(request.query_params["account"], most=_LARGEST_ID)
        if not account:
            raise malformed("`account` is the number of an account.")
        transfers = transfers.filter(Q(debit=account) | Q(credit=account))
    return listed("transfers", TransferSerializer, page(transfers, request))
