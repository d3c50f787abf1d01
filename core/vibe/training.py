"""Train the mood model from what we wrote ourselves: `python -m core.vibe.training [--out FILE]`.

The texts are the phrases of the lexicon (`core/vibe/lexicon/*.jsonl`), each with its concept's target; the starter
songs' descriptions, each with its song's features, genres and emotions; and every emotion, situation and genre in a
few plain sayings, whose target is the mean of the songs that carry it. Nothing else is read.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.catalogue.importing import starter_tracks
from core.index.embedding import Embedder
from core.index.space import Space, emotion_strengths, sound_words
from core.models import FEATURES, Track
from core.vibe.emoji import spoken
from core.vibe.mood_model import TARGETS, Grams, MoodModel, Vector, model_file, ngrams
from core.vocabulary import GENRES, SITUATIONS

WIDTH: Final = 0.25
LITERAL: Final = 0.25
_RIDGE: Final = 0.3
# A description speaks of one song, whose every feature is not what its words say; a mean over songs is surer.
_SONG_NOISE: Final = 3.0
_SONG_SHARE: Final = 0.8
# Mean targets are pulled to the middle by averaging; they are stretched again to the size of a single song's.
_MEAN_STRETCH: Final = 1.6
_GENRE_LEAN: Final = 0.3

_FEATURE_PART: Final = slice(0, len(FEATURES))
_GENRE_PART: Final = slice(len(FEATURES), len(FEATURES) + len(GENRES))
_SITUATION_PART: Final = slice(TARGETS - len(SITUATIONS), TARGETS)
_EMOTION_PART: Final = slice(_GENRE_PART.stop, _SITUATION_PART.start)

_SAYINGS: Final = {
    "emotion": ("{}", "songs full of {}"),
    "situation": ("{}", "music for {}"),
    "genre": ("{}", "{} music"),
}


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text with its target [TARGETS].

    `noise` is how far the target may be off, relative to a plain fact; `concept` names the lexicon's entry, empty
    where the text is another one.
    """

    text: str
    target: Vector
    noise: float = 1.0
    concept: str = ""


def song_target(track: Track, space: Space) -> Vector:
    """What one song says of its description: its features, genres, emotions and situations as in the space."""
    target = np.zeros(TARGETS, dtype=np.float32)
    target[_FEATURE_PART] = space.place_features(track.features)
    target[_GENRE_PART] = space.place_genres(track.genres)
    target[_EMOTION_PART] = space.place_emotions(track.emotions)
    target[_SITUATION_PART] = space.place_situations(track.situations)
    return target


def concept_target(concept: dict[str, Any], space: Space) -> Vector:
    """What an entry of the lexicon says: lean times importance a feature, genres that fit and that do not, emotions.

    A genre stands for itself and the company it keeps in the starter catalogue.
    """
    target = np.zeros(TARGETS, dtype=np.float32)
    for name, (lean, importance) in concept["features"].items():
        target[FEATURES.index(name)] = lean * importance
    for names, sign in ((concept["genres"], 1.0), (concept["not_genres"], -1.0)):
        placed = [space.place_genres([name]) for name in names]
        if placed:
            mean = np.mean(placed, axis=0)
            target[_GENRE_PART] += sign * _GENRE_LEAN * mean / (np.linalg.norm(mean) or 1.0)
    target[_EMOTION_PART] = emotion_strengths(concept["emotions"])
    return target


def lexicon() -> Iterator[dict[str, Any]]:
    """The entries of the lexicon."""
    folder = resources.files("core.vibe") / "lexicon"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".jsonl"):
            yield from map(json.loads, filter(str.strip, file.read_text(encoding="utf-8").splitlines()))


def lessons(tracks: Sequence[Track], space: Space) -> list[Lesson]:
    """Everything that the model reads."""
    targets = np.stack([song_target(track, space) for track in tracks])
    read = [
        Lesson(track.description, _SONG_SHARE * target, _SONG_NOISE)
        for track, target in zip(tracks, targets, strict=True)
        if track.description
    ]
    carriers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, track in enumerate(tracks):
        named = [("emotion", e) for e in track.emotions[:4]] + [("situation", s) for s in track.situations]
        named += [("genre", g) for g in track.genres] + [("sound", s) for s in sound_words(track.features)]
        for name in named:
            carriers[name].append(n)
    for (kind, word), rows in sorted(carriers.items()):
        mean = targets[rows].mean(axis=0) * _MEAN_STRETCH
        read += [Lesson(saying.format(word), mean) for saying in _SAYINGS.get(kind, ("{}",))]
    for entry in lexicon():
        target = concept_target(entry, space)
        read += [Lesson(phrase, target, concept=entry["concept"]) for phrase in entry["phrases"]]
    return read


def train(read: Sequence[Lesson], embedder: Embedder, *, width: float = WIDTH, literal: float = LITERAL) -> MoodModel:
    """Fit the model: solve (K + ridge · noise) duals = targets."""
    read = [replace(lesson, text=spoken(lesson.text)) for lesson in read]
    embeddings = embedder.queries([lesson.text for lesson in read])
    return fit(read, embeddings, embedder.fingerprint, width=width, literal=literal)


def fit(
    read: Sequence[Lesson], embeddings: Vector, embedder: str, *, width: float = WIDTH, literal: float = LITERAL
) -> MoodModel:
    """`train`, with the embeddings of the texts at hand."""
    grams = [ngrams(lesson.text) for lesson in read]
    model = MoodModel(
        embeddings=embeddings,
        duals=np.zeros((len(read), TARGETS), dtype=np.float32),
        grams=Grams.of(grams),
        width=width,
        literal=literal,
        embedder=embedder,
    )
    kernel = np.stack([model.kernel(e, g) for e, g in zip(embeddings, grams, strict=True)])
    kernel[np.diag_indices_from(kernel)] += _RIDGE * np.array([lesson.noise for lesson in read], dtype=np.float32)
    return replace(model, duals=np.linalg.solve(kernel, np.stack([lesson.target for lesson in read])))


def starter_space(tracks: Sequence[Track]) -> Space:
    """The starter catalogue's own space, for targets; its text part is not used."""
    return Space.fit(tracks, np.zeros((1, 1), dtype=np.float32))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=model_file())
    args = parser.parse_args()
    tracks = list(starter_tracks())
    read = lessons(tracks, starter_space(tracks))
    model = train(read, Embedder())
    model.save(args.out)
    print(f"{args.out}: {len(read):,} texts, {args.out.stat().st_size / 1e6:.1f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
