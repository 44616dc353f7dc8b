"""The public HTTP API, as any program outside would call it."""

import json
import urllib.error
import urllib.request
from typing import Any

from votes.record.rules import Rules


class Api:
    """The API of the site at `base_url`; what it refuses with 4xx or 5xx raises urllib's HTTPError."""

    def __init__(self, base_url: str) -> None:
        self.root = base_url.rstrip("/")
        self.cycles = f"{self.root}/api/v1/cycles/"
        # a loopback address is never behind a proxy
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, address: str) -> Any:
        """The JSON at `address`, a full one or one below the cycles'."""
        return json.loads(self.read(address))

    def read(self, address: str) -> bytes:
        full = address if address.startswith("http") else self.cycles + address
        with self._opener.open(full, timeout=10) as response:
            data: bytes = response.read()
            return data

    def open_cycle(self) -> int | None:
        """The number of the cycle that is open, if one is."""
        return next((cycle["number"] for cycle in self.get("")["cycles"] if cycle["phase"] == "open"), None)

    def rules(self, number: int) -> Rules:
        return Rules.parse(self.read(f"{number}/rules.json"))

    def newest_nonce(self, number: int, voter: str) -> int | None:
        """The nonce of the voter's newest ballot; None where there is none."""
        newest = self.get(f"{number}/voters/{voter}/")["newest"]
        nonce: int | None = newest and newest["nonce"]
        return nonce

    def ballots(self, number: int) -> list[dict[str, Any]]:
        """Every ballot of a cycle, page after page."""
        ballots: list[dict[str, Any]] = []
        address = f"{number}/ballots/"
        while address:
            page = self.get(address)
            ballots += page["ballots"]
            address = self.root + page["next"] if page["next"] else ""
        return ballots

    def send(self, number: int, body: bytes) -> tuple[int, dict[str, Any]]:
        """Send a ballot; the status and what was answered, whatever it is."""
        request = urllib.request.Request(  # noqa: S310 (the demo's own loopback address)
            f"{self.cycles}{number}/ballots/", body, {"Content-Type": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=10) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
