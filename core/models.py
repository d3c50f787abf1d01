"""The words that everything else speaks: Track, Vibe, Clause, Pick, Playlist."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

FEATURES = ("energy", "valence", "danceability", "acousticness", "instrumentalness", "speechiness", "tempo_bpm")
SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")


@dataclass(frozen=True, slots=True)
class Features:
    """How a song sounds: six shares from 0 to 1, and a tempo in beats a minute; None where unknown."""

    energy: float | None = None
    valence: float | None = None
    danceability: float | None = None
    acousticness: float | None = None
    instrumentalness: float | None = None
    speechiness: float | None = None
    tempo_bpm: float | None = None

    def values(self) -> tuple[float | None, ...]:
        """The values in the order of FEATURES."""
        return tuple(getattr(self, name) for name in FEATURES)


@dataclass(frozen=True, slots=True)
class Track:
    """A song that the catalogue knows; what is unknown is None or empty.

    Languages are ISO 639 codes (`zxx`: no words), the country ISO 3166, popularity 0 to 100.
    """

    id: str
    title: str
    artists: tuple[str, ...]
    album: str | None = None
    year: int | None = None
    popularity: float | None = None
    genres: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    country: str | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    voice: str | None = None
    instruments: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    description: str | None = None
    features: Features = field(default_factory=Features)

    @property
    def artist(self) -> str:
        """The main artist."""
        return self.artists[0]

    @property
    def byline(self) -> str:
        """All artists, as one line."""
        return ", ".join(self.artists)

    @property
    def url(self) -> str:
        """Where the song opens on Spotify: its page where the id is Spotify's, else a search for it."""
        if SPOTIFY_ID.fullmatch(self.id):
            return f"https://open.spotify.com/track/{self.id}"
        return "https://open.spotify.com/search/" + quote(f"{self.title} {self.artist}", safe="")

    def to_record(self) -> dict[str, Any]:
        """A JSON object without the empty fields; the form of `catalogue export`."""
        record = {k: v for k, v in asdict(self).items() if v not in (None, (), "") and k != "features"}
        known = {k: v for k, v in asdict(self.features).items() if v is not None}
        return record | ({"features": known} if known else {})

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Track:
        """The track of a trusted record, as `to_record` wrote it."""
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in record.items() if k in TRACK_FIELDS
        }
        return cls(**values, features=Features(**record.get("features", {})))


TRACK_FIELDS = frozenset(f.name for f in fields(Track)) - {"features"}


class ClauseKind(StrEnum):
    """What a clause speaks of."""

    MOOD = "mood"
    SITUATION = "situation"
    GENRE = "genre"
    INSTRUMENT = "instrument"
    VOICE = "voice"
    ARTIST = "artist"
    SONG = "song"
    ERA = "era"
    LANGUAGE = "language"
    COUNTRY = "country"
    EXPLICIT = "explicit"
    COUNT = "count"
    MINUTES = "minutes"


class Sign(StrEnum):
    """Whether what a clause names is wanted, unwanted, or to be resembled."""

    WANTED = "+"
    UNWANTED = "-"
    LIKE = "~"


@dataclass(frozen=True, slots=True)
class Clause:
    """One checkable wish of a request, with the words it came from (`text[start:end]`)."""

    kind: ClauseKind
    value: str
    sign: Sign
    start: int
    end: int
    years: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Mood:
    """A target for how the songs should sound.

    `features` holds direction times importance a feature in the order of FEATURES, in standard deviations from
    the middle of a catalogue: 0 says nothing about that feature. `genres` and `emotions` hold the affinities that
    stand out, strongest first, as (word, strength) pairs.
    """

    features: tuple[float, ...] = (0.0,) * len(FEATURES)
    genres: tuple[tuple[str, float], ...] = ()
    emotions: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A mood as numbers to search by: float32 [FEATURES], and an affinity for each word of the vocabularies.

    Features are direction times importance, in standard deviations from the middle; all is near zero where a text
    says little. `familiarity` tells from 0 to 1 how near the text is to the nearest that the model has read.
    """

    features: NDArray[np.float32]
    genres: NDArray[np.float32]
    emotions: NDArray[np.float32]
    situations: NDArray[np.float32]
    familiarity: float = 1.0

    def away_from(self, other: Target, share: float) -> Target:
        """This target less a share of another."""
        features, genres, emotions, situations = (
            mine - share * theirs for mine, theirs in zip(self.parts(), other.parts(), strict=True)
        )
        return Target(features, genres, emotions, situations, self.familiarity)

    def parts(self) -> tuple[NDArray[np.float32], ...]:
        """The four arrays, in order."""
        return self.features, self.genres, self.emotions, self.situations


@dataclass(frozen=True, slots=True)
class Vibe:
    """A request as understood."""

    text: str
    mood: Mood = field(default_factory=Mood)
    clauses: tuple[Clause, ...] = ()
    count: int | None = None
    minutes: int | None = None

    def wanted(self, kind: ClauseKind, sign: Sign = Sign.WANTED) -> list[Clause]:
        """The clauses of one kind and sign, in the order of the text."""
        return [c for c in self.clauses if c.kind is kind and c.sign is sign]

    @property
    def moods(self) -> list[str]:
        """The moods understood, strongest first, for a person to read."""
        named = [c.value for c in self.clauses if c.kind is ClauseKind.MOOD and c.sign is Sign.WANTED]
        return list(dict.fromkeys([*named, *(word for word, _ in self.mood.emotions)]))[:5]

    def to_record(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self) | {"moods": self.moods}


@dataclass(frozen=True, slots=True)
class Pick:
    """A track chosen for a vibe, with its score, the score's parts, and reasons that cite stored facts."""

    track: Track
    score: float
    parts: dict[str, float]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Playlist:
    """The answer to a vibe."""

    vibe: Vibe
    picks: tuple[Pick, ...]
    seed: int
    catalogue: str
    notes: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> int:
        """The length of all picks whose length is known."""
        return sum(p.track.duration_ms or 0 for p in self.picks)
