"""Random ballots with all kinds of text, the same ones on every run."""

import random
import unicodedata

import pytest

from votes.record.ballot import MAX_NONCE, Ballot, Line

ALPHABETS = [
    "abc \n\t-.",
    "äöüßéñ",
    "日本語テキスト",
    "🗳️👩‍👩‍👧🇨🇭",
    "עברית",
    "e\u0301\u0323",
    '"\\</>{}',
    "\u2028\ufeff\u200f",
]


def random_text(rng: random.Random, most: int) -> str:
    alphabet = "".join(rng.sample(ALPHABETS, 3))
    return unicodedata.normalize("NFC", "".join(rng.choices(alphabet, k=rng.randint(0, most))))


def random_ballot(rng: random.Random) -> Ballot:
    lines = (
        Line(
            programme=rng.choice(["*", "ignite", "security-2", "0", "x" * 64]),
            typology=f"t{rng.randint(0, 999)}-{'y' * rng.randint(0, 50)}",
            basis_points=rng.choice([1, 10_000, rng.randint(1, 10_000)]),
        )
        for _ in range(rng.choice([0, 1, 2, 12, 40]))
    )
    return Ballot(
        cycle=str(rng.randint(0, 10**6)),
        rules=rng.randbytes(32),
        voter="0x" + rng.randbytes(20).hex(),
        nonce=rng.choice([0, 1, MAX_NONCE, rng.randint(0, MAX_NONCE)]),
        reason=random_text(rng, rng.choice([0, 5, 300])),
        lines=tuple(lines),
    )


@pytest.fixture(scope="session")
def ballots() -> list[Ballot]:
    """400 random ballots."""
    rng = random.Random(712)
    return [random_ballot(rng) for _ in range(400)]
