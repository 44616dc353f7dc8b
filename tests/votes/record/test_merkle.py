"""The tree against the recursive definition of RFC 6962, section 2.1."""

import hashlib
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from votes.record.merkle import (
    Frontier,
    ballot_leaf,
    consistency_proof,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    perfect_parts,
    range_root,
    root,
    verify_consistency,
    verify_inclusion,
)

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


def subproof(m: int, data: list[bytes], complete: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), as the RFC writes it."""
    if m == len(data):
        return [] if complete else [mth(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], complete), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


# Certificate Transparency's own consistency proofs between prefixes of its eight leaves.
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


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


@pytest.mark.parametrize(("sizes", "expected"), CT_CONSISTENCY.items())
def test_the_consistency_proofs_of_certificate_transparency_hold(
    sizes: tuple[int, int], expected: list[str]
) -> None:
    old, new = sizes
    leaves = list(map(leaf_hash, CT_LEAVES[:new]))
    assert [each.hex() for each in consistency_proof(leaves, old)] == expected
    roots = (bytes.fromhex(CT_ROOTS[old]), bytes.fromhex(CT_ROOTS[new]))
    assert verify_consistency(old, new, *roots, list(map(bytes.fromhex, expected)))


@pytest.mark.parametrize("new", [*range(40), 63, 64, 65, 200])
def test_every_tree_is_shown_to_begin_every_later_one_as_defined(new: int) -> None:
    data = contents(new)
    leaves = [leaf_hash(content) for content in data]
    for old in range(new + 1) if new < 40 else (1, 2, 31, 32, 33, new - 1):
        proof = consistency_proof(leaves, old)
        assert proof == (subproof(old, data, True) if old else [])
        assert verify_consistency(old, new, root(leaves[:old]), root(leaves), proof)


@settings(deadline=None)
@given(st.data())
def test_no_tree_is_shown_to_begin_another(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 40))
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    leaves = [leaf_hash(content) for content in contents(new)]
    forged = [leaf_hash(b"other") if place == changed else leaf for place, leaf in enumerate(leaves)]
    before, after, proof = root(leaves[:old]), root(leaves), consistency_proof(leaves, old)
    for mine in (proof, consistency_proof(forged, old)):
        assert not verify_consistency(old, new, before, root(forged), mine)
        assert not verify_consistency(old, new, root(forged[:old]), after, mine)
    assert not verify_consistency(old, new, before, after, [*proof, sha(b"")])
    assert not verify_consistency(old, new, before, after, proof[:-1])
    assert not verify_consistency(new, old, after, before, proof)
    other = data.draw(st.integers(0, new).filter(lambda size: size != old))
    assert not verify_consistency(other, new, before, after, proof)


def test_of_nothing_and_of_the_same_there_is_nothing_to_show() -> None:
    top = root([leaf_hash(b"a")])
    assert verify_consistency(0, 1, root([]), top, [])
    assert not verify_consistency(0, 1, top, top, [])
    assert verify_consistency(1, 1, top, top, [])
    assert not verify_consistency(1, 1, top, top, [top])
    assert not verify_consistency(1, 1, top, root([]), [])
    assert not verify_consistency(-1, 1, top, top, [])
    with pytest.raises(IndexError):
        consistency_proof([top], 2)


@settings(deadline=None)
@given(st.integers(1, 3000), st.data())
def test_ranges_of_perfect_subtrees_make_the_same_proofs(size: int, data: st.DataObject) -> None:
    """What is read from stored subtrees equals what is hashed anew."""
    index = data.draw(st.integers(0, size - 1))
    leaves = [leaf_hash(content) for content in contents(min(size, 50))] * (size // 50 + 1)
    leaves = leaves[:size]
    for start, end in inclusion_ranges(index, size):
        parts = perfect_parts(start, end)
        assert sum(1 << level for level, _ in parts) == end - start
        assert all(place << level >= start for level, place in parts)
        made = range_root(start, end, lambda level, at: root(leaves[at << level : at + 1 << level]))
        assert made == root(leaves[start:end])
    path = [root(leaves[start:end]) for start, end in inclusion_ranges(index, size)]
    assert path == inclusion_proof(leaves, index)


def test_the_subtrees_that_are_kept_are_those_of_every_eighth_level() -> None:
    leaves = [leaf_hash(n.to_bytes(3, "big")) for n in range(2 * 65536 + 300)]
    frontier, kept = Frontier(), list[tuple[int, int, bytes]]()
    for leaf in leaves:
        frontier.append(leaf, kept)
    expected = {(8, index) for index in range(len(leaves) >> 8)} | {(16, 0), (16, 1)}
    assert len(kept) == len(expected)
    assert {place[:2] for place in kept} == expected
    assert all(hash == root(leaves[at << level : at + 1 << level]) for level, at, hash in kept)


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
