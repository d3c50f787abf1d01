"""What a search engine must do for us, in words of our own; Qdrant Edge and a Qdrant server stand behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

DENSE: Final = "vibe"
SPARSE: Final = "words"

# What a filter may speak of, with its type; each is a payload index.
PAYLOAD_FIELDS: Final[Mapping[str, str]] = {
    "year": "integer",
    "genres": "keyword",
    "languages": "keyword",
    "country": "keyword",
    "artists": "keyword",
    "voice": "keyword",
    "explicit": "keyword",
    "popularity": "float",
    "instrumentalness": "float",
    "tempo_bpm": "float",
    "duration_ms": "integer",
}


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Word weights: positions in a hashed vocabulary, each once, and their values."""

    indices: tuple[int, ...] = ()
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A song as the engine keeps it."""

    row: int
    dense: NDArray[np.float32]
    sparse: SparseVector
    payload: Mapping[str, str | int | float | list[str]]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A field holds one of these words."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A field is a number within bounds, both included; None leaves an end open."""

    field: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class RowsIn:
    """The song is one of these rows."""

    rows: frozenset[int]


@dataclass(frozen=True, slots=True)
class OneOf:
    """At least one of these holds."""

    conditions: tuple[AnyOf | Between, ...]


Condition = AnyOf | Between | RowsIn | OneOf


@dataclass(frozen=True, slots=True)
class Filter:
    """All of `must`, none of `must_not`."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.must or self.must_not)

    def and_(self, other: Filter) -> Filter:
        return Filter(self.must + other.must, self.must_not + other.must_not)


@dataclass(frozen=True, slots=True)
class Query:
    """One question: a dense vector, words, and how much the words count.

    The score of a song is `dense · vector + weight * w / (w + SATURATION)`, w the sum of matched word weights times
    their rarity (IDF); so that one very rare word cannot drown the mood. A direction that does not find a song
    within `limit` gives it 0.
    """

    dense: NDArray[np.float32]
    sparse: SparseVector
    sparse_weight: float
    limit: int
    filter: Filter = Filter()
    exact: bool = False


SATURATION: Final = 8.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A song found, with its fused score."""

    row: int
    score: float


class VectorIndex(Protocol):
    """Songs by vectors, words and filters. Calls block: make them off the event loop."""

    def upsert(self, points: Iterable[Point]) -> None:
        """Add points or overwrite those of the same row."""

    def search(self, query: Query) -> list[Hit]:
        """The best songs, best first; equal scores by row."""

    def vectors(self, rows: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """The dense vectors of these rows; a missing one is left out."""

    def count(self, filter: Filter = Filter()) -> int:  # noqa: A002 - the field's word; immutable
        """How many songs meet a filter, exactly."""

    def seal(self) -> None:
        """Make what was written fast to search and safe on disk."""

    def close(self) -> None:
        """Give back what is held."""
