"""The tree against the recursive definition of RFC 6962, section 2.1."""

import hashlib
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votes.record.merkle import Frontier, ballot_leaf, inclusion_proof, leaf_hash, root, verify_inclusion

# The eight leaves that Certificate Transparency's own tests use, and the roots over their prefixes.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def mth(data: list[bytes]) -> bytes:
    """MTH(D[n]), as the RFC writes it."""
    if not data:
        return sha(b"")
    if len(data) == 1:
        return sha(b"\x00" + data[0])
    k = split(len(data))
    return sha(b"\x01" + mth(data[:k]) + mth(data[k:]))


def path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), as the RFC writes it."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def contents(size: int) -> list[bytes]:
    return [random.Random(n).randbytes(n % 50) for n in range(size)]


@pytest.mark.parametrize(("size", "expected"), list(enumerate(CT_ROOTS)))
def test_the_vectors_of_certificate_transparency_hold(size: int, expected: str) -> None:
    assert root(map(leaf_hash, CT_LEAVES[:size])).hex() == expected == mth(CT_LEAVES[:size]).hex()


@pytest.mark.parametrize("size", [*range(1, 70), 127, 128, 129, 1000])
def test_root_and_proofs_agree_with_the_definition(size: int) -> None:
    data = contents(size)
    leaves = [leaf_hash(content) for content in data]
    top = root(iter(leaves))
    assert top == mth(data)
    for index in range(size) if size < 70 else (0, 1, size // 2, size - 2, size - 1):
        proof = inclusion_proof(leaves, index)
        assert proof == path(index, data)
        assert verify_inclusion(leaves[index], index, size, proof, top)


def test_one_pass_gives_the_root_of_every_prefix_in_little_memory() -> None:
    leaves = [leaf_hash(content) for content in contents(300)]
    frontier = Frontier()
    for size, leaf in enumerate(leaves):
        assert frontier.size == size
        assert frontier.root() == root(leaves[:size])
        assert len(frontier.peaks) == size.bit_count()
        frontier = replace(frontier, peaks=list(frontier.peaks))  # as if stored and taken up again
        frontier.append(leaf)


@settings(deadline=None)
@given(st.data())
def test_a_proof_shows_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    index = data.draw(st.integers(0, size - 1))
    leaves = [leaf_hash(content) for content in contents(size)]
    top, proof = root(leaves), inclusion_proof(leaves, index)
    elsewhere = data.draw(st.integers(-2, size + 2).filter(lambda n: n != index))
    assert not verify_inclusion(leaves[index], elsewhere, size, proof, top)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, top)
    assert not verify_inclusion(leaves[index], index, size, proof, sha(top))
    assert not verify_inclusion(leaves[index], index, size, [*proof, sha(b"")], top)
    if proof:
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], top)
        assert not verify_inclusion(leaves[index], index, size, [sha(proof[0]), *proof[1:]], top)


def test_there_is_nothing_in_an_empty_tree() -> None:
    assert not verify_inclusion(leaf_hash(b""), 0, 0, [], root([]))
    for index in (-1, 0, 3):
        with pytest.raises(IndexError):
            inclusion_proof([leaf_hash(b"")] * 3 if index else [], index)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert root([leaf_hash(left + right)]) != root([left, right])


def test_a_ballot_s_leaf_is_digest_and_instant() -> None:
    assert ballot_leaf(b"\x11" * 32, 1_795_629_600_000_001) == b"\x11" * 32 + bytes.fromhex(
        "0006611d9874c801"
    )
    for digest, instant in ((b"short", 1), (bytes(32), -1), (bytes(32), 1 << 64)):
        with pytest.raises(ValueError, match="leaf"):
            ballot_leaf(digest, instant)
