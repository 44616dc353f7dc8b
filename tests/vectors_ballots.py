"""Makes tests/vectors/ballots.json: ballots by a fixed seed, with the digests that every implementation must find.

`python -m tests.vectors_ballots` writes the file anew; the tests hold it against eth_account, Python and the browser.
"""

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

from chain.signing import domain_separator
from votes.record.ballot import MAX_NONCE, Ballot, Line, ballot_digest, typed_data

FILE = Path(__file__).parent / "vectors" / "ballots.json"
COUNT = 200
WORDS = [
    "Depth", "that stays.", "Für", "深さ", "עברית", "العربية", "ελληνικά", "Ünïcödé", "🗳️", "👩‍👩‍👧",
    "\n", "\t", '"', "\\", "<b>&amp;</b>", "e\u0301", "\u2028", "\ufeff", "\u200f", "नमस्ते", "ﬁ", "100 %", "—",
]  # fmt: skip
SLUGS = ["*", "ignite", "security", "a", "0", "x" * 64, "long-name-of-a-programme-2", "größe", "深さ"]


def vectors() -> list[dict[str, Any]]:
    rng = random.Random("TPP golden ballots 1")
    return [_vector(rng) for _ in range(COUNT)]


def _vector(rng: random.Random) -> dict[str, Any]:
    chain_id = rng.choice([1, 300, 324, 2**53 - 1])
    salt = rng.randbytes(32)
    ballot = Ballot(
        cycle=str(rng.choice([0, 1, 12, 9_999_999_999_999_999])),
        rules=rng.randbytes(32),
        voter="0x" + rng.randbytes(20).hex(),
        nonce=rng.choice([0, 1, 1_700_000_000_000, MAX_NONCE, rng.randrange(MAX_NONCE)]),
        reason=unicodedata.normalize("NFC", " ".join(rng.choices(WORDS, k=rng.choice([0, 1, 4, 20])))),
        lines=tuple(
            Line(rng.choice(SLUGS), rng.choice(SLUGS[1:]), rng.randint(1, 10_000))
            for _ in range(rng.choice([0, 1, 2, 12, 50]))
        ),
    )
    digest = ballot_digest(ballot, domain_separator(chain_id, salt))
    data = typed_data(ballot, chain_id, salt)
    return {"domain": data["domain"], "message": data["message"], "digest": "0x" + digest.hex()}


def text() -> str:
    """The file: one vector a line."""
    rows = ",\n".join(json.dumps(vector, ensure_ascii=True, separators=(",", ":")) for vector in vectors())
    return f"[\n{rows}\n]\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="ascii")
