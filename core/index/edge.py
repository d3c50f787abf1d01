"""Qdrant Edge: the engine inside the process, a folder on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import qdrant_edge as qe
from numpy.typing import NDArray

from core.errors import SearchIndexError
from core.index.backend import (
    DENSE,
    PAYLOAD_FIELDS,
    SATURATION,
    SPARSE,
    AnyOf,
    Between,
    Condition,
    Filter,
    Hit,
    OneOf,
    Point,
    Query,
    RowsIn,
)

_BATCH: Final = 500
_HNSW_FROM_KB: Final = 20_000  # below this many kilobytes of vectors, comparing with all is as fast and exact
_EF: Final = 128
_SCHEMA: Final = {
    "integer": qe.PayloadSchemaType.Integer,
    "keyword": qe.PayloadSchemaType.Keyword,
    "float": qe.PayloadSchemaType.Float,
}


class EdgeIndex:
    """A shard of Qdrant Edge. Every call holds the interpreter's lock: queries are short, `seal` is not.

    The shard is made without a write-ahead log, so that several processes can read one folder at once;
    what was written counts only after `seal`.
    """

    def __init__(self, shard: qe.EdgeShard, folder: Path) -> None:
        self._shard = shard
        self._folder = folder

    @classmethod
    def create(cls, folder: Path, dimension: int) -> EdgeIndex:
        """A new shard for vectors of this dimension, in a folder that holds none."""
        config = qe.EdgeConfig(
            vectors={DENSE: qe.EdgeVectorParams(size=dimension, distance=qe.Distance.Dot)},
            sparse_vectors={SPARSE: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)},
            hnsw_config=qe.HnswIndexConfig(m=16, ef_construct=128, full_scan_threshold=_HNSW_FROM_KB),
            optimizers=qe.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=_HNSW_FROM_KB),
            wal_enabled=False,
        )
        folder.mkdir(parents=True, exist_ok=True)
        index = cls(qe.EdgeShard.create(str(folder), config), folder)
        for field, kind in PAYLOAD_FIELDS.items():
            index._shard.update(qe.UpdateOperation.create_field_index(field, _SCHEMA[kind]))
        return index

    @classmethod
    def open(cls, folder: Path) -> EdgeIndex:
        """A shard that `seal` left complete."""
        try:
            return cls(qe.EdgeShard.load(str(folder)), folder)
        except Exception as error:  # the bindings raise plain exceptions
            raise SearchIndexError(f"The search index in {folder} cannot be opened: {error}.") from error

    def upsert(self, points: Iterable[Point]) -> None:
        remaining = iter(points)
        while batch := list(islice(remaining, _BATCH)):
            with _explained("written"):
                self._shard.update(qe.UpdateOperation.upsert_points([_point(p) for p in batch]))

    def search(self, query: Query) -> list[Hit]:
        where = _filter(query.filter)
        dense = qe.Query.Nearest(query.dense.tolist(), using=DENSE)
        params = qe.SearchParams(exact=True) if query.exact else qe.SearchParams(hnsw_ef=max(_EF, query.limit))
        if query.sparse.indices and query.sparse_weight:
            words = qe.SparseVector(list(query.sparse.indices), list(query.sparse.values))
            request = qe.QueryRequest(
                limit=query.limit,
                prefetches=[
                    qe.Prefetch(limit=query.limit, query=dense, filter=where, params=params),
                    qe.Prefetch(limit=query.limit, query=qe.Query.Nearest(words, using=SPARSE), filter=where),
                ],
                query=_fusion(query.sparse_weight),
            )
        else:
            request = qe.QueryRequest(limit=query.limit, query=dense, filter=where, params=params)
        with _explained("asked"):
            hits = [Hit(_row(point.id), float(point.score)) for point in self._shard.query(request)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.row))

    def vectors(self, rows: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        with _explained("asked"):
            records = self._shard.retrieve(list(rows), with_payload=False, with_vector=[DENSE])
        found = {}
        for record in records:
            if isinstance(record.vector, dict):
                found[_row(record.id)] = np.asarray(record.vector[DENSE], dtype=np.float32)
        return found

    def count(self, filter: Filter = Filter()) -> int:  # noqa: A002, B008
        with _explained("asked"):
            return self._shard.count(qe.CountRequest(exact=True, filter=_filter(filter)))

    def seal(self) -> None:
        with _explained("written"):
            self._shard.optimize()
            self._shard.flush()
            # A small shard leaves journals that its next opening applies and removes: after this one, files stay.
            self._shard.close()
            self._shard = qe.EdgeShard.load(str(self._folder))

    def close(self) -> None:
        self._shard.close()


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except SearchIndexError:
        raise
    except Exception as error:  # the bindings raise plain exceptions
        raise SearchIndexError(
            f"The search index could not be {what}: {error}.", "Is there enough memory and disk? Start Vibesmith again."
        ) from error


def _row(point_id: object) -> int:
    if not isinstance(point_id, int):
        raise SearchIndexError(f"The search index holds a point {point_id!r} that is not ours.")
    return point_id


def _point(point: Point) -> qe.Point:
    return qe.Point(
        point.row,
        {DENSE: point.dense.tolist(), SPARSE: qe.SparseVector(list(point.sparse.indices), list(point.sparse.values))},
        dict(point.payload),
    )


def _fusion(weight: float) -> qe.Formula:
    dense, words = qe.Expression.Variable("$score[0]"), qe.Expression.Variable("$score[1]")
    saturated = qe.Expression.Div(words, qe.Expression.Sum([words, qe.Expression.Constant(SATURATION)]), 0.0)
    score = qe.Expression.Sum([dense, qe.Expression.Mult([qe.Expression.Constant(weight), saturated])])
    # A variable without a default makes the engine answer "Operation cancelled".
    return qe.Formula(score, defaults={"$score[0]": 0.0, "$score[1]": 0.0})


def _filter(given: Filter) -> qe.Filter | None:
    if not given:
        return None
    return qe.Filter(
        must=[_condition(c) for c in given.must] or None,
        must_not=[_condition(c) for c in given.must_not] or None,
    )


def _condition(condition: Condition) -> qe.FieldCondition | qe.HasIdCondition | qe.Filter:
    match condition:
        case AnyOf(field, values):
            return qe.FieldCondition(field, match=qe.MatchAny(list(values)))
        case Between(field, low, high):
            return qe.FieldCondition(field, range=qe.RangeFloat(gte=low, lte=high))
        case OneOf(()):
            return qe.HasIdCondition(set())  # to the engine, an empty "should" holds for every song
        case OneOf(conditions):
            return qe.Filter(should=[_condition(c) for c in conditions])
        case RowsIn(rows):
            return qe.HasIdCondition(set(rows))
