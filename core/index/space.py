"""The vector space of one catalogue: how a song and a vibe become vectors whose dot product says how well they fit.

A song's dense vector is three parts side by side, each of length 1 (or all zero where nothing is known):

    features    how it sounds, in standard deviations from the middle of this catalogue
    genres      affinity to each genre of the vocabulary, less what is usual in this catalogue
    text        the embedding of its card, less the mean of all cards (so that no song is everybody's neighbour)

A vibe's vector has the same parts, as strong as they are sure. A weighted sum of the three fits is then one dot
product, and one search finds the best songs, exactly or approximately, under any filter.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.catalogue.identity import artist_keys
from core.index.backend import SparseVector
from core.models import FEATURES, Features, Track
from core.text import words
from core.vocabulary import GENRE_ALIASES, GENRES

Vector = NDArray[np.float32]

_KNOTS: Final = 101
_GENRE_AT: Final = {name: n for n, name in enumerate(GENRES)}
# How much a genre's name counts against the company it keeps, once the vocabulary knows the name.
_NAME_SHARE: Final = 0.7
_SMALLEST_TAIL: Final = 1e-6
_FILE: Final = "space.npz"


# --- words --------------------------------------------------------------------------------------------------------


def word_index(word: str) -> int:
    """A word's place in the hashed vocabulary of the sparse vectors."""
    return zlib.crc32(word.encode())


def sparse_track(track: Track) -> SparseVector:
    """The words a person would search a song by: title, artists, genres.

    Repeats count by BM25's saturation (k1 = 1.2, no length norm: a title is short by nature); rarity (IDF) is the
    engine's part. Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009.
    """
    counts = Counter(words(" ".join([track.title, *track.artists, *track.genres])))
    weights = {word_index(word): n * 2.2 / (n + 1.2) for word, n in counts.items()}
    return SparseVector(tuple(weights), tuple(weights.values()))


def sparse_query(weights: dict[str, float]) -> SparseVector:
    """Words with weights, as a sparse vector; words that fall on one place add up."""
    placed: dict[int, float] = {}
    for word, weight in weights.items():
        placed[word_index(word)] = placed.get(word_index(word), 0.0) + weight
    return SparseVector(tuple(placed), tuple(placed.values()))


def payload(track: Track) -> dict[str, str | int | float | list[str]]:
    """What filters speak of; what is unknown is left out, so that no filter for it is met."""
    values = {
        "year": track.year,
        "genres": list(track.genres),
        "languages": list(track.languages),
        "country": track.country,
        "artists": sorted(artist_keys(track)),
        "voice": track.voice,
        # a word, since the two engines do not agree on how a truth value is matched
        "explicit": None if track.explicit is None else "yes" if track.explicit else "no",
        "popularity": track.popularity,
        "instrumentalness": track.features.instrumentalness,
        "tempo_bpm": track.features.tempo_bpm,
        "duration_ms": track.duration_ms,
    }
    return {key: value for key, value in values.items() if value is not None and value != []}


# --- the card -----------------------------------------------------------------------------------------------------

# Feature, bounds, and how a person would say it.
_SAYINGS: Final[tuple[tuple[str, float, float, str], ...]] = (
    ("energy", 0.0, 0.2, "very calm and quiet"),
    ("energy", 0.2, 0.4, "calm, gentle"),
    ("energy", 0.7, 0.85, "energetic"),
    ("energy", 0.85, 1.01, "very energetic, intense, loud"),
    ("valence", 0.0, 0.2, "sad, dark, gloomy"),
    ("valence", 0.2, 0.38, "melancholic"),
    ("valence", 0.62, 0.8, "happy, warm"),
    ("valence", 0.8, 1.01, "joyful, cheerful, sunny"),
    ("danceability", 0.75, 1.01, "danceable, groovy"),
    ("acousticness", 0.75, 1.01, "acoustic"),
    ("instrumentalness", 0.6, 1.01, "instrumental"),
    ("speechiness", 0.25, 0.66, "rapped"),
    ("tempo_bpm", 20, 80, "slow"),
    ("tempo_bpm", 140, 400, "fast"),
)


