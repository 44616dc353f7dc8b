"""A visitor's browser: Django's test client with CSRF checks on, and a wallet that signs texts."""

import json
import re
from typing import Any

from django.test import Client

from chain.signing import personal_digest, sign_digest
from tests.factories import address, key_of

CHAIN = 324


class Visitor:
    """Somebody at a browser, with the keys of `name`."""

    def __init__(self, name: str = "alice") -> None:
        self.name = name
        self.client = Client(enforce_csrf_checks=True)

    @property
    def session_key(self) -> str | None:
        cookie = self.client.cookies.get("sessionid")
        return cookie.value if cookie else None

    def token(self) -> str:
        """The CSRF token that every page gives to its script."""
        found = re.search(r'name="csrf-token" content="(\w+)"', self.client.get("/sign-in/").content.decode())
        assert found
        return found[1]

    def send(self, path: str, body: Any, **headers: Any) -> Any:
        """POST `body` as JSON (bytes as they are), with the CSRF token."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("HTTP_X_CSRFTOKEN", self.token())
        return self.client.post(path, data, content_type="application/json", **headers)

    def ask(self, **changes: Any) -> Any:
        """Ask for the text to sign."""
        return self.send("/sign-in/message/", {"address": address(self.name), "chainId": CHAIN, **changes})

    def finish(self, text: str, *, signer: str | None = None) -> Any:
        """Send `signer`'s signature (the visitor's own) of `text`."""
        signature = sign_digest(key_of(signer or self.name), personal_digest(text))
        return self.send("/sign-in/finish/", {"signature": "0x" + signature.hex()})

    def sign_in(self) -> Any:
        return self.finish(self.ask().json()["text"])

    def is_signed_in(self) -> bool:
        return b"Sign out" in self.client.get("/sign-in/").content
