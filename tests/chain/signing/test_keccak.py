"""Keccak-256 against another implementation."""

import random

import pytest
from eth_utils.crypto import keccak

from chain.signing import keccak256


@pytest.mark.parametrize("size", [0, 1, 31, 32, 64, 135, 136, 137, 271, 272, 273, 5000])
def test_it_agrees_around_the_block_boundaries(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert keccak256(data) == keccak(data)
