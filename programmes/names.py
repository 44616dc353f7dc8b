"""Names that people can tell apart, and the words that addresses keep for themselves."""

import re
import unicodedata

__all__ = ["RESERVED", "look_alike_key", "slug_of"]

# Addresses below /programmes/ and below a programme, and words that would mislead in one.
RESERVED = frozenset(
    {"admin", "admission", "all", "api", "applications", "apply", "edit", "history"}
    | {"meta", "new", "none", "propose", "sponsor"}
)

# After case folding: what other letters and figures look like. Whole families fold into one letter, so that the
# capital I, the small l and the figure 1 are one. Marks above and below letters are dropped before.
_LOOKS = {
    "a": "аαɑ",
    "b": "вβьъ",
    "c": "сϲᴄ",
    "d": "ԁđδ",
    "e": "еєεзэ3",
    "f": "ƒ",
    "g": "ɡց",
    "h": "нһħ",
    "i": "іιӏlıɩ1|!ł",
    "j": "јϳ",
    "k": "кκ",
    "m": "мμ",
    "n": "пηռ",
    "o": "оοσօ0ø",
    "p": "рρ",
    "q": "ԛգ",
    "r": "гᴦ",
    "s": "ѕ5ꜱ",
    "t": "тτŧ",
    "u": "υսц",
    "v": "νѵ",
    "w": "ԝωшщѡ",
    "x": "хχ",
    "y": "уγү",
    "z": "ᴢζ",
}
_TO_LATIN = str.maketrans({letter: latin for latin, letters in _LOOKS.items() for letter in letters})


def look_alike_key(name: str) -> str:
    """What `name` looks like: names with the same key differ at most in case, marks, spaces or look-alike letters.

    >>> look_alike_key("Ignite") == look_alike_key("IGNІTЕ") == look_alike_key("lg nite") == "ignite"
    True
    >>> look_alike_key("Tools") == look_alike_key("Pools")
    False
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    latin = folded.translate(_TO_LATIN)
    return "".join(c for c in latin if unicodedata.category(c)[0] not in "MZCP") or latin.strip()


def slug_of(name: str) -> str:
    """A short name for addresses made from `name`; empty where it has no Latin letter or figure.

    >>> slug_of("Réseau de prêts"), slug_of("道")
    ('reseau-de-prets', '')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")
