"""Opening threads and posting."""

import hashlib
import unicodedata
from datetime import datetime

from django.db import transaction

from accounts.models import Wallet
from deliberation.models import Post, PostText, Thread
from journal.refusal import Refusal

LONGEST_POST = 20_000  # characters


def open_thread(*, title: str, address: str, at: datetime, parent: Thread | None = None) -> Thread:
    """A new thread about the page at `address`."""
    return Thread.objects.create(title=title, address=address, opened_at=at, parent=parent)


@transaction.atomic
def publish_post(*, thread: Thread, author: Wallet, text: str, at: datetime) -> Post:
    """Append `text` to `thread`, normalised to NFC, public at once.

    Raises Refusal `empty` or `too_long`.
    """
    words = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\x00", "")).strip()
    if not any(character.isprintable() and not character.isspace() for character in words):
        raise Refusal("empty", "There is nothing to post yet. Write something first.")
    if len(words) > LONGEST_POST:
        raise Refusal("too_long", f"A post holds {LONGEST_POST} characters; this has {len(words)}. Split it.")
    post = Post.objects.create(
        thread=thread, author=author, posted_at=at, text_sha256=hashlib.sha256(words.encode()).digest()
    )
    PostText.objects.create(post=post, text=words)
    return post
