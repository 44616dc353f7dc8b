"""A wallet is an address in one form, with a name where it has one."""

import pytest
from django.db import IntegrityError

from accounts.models import Wallet, short_address
from accounts.templatetags.people import person
from accounts.templatetags.people import wallet as wallet_tag
from chain.signing import BadAddress, checksum_address
from journal.clock import database_clock
from tests.factories import address, wallet


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bad",
    ["0x" + "AB" * 20, checksum_address("0x" + "ab" * 20), "0x" + "ab" * 19, "ab" * 21, "", "0x" + "g" * 40],
)
def test_the_database_refuses_an_address_that_is_not_canonical(bad: str) -> None:
    with pytest.raises(IntegrityError, match="a_wallet_is_an_address"):
        Wallet.objects.create(address=bad, joined_at=database_clock())


@pytest.mark.django_db
def test_an_address_has_one_wallet() -> None:
    wallet("alice")
    with pytest.raises(IntegrityError):
        Wallet.objects.create(address=address("alice"), joined_at=database_clock())


def test_a_wallet_is_called_by_its_name_or_else_by_its_short_address() -> None:
    assert str(Wallet(address="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", name="Ada")) == "Ada"
    assert str(Wallet(address="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")) == "0x5aAe…eAed"


def test_a_short_address_keeps_both_ends_and_the_checksum() -> None:
    assert short_address("0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359") == "0xfB69…d359"


def test_only_a_canonical_address_is_shortened() -> None:
    with pytest.raises(BadAddress):
        short_address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")


@pytest.mark.django_db
def test_names_knows_those_who_have_one() -> None:
    wallet("alice")
    Wallet.objects.create(address=address("bob"), joined_at=database_clock())
    everybody = {address(name) for name in ("alice", "bob", "carol")}
    assert Wallet.objects.names(everybody) == {address("alice"): "Alice"}


def test_a_name_on_a_page_is_escaped_and_the_full_address_is_at_hand() -> None:
    canonical = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
    shown = person(canonical, {canonical: "<b>Ada</b>"})
    assert shown == f'<span title="{checksum_address(canonical)}">&lt;b&gt;Ada&lt;/b&gt;</span>'
    nameless = wallet_tag(Wallet(address=canonical))
    assert nameless == f'<span class="hash" title="{checksum_address(canonical)}">0x5aAe…eAed</span>'
