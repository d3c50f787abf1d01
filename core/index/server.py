"""A Qdrant server or cluster, through qdrant-client: the same questions, asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

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

_BATCH: Final = 256
_EF: Final = 128
# The client asserts that an answer holds a result: a proxy's page may hold none.
_UNREACHABLE = (ApiException, QdrantException, OSError, ValueError, AssertionError)


class ServerIndex:
    """A collection on a Qdrant server.

    Args:
        client: connected as the owner's settings say, with a timeout.
        collection: its name; make it with `create`.
    """

    def __init__(self, client: QdrantClient, collection: str) -> None:
        self._client = client
        self._collection = collection

    @classmethod
    def create(cls, client: QdrantClient, collection: str, dimension: int) -> ServerIndex:
        """A new collection for vectors of this dimension, with its payload indexes."""
        try:
            client.create_collection(
                collection,
                vectors_config={DENSE: models.VectorParams(size=dimension, distance=models.Distance.DOT)},
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
            for field, kind in PAYLOAD_FIELDS.items():
                client.create_payload_index(collection, field, field_schema=models.PayloadSchemaType(kind), wait=True)
        except _UNREACHABLE as error:
            raise _failed("made", error) from error
        return cls(client, collection)

    def upsert(self, points: Iterable[Point]) -> None:
        remaining = iter(points)
        while batch := list(islice(remaining, _BATCH)):
            try:
                self._client.upsert(self._collection, [_point(p) for p in batch], wait=True)
            except _UNREACHABLE as error:
                raise _failed("written", error) from error

    def search(self, query: Query) -> list[Hit]:
        where = _filter(query.filter)
        dense = query.dense.tolist()
        params = models.SearchParams(exact=True) if query.exact else models.SearchParams(hnsw_ef=max(_EF, query.limit))
        try:
            if query.sparse.indices and query.sparse_weight:
                words = models.SparseVector(indices=list(query.sparse.indices), values=list(query.sparse.values))
                answer = self._client.query_points(
                    self._collection,
                    prefetch=[
                        models.Prefetch(query=dense, using=DENSE, limit=query.limit, filter=where, params=params),
                        models.Prefetch(query=words, using=SPARSE, limit=query.limit, filter=where),
                    ],
                    query=_fusion(query.sparse_weight),
                    limit=query.limit,
                    with_payload=False,
                )
            else:
                answer = self._client.query_points(
                    self._collection, query=dense, using=DENSE, limit=query.limit, query_filter=where,
                    search_params=params, with_payload=False,
                )  # fmt: skip
        except _UNREACHABLE as error:
            raise _failed("asked", error) from error
        hits = [Hit(_row(point.id), point.score) for point in answer.points]
        return sorted(hits, key=lambda hit: (-hit.score, hit.row))

    def vectors(self, rows: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        try:
            records = self._client.retrieve(self._collection, list(rows), with_payload=False, with_vectors=[DENSE])
        except _UNREACHABLE as error:
            raise _failed("asked", error) from error
        return {
            _row(record.id): np.asarray(record.vector[DENSE], dtype=np.float32)
            for record in records
            if isinstance(record.vector, dict)
        }

    def count(self, filter: Filter = Filter()) -> int:  # noqa: A002, B008
        try:
            return self._client.count(self._collection, count_filter=_filter(filter), exact=True).count
        except _UNREACHABLE as error:
            raise _failed("asked", error) from error

    def seal(self) -> None:
        """Nothing to do: the server indexes and flushes by itself."""

    def close(self) -> None:
        self._client.close()


def _failed(what: str, error: Exception) -> SearchIndexError:
    return SearchIndexError(
        f"The Qdrant server could not be {what}: {type(error).__name__}.",
        "Check QDRANT_URL, its key, and the server's log.",
    )


def _row(point_id: object) -> int:
    if not isinstance(point_id, int):
        raise SearchIndexError(
            f"The collection holds a point {point_id!r} that is not ours.", "Use a collection of its own."
        )
    return point_id


def _point(point: Point) -> models.PointStruct:
    sparse = models.SparseVector(indices=list(point.sparse.indices), values=list(point.sparse.values))
    return models.PointStruct(
        id=point.row, vector={DENSE: point.dense.tolist(), SPARSE: sparse}, payload=dict(point.payload)
    )


def _fusion(weight: float) -> models.FormulaQuery:
    saturated = models.DivExpression(
        div=models.DivParams(left="$score[1]", right=models.SumExpression(sum=["$score[1]", SATURATION]))
    )
    return models.FormulaQuery(
        formula=models.SumExpression(sum=["$score[0]", models.MultExpression(mult=[weight, saturated])]),
        defaults={"$score[0]": 0.0, "$score[1]": 0.0},
    )


def _filter(given: Filter) -> models.Filter | None:
    if not given:
        return None
    return models.Filter(
        must=[_condition(c) for c in given.must] or None,
        must_not=[_condition(c) for c in given.must_not] or None,
    )


def _condition(condition: Condition) -> models.FieldCondition | models.HasIdCondition | models.Filter:
    match condition:
        case AnyOf(field, values):
            return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))
        case Between(field, low, high):
            return models.FieldCondition(key=field, range=models.Range(gte=low, lte=high))
        case OneOf(()):
            return models.HasIdCondition(has_id=[])  # to the server, an empty "should" holds for every song
        case OneOf(conditions):
            return models.Filter(should=[_condition(c) for c in conditions])
        case RowsIn(rows):
            return models.HasIdCondition(has_id=list(rows))