def sound_words(features: Features) -> list[str]:
    """How the features would be said: "calm, gentle", "acoustic"."""
    return [say for name, low, high, say in _SAYINGS if low <= (getattr(features, name) or -1) < high]


def card(track: Track) -> str:
    """What is embedded for a song: its description where it has one, else what is known in words."""
    known = [", ".join(track.genres[:4]), ", ".join(sound_words(track.features))]
    if track.description:
        return ". ".join([track.description.rstrip("."), ", ".join([*track.situations, *track.emotions]), known[0]])
    return ". ".join(part for part in [f"{track.title} by {track.byline}", *known] if part)


# --- genres -------------------------------------------------------------------------------------------------------


def genre_of(name: str) -> int | None:
    """The place of a genre in the vocabulary, by its name, an alias, or the longest name at its end."""
    parts = name.lower().split()
    for start in range(len(parts)):  # "modern country rock" is a kind of "country rock", else of "rock"
        tail = " ".join(parts[start:])
        tail = GENRE_ALIASES.get(tail, tail)
        if tail in _GENRE_AT:
            return _GENRE_AT[tail]
    return None


def genre_table(songs: Iterable[Sequence[str]]) -> dict[str, Vector]:
    """For every genre name of a catalogue, its affinity to each genre of the vocabulary, float32 [len(GENRES)].

    A name the vocabulary knows stands mostly for itself; one it does not know ("permanent wave") is told by the
    company it keeps: the mean of the known genres of the songs that carry it.
    """
    together: dict[str, NDArray[np.float64]] = {}
    for names in songs:
        known = np.zeros(len(GENRES))
        places = {name: genre_of(name) for name in names}
        for place in places.values():
            if place is not None:
                known[place] = 1.0
        for name, place in places.items():
            row = together.setdefault(name, np.zeros(len(GENRES) + 1))
            row[:-1] += known
            if place is not None:
                row[place] -= 1.0  # company, not itself
            row[-1] += 1
    table = {}
    for name, row in together.items():
        company = row[:-1] / row[-1]
        place = genre_of(name)
        if place is not None:
            company = (1 - _NAME_SHARE) * company
            company[place] += _NAME_SHARE
        table[name] = company.astype(np.float32)
    return table


# --- the space ----------------------------------------------------------------------------------------------------


def _normal_quantile(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The standard normal's quantile by a rational approximation (Abramowitz & Stegun 26.2.23, |error| < 4.5e-4)."""
    tail = np.clip(np.minimum(p, 1 - p), _SMALLEST_TAIL, 0.5)
    t = np.sqrt(-2 * np.log(tail))
    z = t - (2.515517 + 0.802853 * t + 0.010328 * t**2) / (1 + 1.432788 * t + 0.189269 * t**2 + 0.001308 * t**3)
    return np.asarray(np.sign(p - 0.5) * z)


def _unit(vector: NDArray[np.floating]) -> Vector:
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm > 0 else vector).astype(np.float32)


@dataclass(frozen=True)
class Weights:
    """How much each part of a vibe's vector counts."""

    features: float = 1.0
    genres: float = 1.0
    text: float = 0.5


