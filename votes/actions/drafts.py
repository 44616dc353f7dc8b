"""Drafts: saved as they are typed, never over somebody's newer words, seen by their author alone."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.db import connection

from accounts.models import Wallet
from journal.refusal import Refusal
from power.models import SnapshotPower
from votes.actions.cycles import find_cycle
from votes.models import Ballot, Cycle, Draft
from votes.refusals import refuse

MOST_BYTES = 60_000  # below the 64 KiB that a browser still sends while a page goes away
MOST_LINES = 400
MOST_LETTERS = 32  # of what stands in one line

_LINE = re.compile(r"(\*|[a-z0-9][a-z0-9-]{0,63})/[a-z0-9][a-z0-9-]{0,63}")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_LARGEST_VERSION = 2**31 - 1


class DraftChanged(Refusal):
    """Somebody with the same wallet saved meanwhile; `draft` is the newer state, None where it was forgotten."""

    def __init__(self, draft: Draft | None) -> None:
        words = "This draft was changed elsewhere meanwhile. Compare both and say which one stays."
        super().__init__("draft_changed", words, status=409)
        self.draft = draft


@dataclass(frozen=True)
class Edit:
    """What the author's device sends: the version that it last saw (0: none), and what stands on the page now."""

    base: int
    content: dict[str, Any]

    @property
    def is_empty(self) -> bool:
        return not self.content["lines"] and not self.content["reason"].strip()


class Saved(NamedTuple):
    """What a draft became."""

    version: int
    saved_at: datetime


def open_draft(*, number: int, wallet: Wallet, at: datetime) -> Draft:
    """The author's draft; notes when the ballot was first opened. Raises `no_draft` where nothing is saved."""
    cycle = find_cycle(number=number, at=at)
    if cycle.phase == "open":
        Draft.objects.bulk_create([Draft(cycle=cycle, wallet=wallet, opened_at=at)], ignore_conflicts=True)
    draft = _draft_of(wallet, cycle)
    if draft is None:
        raise Refusal("no_draft", "Nothing is saved for this cycle and wallet.", status=404)
    return draft


def save_draft(*, number: int, wallet: Wallet, edit: Edit, at: datetime) -> Saved:
    """Save `edit` as the draft's next version, if it was made on the newest one; raises DraftChanged otherwise.

    One statement compares and writes, so of two devices that save at once exactly one succeeds. What is empty is
    saved as nothing.
    """
    cycle = _open_cycle(number, at)
    _check_power(cycle, wallet)
    content = None if edit.is_empty else json.dumps(edit.content)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO votes_draft AS draft
                (cycle_id, wallet_id, opened_at, version, content, first_saved_at, saved_at)
            SELECT %(cycle)s, %(wallet)s, %(at)s, 1, %(content)s::jsonb, %(at)s, %(at)s
            WHERE %(base)s = 0
               OR EXISTS (SELECT FROM votes_draft WHERE cycle_id = %(cycle)s AND wallet_id = %(wallet)s)
            ON CONFLICT (cycle_id, wallet_id) DO UPDATE
            SET version = draft.version + 1, content = excluded.content,
                first_saved_at = coalesce(draft.first_saved_at, %(at)s),
                saved_at = greatest(draft.saved_at, %(at)s)
            WHERE draft.version = %(base)s OR (%(base)s = 0 AND draft.content IS NULL)
            RETURNING version, saved_at
            """,
            {"cycle": cycle.pk, "wallet": wallet.pk, "at": at, "base": edit.base, "content": content},
        )
        saved = cursor.fetchone()
    if saved is None:
        raise DraftChanged(_draft_of(wallet, cycle))
    return Saved(*saved)


def _draft_of(wallet: Wallet, cycle: Cycle) -> Draft | None:
    return Draft.objects.of(wallet).filter(cycle=cycle, content__isnull=False).first()


def forget_draft(*, number: int, wallet: Wallet, at: datetime) -> None:
    """Delete what the author's draft says; that there was one stays until the cycle's drafts are counted."""
    cycle = find_cycle(number=number, at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE votes_draft SET content = NULL, version = version + 1, saved_at = greatest(saved_at, %s)
            WHERE cycle_id = %s AND wallet_id = %s AND content IS NOT NULL
            """,
            [at, cycle.pk, wallet.pk],
        )


def is_sent(draft: Draft) -> bool:
    """Whether a ballot of the author came in after the draft's last change."""
    newer = Ballot.objects.filter(
        cycle=draft.cycle_id, voter=draft.wallet_id, received_at__gte=draft.saved_at
    )
    return newer.exists()


def parse_edit(body: bytes) -> Edit:
    """Read what a device sends, in exactly one form.

    >>> parse_edit(b'{"base": 0, "content": {"lines": {"ignite/lending": "12.5"}, "locked": [], "reason": ""}}').base
    0
    """
    if len(body) > MOST_BYTES:
        raise _malformed(f"A draft has at most {MOST_BYTES:,} bytes. Shorten the reason.")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _malformed("This is not JSON.") from error
    _check_keys(sent, "base", "content")
    base, content = sent["base"], sent["content"]
    if type(base) is not int or not 0 <= base <= _LARGEST_VERSION:
        raise _malformed("`base` is the version that was last seen, 0 where none was.")
    _check_keys(content, "lines", "locked", "reason")
    lines, locked, reason = content["lines"], content["locked"], content["reason"]
    if (
        not isinstance(lines, dict)
        or not isinstance(locked, list)
        or max(len(lines), len(locked)) > MOST_LINES
    ):
        raise _malformed(f"`lines` is an object and `locked` a list, of at most {MOST_LINES} lines each.")
    if not all(_is_a_line(key) for key in (*lines, *locked)):
        raise _malformed("A line is named by its programme and its typology, such as `ignite/lending`.")
    if not all(_is_text(value) and len(value) <= MOST_LETTERS for value in lines.values()):
        raise _malformed(f"A line holds what was typed, at most {MOST_LETTERS} letters.")
    if not _is_text(reason):
        raise _malformed("`reason` is text.")
    return Edit(base, cast(dict[str, Any], content))


def _check_keys(value: object, *keys: str) -> None:
    if not isinstance(value, dict) or value.keys() != set(keys):
        raise _malformed(f"An object with exactly {', '.join(f'`{key}`' for key in keys)} is needed here.")


def _is_a_line(key: object) -> bool:
    return isinstance(key, str) and _LINE.fullmatch(key) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not _UNSTORABLE.search(value)


def _malformed(reason: str) -> Refusal:
    return refuse("malformed", reason=reason)


def _open_cycle(number: int, at: datetime) -> Cycle:
    cycle = find_cycle(number=number, at=at)
    if cycle.phase == "cancelled":
        raise refuse("cycle_cancelled")
    if cycle.phase in ("planned", "announced"):
        raise refuse("not_open_yet")
    if cycle.phase != "open":
        raise refuse("closed")
    return cycle


def _check_power(cycle: Cycle, wallet: Wallet) -> None:
    if not SnapshotPower.objects.filter(
        snapshot=cycle.power.snapshot_id, address=wallet.pk, power__gt=0
    ).exists():
        raise refuse("no_power_at_snapshot")
