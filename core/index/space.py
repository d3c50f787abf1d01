"""The vector space of one catalogue: how a song and a vibe become vectors whose dot product says how well they fit.

A song's dense vector is five parts side by side, each of length 1 (or all zero where nothing is known):

    features    how it sounds, in standard deviations from the middle of this catalogue
    genres      affinity to each genre of the vocabulary, less what is usual in this catalogue
    emotions    what it carries, the strongest most, less what is usual
    situations  when one would play it, less what is usual
    text        the embedding of its card, less the mean of all cards (so that no song is everybody's neighbour)

A vibe's vector has the same parts, as strong as they are sure. A weighted sum of the three fits is then one dot
product, and one search finds the best songs, exactly or approximately, under any filter.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.catalogue.identity import artist_keys
from core.index.backend import SparseVector
from core.models import FEATURES, Features, Target, Track
from core.text import words
from core.vocabulary import EMOTIONS, GENRE_ALIASES, GENRES, SITUATIONS

Vector = NDArray[np.float32]

_KNOTS: Final = 101
_GENRE_AT: Final = {name: n for n, name in enumerate(GENRES)}
_EMOTION_AT: Final = {name: n for n, name in enumerate(EMOTIONS)}
_SITUATION_AT: Final = {name: n for n, name in enumerate(SITUATIONS)}
PARTS: Final = ("features", "genres", "emotions", "situations", "text")
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


def _marked(names: Sequence[str], places: Mapping[str, int]) -> Vector:
    marked = np.zeros(len(places), dtype=np.float32)
    marked[[places[n] for n in names if n in places]] = 1.0
    return marked


def emotion_strengths(emotions: Sequence[str]) -> Vector:
    """A song's emotions, strongest first, as strengths from 1 down by .1, [EMOTIONS]; unknown words are left out."""
    strengths = np.zeros(len(EMOTIONS), dtype=np.float32)
    for rank, name in enumerate(emotions):
        if name in _EMOTION_AT:
            strengths[_EMOTION_AT[name]] = max(0.1, 1 - 0.1 * rank)
    return strengths


class _Mean:
    """The mean of vectors, seen one by one; zero where there were none."""

    def __init__(self, size: int) -> None:
        self._sum = np.zeros(size, dtype=np.float64)
        self._seen = 0

    def add(self, vector: Vector) -> None:
        self._sum += vector
        self._seen += 1

    @property
    def mean(self) -> Vector:
        return (self._sum / max(self._seen, 1)).astype(np.float32)


@dataclass(frozen=True)
class Weights:
    """How much each part of a vibe's vector counts."""

    features: float = 1.0
    genres: float = 1.0
    emotions: float = 1.0
    situations: float = 1.0
    text: float = 0.5


@dataclass(frozen=True)
class Space:
    """What must be known of a whole catalogue to place one song in it.

    `quantiles` is float32 [FEATURES, 101], the percentiles of each feature; `usual` the mean genre affinity
    [GENRES]; `usual_emotions` [EMOTIONS] and `usual_situations` [SITUATIONS] how often each is met; `center` the mean
    card embedding [dimension].
    """

    quantiles: Vector
    usual: Vector
    usual_emotions: Vector
    usual_situations: Vector
    center: Vector
    genres: dict[str, Vector] = field(repr=False)

    @property
    def edges(self) -> tuple[int, ...]:
        """Where each of PARTS begins, and the end."""
        sizes = (len(FEATURES), len(GENRES), len(EMOTIONS), len(SITUATIONS), len(self.center))
        return (0, *accumulate(sizes))

    @property
    def dimension(self) -> int:
        return self.edges[-1]

    @classmethod
    def fit(cls, songs: Iterable[Track], cards: Vector) -> Space:
        """Learn it from all songs, and the embeddings of a sample of their cards [cards, dimension]."""
        features, genres = list[Features](), list[Sequence[str]]()
        emotions, situations = _Mean(len(EMOTIONS)), _Mean(len(SITUATIONS))
        for song in songs:
            features.append(song.features)
            genres.append(song.genres)
            if song.emotions:
                emotions.add(emotion_strengths(song.emotions))
            if song.situations:
                situations.add(_marked(song.situations, _SITUATION_AT))
        quantiles = np.zeros((len(FEATURES), _KNOTS), dtype=np.float32)
        for n, name in enumerate(FEATURES):
            known = [value for f in features if (value := getattr(f, name)) is not None]
            quantiles[n] = np.quantile(known, np.linspace(0, 1, _KNOTS)) if known else np.linspace(0, 1, _KNOTS)
        table = genre_table(genres)
        with_genres = [np.mean([table[g] for g in names], axis=0) for names in genres if names]
        usual = np.mean(with_genres, axis=0) if with_genres else np.zeros(len(GENRES))
        return cls(quantiles, usual.astype(np.float32), emotions.mean, situations.mean, cards.mean(axis=0), table)

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

    def place_emotions(self, emotions: Sequence[str]) -> Vector:
        """Strength of each emotion less the usual, [EMOTIONS]; zero where none is known."""
        strengths = emotion_strengths(emotions)
        return strengths - self.usual_emotions if strengths.any() else strengths

    def place_situations(self, situations: Sequence[str]) -> Vector:
        """1 for each situation less the usual, [SITUATIONS]; zero where none is known."""
        marked = _marked(situations, _SITUATION_AT)
        return marked - self.usual_situations if marked.any() else marked

    def track_vector(self, track: Track, card_embedding: Vector) -> Vector:
        """A song's dense vector, float32 [dimension]."""
        return np.concatenate([
            _unit(self.place_features(track.features)),
            _unit(self.place_genres(track.genres)),
            _unit(self.place_emotions(track.emotions)),
            _unit(self.place_situations(track.situations)),
            _unit(card_embedding - self.center),
        ])  # fmt: skip

    def vibe_vector(self, target: Target, embedding: Vector, weights: Weights) -> Vector:
        """A vibe's dense vector, float32 [dimension], from what the mood model says of it and its embedding."""
        return np.concatenate([
            weights.features * target.features,
            weights.genres * target.genres,
            weights.emotions * target.emotions,
            weights.situations * target.situations,
            weights.text * _unit(embedding - self.center),
        ]).astype(np.float32)  # fmt: skip

    def parts(self, vibe: Vector, track: Vector) -> dict[str, float]:
        """What each part adds to the fit."""
        return {name: float(vibe[a:b] @ track[a:b]) for name, (a, b) in zip(PARTS, pairwise(self.edges), strict=True)}

    def save(self, folder: Path) -> None:
        names = list(self.genres)
        table = np.stack([self.genres[n] for n in names]) if names else np.zeros((0, len(GENRES)), dtype=np.float32)
        np.savez(
            folder / _FILE, quantiles=self.quantiles, usual=self.usual, usual_emotions=self.usual_emotions,
            usual_situations=self.usual_situations, center=self.center, table=table,
            names=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8),
        )  # fmt: skip

    @classmethod
    def load(cls, folder: Path) -> Space:
        with np.load(folder / _FILE, allow_pickle=False) as held:
            names = json.loads(held["names"].tobytes().decode())
            return cls(
                held["quantiles"], held["usual"], held["usual_emotions"], held["usual_situations"], held["center"],
                dict(zip(names, held["table"], strict=True)),
            )  # fmt: skip


def _between(knots: Vector, value: float, place: int) -> float:
    if place == 0:
        return 0.0
    if place >= len(knots):
        return float(len(knots) - 1)
    low, high = float(knots[place - 1]), float(knots[place])
    return place - 1 + (value - low) / (high - low)
