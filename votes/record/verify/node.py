"""What only a node of the chain can tell: power at a block, and signatures of contract wallets."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from votes.record.instants import iso
from votes.record.lines import BallotLine, Holder
from votes.record.rules import Rules
from votes.record.verify.checks import Report

_TIMEOUT = 20  # seconds
_LARGEST = 16 << 20  # bytes of an answer that are read
_VALID = "1626ba7e"  # what isValidSignature answers, EIP-1271


class NodeFault(OSError):
    """The node did not answer, or not with a result."""


class Node:
    """A node that speaks JSON-RPC over HTTP."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise NodeFault(f"{url} is no address of a node: it begins with http:// or https://")
        self._url = url

    def ask(self, method: str, *parameters: Any) -> Any:
        """The result of one call; NodeFault where there is none."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        headers = {"Content-Type": "application/json", "User-Agent": "tpp-verify"}
        request = urllib.request.Request(self._url, json.dumps(call).encode(), headers)  # noqa: S310 (http only)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
                document = json.loads(answer.read(_LARGEST))
        except (OSError, ValueError) as error:
            raise NodeFault(f"the node did not answer {method}: {error}") from error
        if not isinstance(document, dict) or "result" not in document:
            fault = document.get("error") if isinstance(document, dict) else document
            raise NodeFault(f"the node refused {method}: {fault}")
        return document["result"]


class OnChain:
    """Checks against a node, where there is one and the record holds something to ask it."""

    def __init__(self, rules: Rules, report: Report, node: Node | None) -> None:
        self._rules, self._report, self._node = rules, report, node
        self._ballots: list[tuple[int, BallotLine]] = []

    def take_power(self, number: int, fields: Mapping[str, Any]) -> None:
        """Where the power comes from."""
        if fields["source"] in ("register", "import"):
            self._report.not_applicable(
                "power_on_chain", "The power comes from a published list, not from a chain."
            )
        else:
            self._report.unknown("power_on_chain", "This version reads no power from a chain.")

    def take_holder(self, number: int, holder: Holder) -> None:
        """One address's power."""

    def take_ballot(self, number: int, ballot: BallotLine) -> None:
        """A ballot of a contract wallet."""
        self._ballots.append((number, ballot))

    def finish(self) -> None:
        """Ask the node about every contract wallet."""
        report = self._report
        if not self._ballots:
            report.not_applicable("contract_signatures", "No ballot is of a contract wallet.")
        elif self._node is None:
            report.unknown("contract_signatures", "It takes a node to tell: give one with --rpc URL.")
        else:
            try:
                self._check(self._node, self._ballots)
                report.made("contract_signatures")
                if any((ballot.evidence or {}).get("standard") == "erc6492" for _, ballot in self._ballots):
                    report.unknown(
                        "contract_signatures", "Wallets that were not deployed (ERC-6492) were not asked."
                    )
            except (NodeFault, TypeError, ValueError) as fault:
                report.unknown("contract_signatures", f"The node gave no answer to use: {fault}")

    def _check(self, node: Node, ballots: Sequence[tuple[int, BallotLine]]) -> None:
        chain = int(node.ask("eth_chainId"), 16)
        for number, ballot in ballots:
            evidence = ballot.evidence or {}
            if evidence.get("chain_id") != chain:
                raise NodeFault(
                    f"the node is of chain {chain}, the wallet of chain {evidence.get('chain_id')}"
                )
            self._check_wallet(node, number, ballot, evidence)

    def _check_wallet(self, node: Node, number: int, ballot: BallotLine, evidence: Mapping[str, Any]) -> None:
        block, closes_at = hex(evidence["block"]), self._rules.instants.closes_at
        found = node.ask("eth_getBlockByNumber", block, False)
        if not isinstance(found, dict) or found.get("hash") != evidence["block_hash"]:
            stated = f"block {evidence['block']} of hash {evidence['block_hash']}"
            self._fail(number, stated, found.get("hash") if isinstance(found, dict) else "none")
            return
        if int(str(found.get("timestamp")), 16) >= int(closes_at.timestamp()):
            self._fail(number, f"a block before {iso(closes_at)}", f"one of second {found['timestamp']}")
        if evidence.get("standard") == "erc6492":
            return
        call = {"to": "0x" + ballot.voter.hex(), "data": "0x" + _is_valid_call(ballot).hex()}
        answer = str(node.ask("eth_call", call, block))
        if not answer.startswith("0x" + _VALID):
            self._fail(number, f"0x{_VALID} from isValidSignature", answer)

    def _fail(self, number: int, expected: object, found: object) -> None:
        self._report.fail("contract_signatures", f"line {number}", expected=expected, found=found)


def _is_valid_call(ballot: BallotLine) -> bytes:
    """isValidSignature(bytes32 digest, bytes signature), ABI-encoded."""
    signature = ballot.signature or b""
    padding = bytes(-len(signature) % 32)
    words = ballot.digest + (64).to_bytes(32, "big") + len(signature).to_bytes(32, "big")
    return bytes.fromhex(_VALID) + words + signature + padding
