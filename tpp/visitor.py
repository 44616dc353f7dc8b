"""The parts of a page that depend on who looks at it; all else is alike for everybody.

A template leaves such a part to `{% visitor "template.html" name=value … %}`. Usually it is rendered in place. Where
a page is rendered for everybody (`tpp.shared_pages`), it becomes a mark that is filled in for each visitor.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.template import Context, loader
from django.template.context_processors import csrf
from django.utils.safestring import SafeString, mark_safe

_MARKS = "visitor_marks"


@dataclass(frozen=True)
class Part:
    """A part that depends on the visitor: its template, and what that is told beside the visitor."""

    template: str
    given: Mapping[str, Any]

    def render(self, request: HttpRequest | None) -> SafeString:
        """The part for whoever sends `request`; for nobody without one."""
        words: dict[str, Any] = {**self.given, "user": getattr(request, "user", AnonymousUser())}
        if request is not None:
            words |= {"request": request, "messages": get_messages(request), **csrf(request)}
        return loader.get_template(self.template).template.render(Context(words))  # type: ignore[attr-defined, no-any-return]


@dataclass
class Marks:
    """The marks of one page while it is rendered. Nobody can write one: its name is random, and never sent."""

    name: str = field(default_factory=lambda: secrets.token_hex(16))
    parts: list[Part] = field(default_factory=list)

    def leave(self, part: Part) -> SafeString:
        self.parts.append(part)
        return mark_safe(f"<!--{self.name}:{len(self.parts) - 1}-->")  # noqa: S308 (hexadecimal and a number)

    def split(self, body: bytes) -> tuple[bytes | Part, ...]:
        """The page between its marks, and the parts in their places."""
        before, *behind = body.split(f"<!--{self.name}:".encode())
        pieces: list[bytes | Part] = [before]
        for text in behind:
            number, _, after = text.partition(b"-->")
            pieces += [self.parts[int(number)], after]
        return tuple(pieces)


def leave_marks(request: HttpRequest) -> Marks:
    """From now on the parts of what `request` renders are marks."""
    marks = Marks()
    setattr(request, _MARKS, marks)
    return marks


def place(request: HttpRequest | None, part: Part) -> SafeString:
    """The part itself, or its mark."""
    marks: Marks | None = getattr(request, _MARKS, None)
    return part.render(request) if marks is None else marks.leave(part)


def fill(pieces: tuple[bytes | Part, ...], request: HttpRequest) -> bytes:
    """The page for whoever sends `request`."""
    return b"".join(piece if isinstance(piece, bytes) else piece.render(request).encode() for piece in pieces)
