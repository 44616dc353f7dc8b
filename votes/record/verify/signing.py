"""Digests and signatures of ballots, spread over the processors of this machine."""

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from chain.signing import BadSignature, recover
from votes.record.ballot import Ballot, Line, digest_with_reason_hash
from votes.record.lines import BallotLine, read_ballot
from votes.record.rules import Rules
from votes.record.verify.checks import Report

_BATCH = 500  # ballots at a time
_AHEAD = 8  # batches a worker that may wait, so that memory stays bounded

Fault = tuple[int, str, str, str]  # number of the line, name of the check, what was expected, what was found
Job = tuple[int, bytes | BallotLine]  # bytes travel between processes at a tenth of the cost


@dataclass(frozen=True)
class Terms:
    """What a digest needs beside the ballot; small enough to be sent along."""

    cycle: str
    rules: bytes
    domain_separator: bytes
    options: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rules: Rules) -> "Terms":
        return cls(str(rules.cycle), rules.hash, rules.domain_separator, tuple(rules.option_numbers))

    def digest(self, ballot: BallotLine) -> bytes:
        """The EIP-712 digest of a ballot as the record shows it."""
        lines = tuple(
            Line(*self.options[option], share)
            for option, share in zip(ballot.options, ballot.shares, strict=True)
        )
        voter = "0x" + ballot.voter.hex()
        signed = Ballot(self.cycle, self.rules, voter, ballot.nonce, "", lines)
        return digest_with_reason_hash(signed, ballot.reason, self.domain_separator)


class Signatures:
    """Takes ballots as they come, and reports in the end what is wrong with digests and signatures."""

    def __init__(self, rules: Rules, report: Report, workers: int | None = None) -> None:
        self._terms, self._report = Terms.of(rules), report
        self._is_import = rules.origin == "imported"
        self._batch: list[Job] = []
        self._waiting: deque[Future[list[Fault]]] = deque()
        self._workers = (os.cpu_count() or 1) if workers is None else workers
        self._pool: ProcessPoolExecutor | None = None
        self.count = 0

    def take(self, number: int, ballot: BallotLine, raw: bytes) -> None:
        """One ballot, and the line it was read from; it is checked when a batch is full."""
        self.count += 1
        is_plain = ballot.blind is None and ballot.evidence is None
        self._batch.append((number, raw if is_plain else ballot))
        if len(self._batch) >= _BATCH:
            self._send()

    def _send(self) -> None:
        batch, self._batch = self._batch, []
        if self._workers <= 1 or (self._pool is None and len(batch) < _BATCH):
            self._note(check_batch(self._terms, batch, is_import=self._is_import))
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers)
        future = self._pool.submit(check_batch, self._terms, batch, is_import=self._is_import)
        self._waiting.append(future)
        while len(self._waiting) > self._workers * _AHEAD:
            self._note(self._waiting.popleft().result())

    def finish(self) -> None:
        """Wait for what is under way."""
        self._send()
        while self._waiting:
            self._note(self._waiting.popleft().result())
        if self._pool is not None:
            self._pool.shutdown()
        self._report.made("digests", "signatures")
        if self._is_import:
            self._report.unknown("signatures", "This is an unsigned import: its ballots carry no signature.")

    def _note(self, faults: Sequence[Fault]) -> None:
        for number, name, expected, found in faults:
            self._report.fail(name, f"line {number}", expected=expected, found=found)


def check_batch(terms: Terms, batch: Sequence[Job], *, is_import: bool) -> list[Fault]:
    """The faults in digests and signatures of a batch of ballots."""
    faults: list[Fault] = []
    for number, job in batch:
        ballot = read_ballot(job) if isinstance(job, bytes) else job
        if ballot is None:
            continue  # the reader has reported it
        try:
            digest = terms.digest(ballot)
        except (ValueError, IndexError) as error:
            faults.append((number, "digests", "a ballot that has a digest", str(error)))
            continue
        if digest != ballot.digest:
            faults.append((number, "digests", "0x" + digest.hex(), "0x" + ballot.digest.hex()))
        if ballot.signature is None:
            if not is_import:
                faults.append((number, "signatures", "a signature", "none"))
        elif ballot.evidence is None:  # a contract wallet's is checked against a node
            signer = _signer(digest, ballot.signature)
            if signer != "0x" + ballot.voter.hex():
                faults.append((number, "signatures", f"the signature of 0x{ballot.voter.hex()}", signer))
    return faults


def _signer(digest: bytes, signature: bytes) -> str:
    try:
        return recover(digest, signature)
    except BadSignature as error:
        return str(error)
