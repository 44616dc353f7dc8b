"""Signatures of wallets: hashing, addresses, recovery, EIP-712, sign-in. Pure: no Django, no web3."""

from .addresses import BadAddress, checksum_address, is_address, parse_address
from .eip712 import address_word, domain_separator, string_word, type_hash, typed_digest, uint_word
from .keccak import keccak256
from .keys import BadKey, address_of, demo_key, sign_digest
from .recovery import BadSignature, recover
from .siwe import BadMessage, SignInMessage, parse, personal_digest

__all__ = [
    "BadAddress",
    "BadKey",
    "BadMessage",
    "BadSignature",
    "SignInMessage",
    "address_of",
    "address_word",
    "checksum_address",
    "demo_key",
    "domain_separator",
    "is_address",
    "keccak256",
    "parse",
    "parse_address",
    "personal_digest",
    "recover",
    "sign_digest",
    "string_word",
    "type_hash",
    "typed_digest",
    "uint_word",
]
