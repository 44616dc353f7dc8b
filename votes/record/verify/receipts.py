"""Receipts that voters kept: signed by the receipt key, and their ballots in the record at that instant."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from votes.record.instants import from_iso
from votes.record.lines import BallotLine
from votes.record.receipt import Receipt, verify_receipt
from votes.record.rules import Rules
from votes.record.verify.checks import Report
from votes.record.verify.trees import Head

FRAUD = "PROOF OF FRAUD: "


class Unreadable(ValueError):
    """A file given to the verifier is not what it should be; the message says why."""


@dataclass(frozen=True)
class Kept:
    """A receipt from a file: where it stood, and what was signed."""

    where: str
    receipt: Receipt
    signature: bytes


def read_receipts(where: str, data: bytes) -> list[Kept]:
    """The receipts in a file: one as the site offers it, or a list of such."""
    documents = _json(where, data)
    try:
        return [_receipt(where, one) for one in (documents if isinstance(documents, list) else [documents])]
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unreadable(f"{where} holds no receipt as this site gives it: {error}") from error


def _receipt(where: str, document: Mapping[str, Any]) -> Kept:
    signed = document["receipt"]
    if signed["version"] != 1:
        raise ValueError(f"version {signed['version']} of receipts is not known here")
    receipt = Receipt(
        cycle=signed["cycle"],
        rules=bytes.fromhex(signed["rules"][2:]),
        digest=bytes.fromhex(signed["digest"][2:]),
        received_at=from_iso(signed["received_at"]),
        status=signed["status"],
        commitment=bytes.fromhex(signed["commitment"][2:]) if "commitment" in signed else None,
    )
    return Kept(where, receipt, bytes.fromhex(document["signature"][2:]))


def read_heads(where: str, data: bytes) -> list[Head]:
    """Tree heads that somebody saved: a list, an object with `heads` as the API answers, or one on each line."""
    lines = data.splitlines()
    try:
        documents = _json(where, data)
    except Unreadable:
        documents = [_json(where, line) for line in lines if line.strip()]
    if isinstance(documents, dict):
        documents = documents.get("heads", [documents])
    try:
        return [Head.read(document) for document in documents]
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unreadable(f"{where} holds no tree heads as this site gives them: {error}") from error


def _json(where: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{where} is not JSON: {error}") from error


class Receipts:
    """The receipts to look for while the ballots pass by."""

    def __init__(self, rules: Rules, report: Report, kept: Sequence[Kept]) -> None:
        self._report, self._kept = report, kept
        self._found: dict[bytes, str] = {}
        self._wanted = {one.receipt.digest for one in kept}
        self._signed = []
        for one in kept:
            if one.receipt.rules != rules.hash:
                self._fail(one, f"a receipt of cycle {rules.cycle}", f"one of cycle {one.receipt.cycle}")
            elif not verify_receipt(rules.receipt_key, one.receipt, one.signature):
                self._fail(
                    one, "a signature by the receipt key of the rules", "none such: this is no receipt"
                )
            else:
                self._signed.append(one)

    def take(self, ballot: BallotLine) -> None:
        """A ballot of the record."""
        if ballot.digest in self._wanted:
            self._found[ballot.digest] = ballot.received_at

    def take_waiting(self, fields: Mapping[str, Any]) -> None:
        """A ballot that waited, and was not found valid."""
        digest = bytes.fromhex(fields["digest"][2:])
        if digest in self._wanted:
            self._found.setdefault(digest, "waiting")

    def finish(self) -> None:
        """See that the ballot of every receipt is here."""
        for one in self._signed:
            receipt = one.receipt
            found, stated = self._found.get(receipt.digest), receipt.content()["received_at"]
            if found is None:
                lost = (
                    "it is missing from this record. Keep both files; docs/record.md says how to show them."
                )
                self._fail(one, f"ballot 0x{receipt.digest.hex()}, received {stated}", FRAUD + lost)
            elif receipt.status == "accepted" and found != stated:
                self._fail(one, f"the ballot as received {stated}", f"{FRAUD}here it says {found}")
        if self._kept:
            self._report.made("receipts")
        else:
            self._report.not_applicable("receipts", "No receipt was given (--receipt FILE).")

    def _fail(self, one: Kept, expected: str, found: str) -> None:
        self._report.fail("receipts", one.where, expected=expected, found=found)


def fraud(findings: Iterable[str]) -> list[str]:
    """Those of the findings that prove fraud."""
    return [found for found in findings if found.startswith(FRAUD)]