@dataclass(frozen=True)
class Space:
    """What must be known of a whole catalogue to place one song in it.

    `quantiles` is float32 [FEATURES, 101], the percentiles of each feature; `usual` the mean genre affinity
    [GENRES]; `center` the mean card embedding [dimension].
    """

    quantiles: Vector
    usual: Vector
    center: Vector
    genres: dict[str, Vector] = field(repr=False)

    @property
    def dimension(self) -> int:
        return len(FEATURES) + len(GENRES) + len(self.center)

    @classmethod
    def fit(cls, features: Sequence[Features], genres: Sequence[Sequence[str]], cards: Vector) -> Space:
        """Learn it from all songs' features and genres, and a sample of card embeddings [songs, dimension]."""
        quantiles = np.zeros((len(FEATURES), _KNOTS), dtype=np.float32)
        for n, name in enumerate(FEATURES):
            known = [value for f in features if (value := getattr(f, name)) is not None]
            quantiles[n] = np.quantile(known, np.linspace(0, 1, _KNOTS)) if known else np.linspace(0, 1, _KNOTS)
        table = genre_table(genres)
        with_genres = [np.mean([table[g] for g in names], axis=0) for names in genres if names]
        usual = np.mean(with_genres, axis=0) if with_genres else np.zeros(len(GENRES))
        return cls(quantiles, usual.astype(np.float32), cards.mean(axis=0), table)

    def place_features(self, features: Features) -> Vector:
        """Each feature in standard deviations from this catalogue's middle; 0 where unknown.

        By rank, not by value: half of all songs have an acousticness under .2, and it is the order that people hear.
        """
        scores = np.zeros(len(FEATURES))
        for n, value in enumerate(features.values()):
            if value is not None:
                low = np.searchsorted(self.quantiles[n], value, "left")
                high = np.searchsorted(self.quantiles[n], value, "right")
                # Many songs share a value (no vocals at all): they stand in the middle of their ranks.
                rank = (low + high - 1) / 2 if high > low else _between(self.quantiles[n], value, int(low))
                scores[n] = rank / (_KNOTS - 1)
            else:
                scores[n] = 0.5
        return _normal_quantile(np.clip(scores, 0.005, 0.995)).astype(np.float32)

    def place_genres(self, genres: Sequence[str]) -> Vector:
        """Affinity to each genre less the usual, [GENRES]; zero where no genre is known, since absence says nothing."""
        known = [self.genres[g] for g in genres if g in self.genres]
        if not known:
            return np.zeros(len(GENRES), dtype=np.float32)
        return np.asarray(np.mean(known, axis=0) - self.usual, dtype=np.float32)

    def track_vector(self, track: Track, card_embedding: Vector) -> Vector:
        """A song's dense vector, float32 [dimension]."""
        return np.concatenate([
            _unit(self.place_features(track.features)),
            _unit(self.place_genres(track.genres)),
            _unit(card_embedding - self.center),
        ])  # fmt: skip

    def vibe_vector(self, features: Vector, genres: Vector, embedding: Vector, weights: Weights) -> Vector:
        """A vibe's dense vector, float32 [dimension], from its target features, genre affinities and text."""
        return np.concatenate([
            weights.features * features,
            weights.genres * genres,
            weights.text * _unit(embedding - self.center),
        ]).astype(np.float32)  # fmt: skip

    def parts(self, vibe: Vector, track: Vector) -> dict[str, float]:
        """What each part adds to the fit."""
        edges = [0, len(FEATURES), len(FEATURES) + len(GENRES), self.dimension]
        return {
            name: float(vibe[a:b] @ track[a:b])
            for name, a, b in zip(("features", "genres", "text"), edges, edges[1:], strict=False)
        }

    def save(self, folder: Path) -> None:
        names = list(self.genres)
        table = np.stack([self.genres[n] for n in names]) if names else np.zeros((0, len(GENRES)), dtype=np.float32)
        np.savez(
            folder / _FILE, quantiles=self.quantiles, usual=self.usual, center=self.center, table=table,
            names=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8),
        )  # fmt: skip

    @classmethod
    def load(cls, folder: Path) -> Space:
        with np.load(folder / _FILE, allow_pickle=False) as held:
            names = json.loads(held["names"].tobytes().decode())
            return cls(held["quantiles"], held["usual"], held["center"], dict(zip(names, held["table"], strict=True)))


def _between(knots: Vector, value: float, place: int) -> float:
    if place == 0:
        return 0.0
    if place >= len(knots):
        return float(len(knots) - 1)
    low, high = float(knots[place - 1]), float(knots[place])
    return place - 1 + (value - low) / (high - low)
