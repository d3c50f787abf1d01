"""Reading text as people type it: folding, words, and what must not be passed on."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 2000
# What NFKD leaves whole, though nobody types it when searching.
_LETTERS = str.maketrans({
    "ø": "o", "ł": "l", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "þ": "th", "ð": "d", "’": "'", "‘": "'",
})  # fmt: skip
# Vowel signs of Indic and South-East Asian scripts, which `re` does not count as parts of a word.
VOWEL_SIGNS = "".join(chr(n) for n in range(0x900, 0x1900) if unicodedata.category(chr(n)) in ("Mc", "Mn"))
_LETTER = rf"(?:[^\W_]|[{VOWEL_SIGNS}])"
_WORD = re.compile(rf"{_LETTER}+(?:'{_LETTER}+)*")


def fold(text: str) -> str:
    """Lower case without accents: "Beyoncé" and "beyonce" become one."""
    if text.isascii():  # most names; the long way takes twenty times as long
        return text.lower()
    # Twice: stylised letters hide capitals, and capitals hide accents.
    lowered = unicodedata.normalize("NFKD", text).lower()
    bare = (c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    return "".join(bare).translate(_LETTERS)


def words(text: str) -> list[str]:
    """The words of a text, folded; "don't" is one word."""
    return _WORD.findall(fold(text))


def printable(text: str) -> str:
    """The text without control, format and private characters, white space run together.

    Joiners stay, since emoji are made with them; direction overrides go, since they make a text lie.
    """
    kept = (
        " " if c.isspace() else c
        for c in text
        if c.isspace() or c in "\u200d\ufe0f" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def counted(number: int, thing: str) -> str:
    """A number of things for people: "1 song", "3,008 songs"."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
