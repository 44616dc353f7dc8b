"""Wallets for eyes: a name where there is one, the address always at hand."""

from collections.abc import Mapping
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import ADMIN, Wallet, holders_of, short_address
from chain.signing import checksum_address

register = template.Library()


@register.simple_tag
def person(address: str, names: Mapping[str, str]) -> SafeString:
    """`{% person address names %}`: the name with the full address on hover, or the address.

    Who has no address, such as the operator at a shell, is named in words.
    """
    if not address.startswith("0x"):
        return format_html("{}", address)
    name = names.get(address)
    if name:
        return format_html('<span title="{}">{}</span>', checksum_address(address), name)
    return format_html(
        '<span class="hash" title="{}">{}</span>', checksum_address(address), short_address(address)
    )


@register.simple_tag
def wallet(wallet: Wallet) -> SafeString:
    """`{% wallet wallet %}`: the same for a wallet at hand."""
    return person(wallet.address, {wallet.address: wallet.name})


@register.simple_tag
def admins(at: datetime) -> frozenset[str]:
    """`{% admins now as them %}`: the addresses of those who configure cycles."""
    return holders_of(ADMIN, at)
