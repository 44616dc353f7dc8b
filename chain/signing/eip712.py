"""EIP-712: the digest that a wallet signs for typed data.

Struct hashing is written out by hand where a struct is used; here are its words and frames.
"""

from .addresses import BadAddress, is_address
from .keccak import keccak256

__all__ = ["address_word", "domain_separator", "string_word", "type_hash", "typed_digest", "uint_word"]

NAME = "TPP"
VERSION = "1"


def type_hash(encoded_type: str) -> bytes:
    """The hash of an encoded type, such as "Mail(address to,string text)".

    >>> type_hash("EIP712Domain(string name)").hex()
    'b2178a58fb1eefb359ecfdd57bb19c0bdd0f4e6eed8547f46600e500ed111af3'
    """
    return keccak256(encoded_type.encode("ascii"))


def string_word(text: str) -> bytes:
    """The 32 bytes that stand for a string: the hash of its UTF-8.

    Raises ValueError for text with lone surrogates, which has no UTF-8.
    """
    return keccak256(text.encode())


def uint_word(value: int, bits: int = 256) -> bytes:
    """The 32 bytes of a uint<bits>. Raises ValueError if `value` does not fit.

    >>> uint_word(7, 16).hex().lstrip("0")
    '7'
    """
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{value} does not fit uint{bits}.")
    return value.to_bytes(32, "big")


def address_word(address: str) -> bytes:
    """The 32 bytes of a canonical address. Raises BadAddress."""
    if not is_address(address):
        raise BadAddress("An address is written as 0x and 40 lower-case hex digits.")
    return bytes(12) + bytes.fromhex(address[2:])


_DOMAIN_TYPE = type_hash("EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)")


def domain_separator(chain_id: int, salt: bytes) -> bytes:
    """The domain "TPP", version "1", of this chain and this deployment (its 32-byte random `salt`).

    Signatures of a rehearsal, a copy or another chain are of another domain, hence worthless here.
    Raises ValueError for a salt of another length or a chain id out of range.

    >>> domain_separator(324, bytes(32)).hex()[:16]
    '565ac7770ad421cc'
    """
    if len(salt) != 32:
        raise ValueError("A salt has 32 bytes.")
    return keccak256(_DOMAIN_TYPE + string_word(NAME) + string_word(VERSION) + uint_word(chain_id) + salt)


def typed_digest(domain_separator: bytes, struct_hash: bytes) -> bytes:
    """The digest to sign: keccak256(0x1901 ‖ domain separator ‖ struct hash)."""
    return keccak256(b"\x19\x01" + domain_separator + struct_hash)
