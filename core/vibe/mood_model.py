"""From text to a target mood: a small kernel model of our own on top of the bundled embedding.

Kernel ridge regression (Saunders et al., "Ridge Regression Learning Algorithm in Dual Variables", 1998). The kernel
of two texts is a Gaussian of their embeddings' distance plus the cosine of their word and letter n-grams: meaning,
and literal words beside it. A text far from all that the model has read gets a target near zero, so that strength
is confidence.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.models import FEATURES, Mood, Target
from core.text import words
from core.vocabulary import EMOTIONS, GENRES, SITUATIONS

Vector = NDArray[np.float32]

_EDGES: Final = (0, *accumulate(map(len, (FEATURES, GENRES, EMOTIONS, SITUATIONS))))
TARGETS: Final = _EDGES[-1]
_BUCKETS: Final = 1 << 15


def model_file() -> Path:
    """Where the trained model lies inside the package."""
    return Path(str(resources.files("core.vibe") / "mood_model.npz"))


def ngrams(text: str) -> dict[int, float]:
    """Hashed words, word pairs and letter n-grams (3 to 5 inside a word) of a text, as a unit vector by place."""
    found: dict[int, float] = {}
    spoken = words(text)
    terms = [(f"w {w}", 1.0) for w in spoken]
    terms += [(f"p {a} {b}", 1.0) for a, b in pairwise(spoken)]
    for word in spoken:
        padded = f"<{word}>"
        terms += [(f"c {padded[i : i + n]}", 0.3) for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
    for term, weight in terms:
        place = zlib.crc32(term.encode()) % _BUCKETS
        found[place] = found.get(place, 0.0) + weight
    norm = sum(v * v for v in found.values()) ** 0.5
    return {place: v / norm for place, v in found.items()} if norm else {}


def target_of(values: Vector, familiarity: float = 1.0) -> Target:
    """A row of TARGETS numbers, by its parts."""
    features, genres, emotions, situations = (values[a:b] for a, b in pairwise(_EDGES))
    return Target(features, genres, emotions, situations, familiarity)


def mood_of(target: Target, *, most: int = 4, share: float = 0.45) -> Mood:
    """For people and records: the features, and the genres and emotions that stand out."""
    return Mood(
        tuple(round(float(v), 3) for v in target.features),
        _standing_out(GENRES, target.genres, most, share),
        _standing_out(EMOTIONS, target.emotions, most, share),
    )


def _standing_out(names: tuple[str, ...], strengths: Vector, most: int, share: float) -> tuple[tuple[str, float], ...]:
    best = np.argsort(-strengths, kind="stable")[:most]
    top = float(strengths[best[0]])
    return tuple(
        (names[n], round(float(strengths[n]), 3)) for n in best if strengths[n] > 0 and strengths[n] >= share * top
    )


@dataclass(frozen=True)
class Grams:
    """The n-grams of many texts, by place: those of place p are `rows[starts[p]:starts[p + 1]]`, with their values."""

    rows: NDArray[np.int32] = field(repr=False)
    values: Vector = field(repr=False)
    starts: NDArray[np.int32] = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[dict[int, float]]) -> Grams:
        rows = np.array([row for row, grams in enumerate(texts) for _ in grams], dtype=np.int32)
        places = np.array([place for grams in texts for place in grams], dtype=np.int32)
        values = np.array([value for grams in texts for value in grams.values()], dtype=np.float32)
        order = np.argsort(places, kind="stable")
        starts = np.searchsorted(places[order], np.arange(_BUCKETS + 1)).astype(np.int32)
        return cls(rows[order], values[order], starts)

    def cosines(self, grams: dict[int, float], texts: int) -> Vector:
        """The cosine of one text's n-grams with those of every text, [texts]."""
        found = np.zeros(texts, dtype=np.float32)
        for place, value in grams.items():
            here = slice(self.starts[place], self.starts[place + 1])
            found[self.rows[here]] += np.float32(value) * self.values[here]
        return found


@dataclass(frozen=True)
class MoodModel:
    """The trained model. `embeddings` is [texts, dimension], `duals` [texts, TARGETS]."""

    embeddings: Vector = field(repr=False)
    duals: Vector = field(repr=False)
    grams: Grams = field(repr=False)
    width: float
    literal: float
    embedder: str

    def target(self, text: str, embedding: Vector) -> Target:
        """The target of a text, given its unit embedding by the embedder that the model was trained with."""
        kernel = self.kernel(embedding, ngrams(text))
        return target_of(kernel @ self.duals, float(kernel.max()))

    def kernel(self, embedding: Vector, grams: dict[int, float]) -> Vector:
        """The kernel of one text with every text the model has read, [texts]."""
        meaning = np.exp((self.embeddings @ embedding - 1) / self.width)
        literal = self.grams.cosines(grams, len(self.embeddings))
        return np.asarray((1 - self.literal) * meaning + self.literal * literal, dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write it in 8 bits a number, with a scale a row (embeddings) or target; rows as steps, which pack well."""
        embeddings, embedding_scales = _to_int8(self.embeddings, axis=1)
        duals, dual_scales = _to_int8(self.duals, axis=0)
        np.savez_compressed(
            path,
            embeddings=embeddings, embedding_scales=embedding_scales, duals=duals, dual_scales=dual_scales,
            gram_rows=np.diff(self.grams.rows.astype(np.uint16), prepend=np.uint16(0)),
            gram_values=self.grams.values.astype(np.float16), gram_starts=self.grams.starts,
            width=self.width, literal=self.literal, embedder=self.embedder,
        )  # fmt: skip

    @classmethod
    def load(cls, path: Path) -> MoodModel:
        with np.load(path, allow_pickle=False) as held:
            return cls(
                held["embeddings"] * held["embedding_scales"], held["duals"] * held["dual_scales"],
                Grams(
                    np.cumsum(held["gram_rows"], dtype=np.uint16).astype(np.int32),
                    held["gram_values"].astype(np.float32), held["gram_starts"],
                ),
                float(held["width"]), float(held["literal"]),
                str(held["embedder"]),
            )  # fmt: skip


def _to_int8(values: Vector, axis: int) -> tuple[NDArray[np.int8], Vector]:
    scales = np.abs(values).max(axis=axis, keepdims=True).astype(np.float32) / 127
    return np.round(values / np.maximum(scales, 1e-12)).astype(np.int8), scales


@cache
def bundled_mood_model() -> MoodModel:
    """The model that ships with the product."""
    return MoodModel.load(model_file())
