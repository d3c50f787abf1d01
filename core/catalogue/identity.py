"""When two recordings are the same song, and what kind of recording one is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from core.models import Track
from core.text import VOWEL_SIGNS, fold

# "Song - Remastered 2011", "Song (feat. X)", "Song [Radio Edit]": what follows the name of the song.
_SUFFIX = re.compile(r"\s+[-–—]\s+.*$|\s*[\(\[{][^\)\]}]*[\)\]}]|\s+(?:feat|ft|featuring)\.?\s.*$")
# The same names are asked for again and again while a list is made.
_REMEMBERED: Final = 1 << 15
_NOT_WORD = re.compile(rf"(?:(?![{VOWEL_SIGNS}])[\W_])+")
_SPLIT_ARTISTS = re.compile(r"\s*(?:,|;|&|\band\b|\bfeat\.?|\bft\.?|\bwith\b|\by\b)\s*", re.IGNORECASE)

# What a listener does not mean by a song's name; the original is preferred to each of these.
VERSIONS: Final[dict[str, re.Pattern[str]]] = {
    "karaoke": re.compile(
        r"\bkaraoke\b|\bin the style of\b|\bmade famous by\b|\boriginally performed\b|\bbacking track\b"
    ),
    "tribute": re.compile(r"\btribute\b|\bcover version\b|\bas made famous\b"),
    "sped up": re.compile(r"\bsped[ -]up\b|\bslowed\b|\bnightcore\b|\b8d audio\b"),
    "live": re.compile(
        r"\blive\b(?! (?:and|forever|wire|your|is|it|to|for|my)\b)|\bunplugged\b|\b(?:en|ao) vivo\b|\bconcert\b"
    ),
    "remix": re.compile(r"\bremix\b|\bclub mix\b|\bextended mix\b|\bdub mix\b|\bbootleg\b|\bmashup\b"),
    "demo": re.compile(r"\bdemo\b|\bouttake\b|\brehearsal\b|\balternate take\b"),
}  # fmt: skip


@lru_cache(_REMEMBERED)
def title_key(title: str) -> str:
    """The song's name alone: "Song - Remastered 2011", "Song (feat. X)" and "Song" share one key."""
    folded = fold(title).replace("&", " and ")
    bare = _SUFFIX.sub("", folded)
    return _NOT_WORD.sub("", bare) or _NOT_WORD.sub("", folded) or folded.strip() or title.strip()


@lru_cache(_REMEMBERED)
def artist_key(name: str) -> str:
    """An artist's name without "the", accents and punctuation."""
    folded = re.sub(r"^the\s+", "", fold(name).strip()).replace("&", " and ")
    return _NOT_WORD.sub("", folded) or folded.strip() or name.strip()


def artist_keys(track: Track) -> frozenset[str]:
    """A key for every artist of the track, those inside one credit ("A & B", "A feat. B") included."""
    names = [*track.artists, *(part for name in track.artists for part in _SPLIT_ARTISTS.split(name))]
    return frozenset(key for key in map(artist_key, names) if key)


def song_key(track: Track) -> str:
    """Equal for two recordings of one song by one main artist ("A & B" and "A" with "B" are the same main artist)."""
    return f"{title_key(track.title)}|{artist_key(_SPLIT_ARTISTS.split(track.artist)[0] or track.artist)}"


def version(track: Track) -> str | None:
    """What kind of other version the recording is ("live", "karaoke", …), or None for an original.

    Karaoke and tribute makers put the word into the artist's name; the other words count only in what
    follows the song's name, since "Live and Let Die" is no concert.
    """
    title = fold(track.title)
    tail = " ".join(_SUFFIX.findall(title))
    credit = fold(track.byline)
    for kind, pattern in VERSIONS.items():
        where = f"{title} | {credit}" if kind in ("karaoke", "tribute") else tail
        if pattern.search(where):
            return kind
    return None
