"""Reading wallets: the names that people gave themselves."""

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Wallet
from journal.reading import BY_ADDRESS, InstantField, listed, page, page_of, reads


class WalletSerializer(serializers.Serializer[Wallet]):
    """Somebody who signed in, or whom a register names."""

    address = serializers.CharField()
    name = serializers.CharField(help_text="blank where none was given, or where it was erased")
    bio = serializers.CharField(help_text="in their own words")
    joined_at = InstantField()


@reads(page_of("WalletPage", WalletSerializer, rows="wallets"), tag="people", parameters=BY_ADDRESS)
def list_wallets(request: Request) -> Response:
    """Wallets by address."""
    return listed("wallets", WalletSerializer, page(Wallet.objects.all(), request, key="address"))


@reads(WalletSerializer, tag="people")
def read_wallet(request: Request, address: str) -> Response:
    """One wallet."""
    wallet = Wallet.objects.filter(address=address).first()
    if wallet is None:
        raise Http404
    return Response(WalletSerializer(wallet).data)
