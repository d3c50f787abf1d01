"""Emoji in words: to the encoder each of them is the same unknown word."""

from __future__ import annotations

import unicodedata

from core.text import printable
from core.vibe.gazetteer import EMOJI


def spoken(text: str) -> str:
    """The text with its emoji in words."""
    if text.isascii():
        return text
    return printable("".join(_meaning(c) if unicodedata.category(c) == "So" else c for c in text)) or text


def _meaning(emoji: str) -> str:
    return f" {EMOJI.get(emoji) or unicodedata.name(emoji, '').lower().removesuffix(' face')} "
