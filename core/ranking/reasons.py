"""Why a song was picked, in words; every claim is a stored fact about that song that this vibe asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from core.catalogue.identity import artist_key, artist_keys
from core.index.space import Space, genre_of
from core.models import FEATURES, ClauseKind, Sign, Track, Vibe
from core.text import words
from core.vocabulary import GENRES, LANGUAGES

MOST: Final = 3
# A part of a description that is quoted, in characters.
_SHORTEST, _LONGEST = 20, 90
_PARTS: Final = re.compile(r"[.;:!?]+(?:\s|$)")
# A feature is worth a word when the vibe leans this far, and the song this far the same way (standard deviations).
_VIBE_LEANS, _SONG_LEANS = 0.3, 0.5

_FEATURE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "energy": ("calm", "energetic"),
    "valence": ("sombre", "bright"),
    "danceability": ("", "danceable"),
    "acousticness": ("", "acoustic"),
    "instrumentalness": ("", "instrumental"),
    "speechiness": ("", "spoken or rapped"),
    "tempo_bpm": ("slow", "fast"),
}
_LANGUAGE_NAMES: Final = {code: name.title() for name, code in reversed(list(LANGUAGES.items()))}
_SITUATION_WORDS: Final[dict[str, str]] = {
    "gym": "the gym", "road": "the road", "night": "the night", "rain": "rainy days", "morning": "mornings",
    "sunday morning": "Sunday mornings", "party": "parties", "winter": "winter days", "summer": "summer days",
    "walk": "a walk", "friends": "time with friends", "alone": "time alone", "wedding": "weddings",
    "grief": "times of grief", "sunset": "the sunset", "commute": "the commute", "focus": "focused work",
    "study": "studying",
}  # fmt: skip


def reasons(vibe: Vibe, track: Track, space: Space, near: Sequence[str] = ()) -> tuple[str, ...]:
    """At most three short reasons, the most telling first; the first two make a line.

    Args:
        vibe: what was asked.
        track: the song.
        space: the catalogue's space, for what is usual in it.
        near: the artists asked for whose songs this one was measured to be close to.
    """
    found: list[str] = []
    for finder in (_asked_names, _asked_facts, _situations, _emotions, _genres, _sound):
        found += finder(vibe, track, space)
    found[:0] = [f"close to {name} in mood and style" for name in near if artist_key(name) not in artist_keys(track)]
    told = list(dict.fromkeys(found))
    if quote := _quote(vibe, track):
        told.insert(1, quote)
    return tuple(told[:MOST]) or (_plain(track),)


def _asked_names(vibe: Vibe, track: Track, _: Space) -> list[str]:
    keys = artist_keys(track)
    asked = [*vibe.wanted(ClauseKind.ARTIST), *vibe.wanted(ClauseKind.ARTIST, Sign.LIKE)]
    return [
        f"{name} was asked for" for name in track.artists if any(artist_key(c.value) == artist_key(name) for c in asked)
    ] or [f"with {c.value}, who was asked for" for c in asked if artist_key(c.value) in keys]


def _asked_facts(vibe: Vibe, track: Track, _: Space) -> list[str]:
    found = []
    if track.year and any(c.years and c.years[0] <= track.year <= c.years[1] for c in vibe.wanted(ClauseKind.ERA)):
        found.append(f"from {track.year}")
    found += [
        f"sung in {_LANGUAGE_NAMES[c.value]}" for c in vibe.wanted(ClauseKind.LANGUAGE) if c.value in track.languages
    ]
    found += [f"{c.value} voice" for c in vibe.wanted(ClauseKind.VOICE) if c.value == track.voice and c.value != "none"]
    found += [f"with {c.value}" for c in vibe.wanted(ClauseKind.INSTRUMENT) if c.value in track.instruments]
    return found


def _situations(vibe: Vibe, track: Track, _: Space) -> list[str]:
    asked = list(dict.fromkeys(c.value for c in vibe.wanted(ClauseKind.SITUATION)))
    return [f"goes with {_SITUATION_WORDS.get(s, s)}" for s in asked if s in track.situations][:1]


def _emotions(vibe: Vibe, track: Track, _: Space) -> list[str]:
    shared = [e for e in _felt(vibe) if e in track.emotions][:2]
    return [f"carries {' and '.join(shared)}"] if shared else []


def _felt(vibe: Vibe) -> list[str]:
    unwanted = {c.value for c in vibe.wanted(ClauseKind.MOOD, Sign.UNWANTED)}
    return [e for e in dict.fromkeys([*vibe.moods, *(e for e, _ in vibe.mood.emotions)]) if e not in unwanted]


def _genres(vibe: Vibe, track: Track, _: Space) -> list[str]:
    asked = [c.value for c in vibe.wanted(ClauseKind.GENRE)]
    affine = [g for g, _ in vibe.mood.genres]
    for wanted in (asked, affine):
        for genre in track.genres:
            place = genre_of(genre)
            if genre in wanted or (place is not None and GENRES[place] in wanted):
                return [genre]
    return []


def _sound(vibe: Vibe, track: Track, space: Space) -> list[str]:
    lean = space.place_features(track.features)
    told = []
    for n in sorted(range(len(FEATURES)), key=lambda n: -abs(vibe.mood.features[n])):
        want, have, value = vibe.mood.features[n], float(lean[n]), track.features.values()[n]
        if value is not None and abs(want) >= _VIBE_LEANS and abs(have) >= _SONG_LEANS and want * have > 0:
            word = _FEATURE_WORDS[FEATURES[n]][have > 0]
            if word and _TRUE_OF[FEATURES[n]](value, have > 0):
                told.append(word)
    return [" and ".join(told[:2])] if told else []


# A word for a feature must be true by its value too, not only against the rest of an odd catalogue.
_TRUE_OF: Final[dict[str, Callable[[float, bool], bool]]] = {
    "energy": lambda v, up: v > 0.55 if up else v < 0.5,
    "valence": lambda v, up: v > 0.55 if up else v < 0.4,
    "danceability": lambda v, up: v > 0.6 if up else v < 0.45,
    "acousticness": lambda v, up: v > 0.6 if up else v < 0.2,
    "instrumentalness": lambda v, up: v > 0.5 if up else v < 0.05,
    "speechiness": lambda v, up: v > 0.2 if up else False,
    "tempo_bpm": lambda v, up: v > 120 if up else v < 95,
}


def _quote(vibe: Vibe, track: Track) -> str | None:
    """The part of the song's description that has most words of the vibe, else its first short one."""
    parts = [part.strip() for part in _PARTS.split(track.description or "")]
    short = [part for part in parts if _SHORTEST <= len(part) <= _LONGEST]
    if not short:
        return None
    asked = set(words(vibe.text))
    best = max(short, key=lambda part: len(asked.intersection(words(part))))
    return f"“{best}”"


def _plain(track: Track) -> str:
    """Where nothing stands out: what the song is, and no more."""
    facts = [*track.genres[:1], *([str(track.year)] if track.year else [])]
    return "near in overall feel" + (f" ({', '.join(facts)})" if facts else "")
