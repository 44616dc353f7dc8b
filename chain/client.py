"""Asking an EVM node by JSON-RPC over HTTP, within bounds of time and size, so that no node can hold us up.

Addresses come from the settings alone. A node that does not answer, or answers what is no answer, raises
`NodeFailed`; a question that the node understood and refused raises `Refused`, with the node's words.
"""

import http.client
import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 10.0  # seconds for a whole answer
LARGEST_ANSWER = 16 << 20  # bytes
_PIECE = 1 << 16
_ids = count(1)


class NodeFailed(Exception):
    """The node gave no answer that could be used: try again later, or another one."""


class Refused(Exception):
    """The node answered with an error of its own."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{words[:200]} ({code})")
        self.code = code
        self.words = words


@dataclass(frozen=True)
class Node:
    """One node. `timeout` [seconds] is for a whole answer, however slowly it drips; `largest` [bytes]."""

    url: str
    timeout: float = TIMEOUT
    largest: int = LARGEST_ANSWER

    @property
    def name(self) -> str:
        """Its host, for people: the rest of the address may hold a key."""
        return urlsplit(self.url).hostname or "node"

    def ask(self, method: str, *parameters: object) -> Any:
        """The result of one call. Raises NodeFailed or Refused."""
        answer = self._post(_question(method, parameters))
        return _result(answer)

    def ask_all(self, questions: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The results of a batch, in the order asked; a call that was refused stands as its Refused."""
        if not questions:
            return []
        asked = [_question(method, parameters) for method, parameters in questions]
        answers = self._post(asked)
        if not isinstance(answers, list):
            _result(answers)  # a refusal of the whole batch says why
            raise NodeFailed("The node does not take batches.")
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        if by_id.keys() != {question["id"] for question in asked}:
            raise NodeFailed("The node left out a part of a batch.")
        return [_result_or_refusal(by_id[question["id"]]) for question in asked]

    def _post(self, document: object) -> Any:
        body = json.dumps(document, separators=(",", ":")).encode()
        try:
            data = self._exchange(body)
            return json.loads(data)
        except (OSError, http.client.HTTPException) as error:
            raise NodeFailed(f"{self.name} cannot be reached ({type(error).__name__}).") from error
        except (ValueError, RecursionError) as error:
            raise NodeFailed(f"What {self.name} answers is no JSON.") from error

    def _exchange(self, body: bytes) -> bytes:
        limit = time.monotonic() + self.timeout
        parts = urlsplit(self.url)
        connection = _connect(parts, self.timeout)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise NodeFailed(f"{self.name} answered with HTTP status {answer.status}.")
            pieces, size = [], 0
            while piece := answer.read1(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > self.largest:
                    raise NodeFailed(f"{self.name} answered more than {self.largest:,} bytes.")
                if time.monotonic() > limit:
                    raise NodeFailed(f"{self.name} took more than {self.timeout:g} s.")
            return b"".join(pieces)
        finally:
            connection.close()


def _connect(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def _question(method: str, parameters: Sequence[object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": list(parameters)}


def _result(answer: object) -> Any:
    found = _result_or_refusal(answer)
    if isinstance(found, Refused):
        raise found
    return found


def _result_or_refusal(answer: object) -> Any:
    if not isinstance(answer, dict):
        raise NodeFailed("The node's answer is not of JSON-RPC.")
    error = answer.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        return Refused(code if isinstance(code, int) else 0, str(error.get("message", "")))
    if "result" not in answer:
        raise NodeFailed("The node's answer is not of JSON-RPC.")
    return answer["result"]
