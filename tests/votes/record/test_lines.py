"""Lines of a record: the fast way to write and read them gives the same bytes as canonical JSON."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from votes.record.canonical import canonical
from votes.record.lines import (
    BallotLine,
    ballot_line,
    holder_line,
    line,
    read_ballot,
    read_holder,
    sealed,
)
from votes.record.shapes import SHAPES, fault_of

INSTANTS = st.datetimes().map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0"))


@st.composite
def ballots(draw: st.DrawFn) -> BallotLine:
    lines = draw(st.lists(st.tuples(st.integers(0, 99_999), st.integers(0, 99_999)), max_size=12))
    return BallotLine(
        position=draw(st.integers(0, 10**9)),
        voter=draw(st.binary(min_size=20, max_size=20)),
        nonce=draw(st.integers(0, 2**53 - 1)),
        sequence=draw(st.integers(1, 999_999_999)),
        replaced=draw(st.booleans()),
        options=[option for option, _ in lines],
        shares=[share for _, share in lines],
        reason=draw(st.binary(min_size=32, max_size=32)),
        digest=draw(st.binary(min_size=32, max_size=32)),
        signature=draw(st.none() | st.binary(min_size=65, max_size=65)),
        received_at=draw(INSTANTS),
    )


@given(ballots())
def test_a_ballot_is_written_as_canonical_json_and_read_back(ballot: BallotLine) -> None:
    raw = ballot_line(ballot)
    assert canonical(json.loads(raw)) + b"\n" == raw
    assert read_ballot(raw) == ballot


@given(ballots(), st.data())
def test_no_other_spelling_of_a_ballot_is_read(ballot: BallotLine, data: st.DataObject) -> None:
    raw = ballot_line(ballot)
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :]
    found = read_ballot(changed)
    assert found is None or ballot_line(found) == changed


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**256 - 1))
def test_a_holder_is_written_as_canonical_json_and_read_back(address: bytes, power: int) -> None:
    raw = holder_line("0x" + address.hex(), power)
    assert canonical(json.loads(raw)) + b"\n" == raw
    holder = read_holder(raw)
    assert holder is not None
    assert (holder.address, holder.power) == (address, power)


def test_a_ballot_of_a_contract_wallet_carries_its_evidence() -> None:
    ballot = BallotLine(
        0,
        bytes(20),
        1,
        1,
        False,
        [0],
        [10_000],
        bytes(32),
        bytes(32),
        b"\x01" * 97,
        "2026-01-01T00:00:00.000000Z",
    )
    ballot.evidence = {
        "chain_id": 1,
        "standard": "eip1271",
        "block": 5,
        "block_hash": "0x" + "00" * 32,
        "block_at": "2026-01-01T00:00:00.000000Z",
    }
    fields = json.loads(ballot_line(ballot))
    assert fields["evidence"] == ballot.evidence
    assert fields.pop("type") == "ballot"
    assert fault_of("ballot", fields) is None
    del fields["evidence"]["block"]
    assert "evidence" in str(fault_of("ballot", fields))


def test_every_line_of_the_fast_path_has_the_shape_that_is_specified() -> None:
    for raw in (
        holder_line("0x" + "00" * 20, 1),
        ballot_line(
            BallotLine(
                0,
                bytes(20),
                1,
                1,
                False,
                [0],
                [10_000],
                bytes(32),
                bytes(32),
                None,
                "2026-01-01T00:00:00.000000Z",
            )
        ),
    ):
        fields = json.loads(raw)
        assert fault_of(fields.pop("type"), fields) is None


def test_the_seal_is_over_every_byte_before_it() -> None:
    body = [line("header", format=1), line("rules", json="{}")]
    *same, seal = sealed(body)
    assert same == body
    assert json.loads(seal) == {
        "type": "seal",
        "lines": 2,
        "sha256": "0x" + hashlib.sha256(b"".join(body)).hexdigest(),
    }


def test_a_field_too_many_too_few_or_of_another_form_is_named() -> None:
    seal = {"lines": 1, "sha256": "0x" + "00" * 32}
    assert fault_of("seal", seal) is None
    assert "has a field" in str(fault_of("seal", {**seal, "more": 1}))
    assert "lacks" in str(fault_of("seal", {"lines": 1}))
    for wrong in (True, -1, 1.0, "1", None, 2**53):
        assert "lines" in str(fault_of("seal", {**seal, "lines": wrong}))
    assert set(SHAPES) >= {"header", "rules", "power", "holder", "ballot", "certificate", "result"}
