"""Text from people and catalogues, made safe to stand in a Discord message."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

from core.models import Track
from core.text import printable

ELLIPSIS: Final = "…"
_MARKDOWN: Final = frozenset("\\*_~|`>#[]<")
_LINK_LABEL: Final = str.maketrans("[]", "()")
_SAFE_URL: Final = re.compile(r"https?://[^\s<>()\[\]\\]+")
_SEARCH: Final = Track(id="", title="", artists=("",)).url.rpartition("/")[0] + "/"


def safe(text: str, limit: int) -> str:
    """The text on one line, with nothing in it that Discord would act on; at most `limit` characters of message."""
    cleaned = printable(text)
    pieces: list[str] = []
    length = 0
    for at, character in enumerate(cleaned):
        piece = _inert(character, cleaned[at + 1 : at + 3])
        length += len(piece)
        pieces.append(piece)
        if length > limit:
            return _cut(pieces, length, limit)
    return "".join(pieces)


def safe_label(text: str, limit: int) -> str:
    """As `safe`, for the text of a link: square brackets would end it, escaped or not, so they become round."""
    return safe(text.translate(_LINK_LABEL), limit)


def safe_url(url: str, limit: int) -> str | None:
    """The address where it can stand in a link of at most `limit` characters; a long search is shortened to fit."""
    if len(url) > limit and url.startswith(_SEARCH):
        words = printable(unquote(url.removeprefix(_SEARCH)))
        while words and len(url) > limit:
            words = words.rpartition(" ")[0] or words[: len(words) * 2 // 3]
            url = _SEARCH + quote(words, safe="")
    return url if len(url) <= limit and _SAFE_URL.fullmatch(url) else None


def _inert(character: str, following: str) -> str:
    if character in _MARKDOWN or (character == ":" and following == "//"):
        return "\\" + character
    # A backslash hides a mention from the eye, not from those who parse the text: a zero-width space does both.
    return "@\u200b" if character == "@" else character


def _cut(pieces: list[str], length: int, limit: int) -> str:
    while pieces and length > limit - len(ELLIPSIS):
        length -= len(pieces.pop())
    return "".join(pieces).rstrip() + ELLIPSIS
