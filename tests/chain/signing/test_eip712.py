"""The domain and the words of EIP-712."""

import pytest
from eth_account.messages import encode_typed_data

from chain.signing import (
    BadAddress,
    address_word,
    domain_separator,
    keccak256,
    string_word,
    type_hash,
    typed_digest,
    uint_word,
)

SALT = bytes(range(32))


@pytest.mark.parametrize("chain_id", [1, 324, 31337, 2**256 - 1])
def test_the_domain_agrees_with_eth_account(chain_id: int) -> None:
    domain = {"name": "TPP", "version": "1", "chainId": chain_id, "salt": SALT}
    message = encode_typed_data(domain, {"Note": [{"name": "text", "type": "string"}]}, {"text": "é"})
    assert domain_separator(chain_id, SALT) == message.header
    struct_hash = keccak256(type_hash("Note(string text)") + string_word("é"))
    assert struct_hash == message.body
    assert typed_digest(message.header, message.body) == keccak256(
        b"\x19" + message.version + message.header + message.body
    )


def test_domains_of_other_chains_and_deployments_differ() -> None:
    assert (
        len({domain_separator(324, SALT), domain_separator(325, SALT), domain_separator(324, bytes(32))}) == 3
    )


@pytest.mark.parametrize(("chain_id", "salt"), [(-1, SALT), (2**256, SALT), (1, b"short"), (1, SALT + b"\0")])
def test_a_domain_out_of_range_is_refused(chain_id: int, salt: bytes) -> None:
    with pytest.raises(ValueError, match=r"fit uint256|32 bytes"):
        domain_separator(chain_id, salt)


def test_a_word_holds_only_what_its_type_holds() -> None:
    assert uint_word(65535, 16).endswith(b"\0\xff\xff")
    for value in (-1, 65536):
        with pytest.raises(ValueError, match="uint16"):
            uint_word(value, 16)
    with pytest.raises(BadAddress):
        address_word("0x" + "AB" * 20)
    with pytest.raises(ValueError, match="surrogates"):
        string_word("\ud800")
