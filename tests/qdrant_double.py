"""A Qdrant server for tests: HTTP held to Qdrant's own OpenAPI document, answered by qdrant-client's local mode."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx
import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError
from qdrant_client import QdrantClient, models

from tests import contracts
from tests.contracts import Contract, ContractError

QDRANT: Final = "qdrant-openapi.json"
URL: Final = "http://qdrant.test:6333"

Handler = Callable[[httpx.Request], httpx.Response]


def qdrant_contract() -> Contract | None:
    """Qdrant's contract, or None where the document is missing and nobody insists on it."""
    return _contract() if contracts.available(QDRANT) else None


@cache
def _contract() -> Contract:
    path = contracts.find(QDRANT)
    if path is None:
        raise FileNotFoundError(contracts.missing(QDRANT))
    return Contract(_without_nullable(json.loads(path.read_bytes())))


def _without_nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema, where a bare `{"nullable": true}` would allow anything."""
    if isinstance(schema, list):
        return [_without_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _without_nullable(value) for key, value in schema.items()}
    if schema.get("nullable") is not True:
        return rest
    del rest["nullable"]
    says_something = rest.keys() - {"description", "default", "example"}
    return {"anyOf": [rest, {"type": "null"}]} if says_something else {"type": "null"}


def client_of(handler: Handler) -> QdrantClient:
    """A client whose requests go to a handler instead of the network."""
    return QdrantClient(URL, timeout=5, transport=httpx.MockTransport(handler), check_compatibility=False)


class QdrantDouble:
    """One server with its collections.

    Each request and each answer is held to the contract, where it is available; what breaks it is kept in `broken`,
    since the client turns an error that is raised in its transport into one of its own.

    Args:
        contract: Qdrant's OpenAPI document, or None to answer without it.
    """

    def __init__(self, contract: Contract | None) -> None:
        self.broken: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self._contract = contract
        self._local = QdrantClient(":memory:")
        self._operations = 0

    def client(self) -> QdrantClient:
        return client_of(self.handle)

    def close(self) -> None:
        self._local.close()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """The server's answer to one request."""
        method, path = request.method, request.url.path
        payload = json.loads(request.content) if request.content else None
        self.asked.append((method, path))
        if self._contract:
            self._hold(
                lambda c: c.check_request(method, path, query=dict(request.url.params), payload=payload),
                self._contract,
            )
        status, answer = self._answer(method, path, payload)
        if self._contract:
            self._hold(lambda c: c.check_answer(method, path, status, answer), self._contract)
        return httpx.Response(status, json=answer)

    def _hold(self, check: Callable[[Contract], None], contract: Contract) -> None:
        try:
            check(contract)
        except ContractError as error:
            self.broken.append(str(error))
            raise

    def _answer(self, method: str, path: str, payload: Any) -> tuple[int, dict[str, Any]]:
        for route in _ROUTES:
            match = route.path.fullmatch(path)
            if match and route.method == method:
                name = match["name"]
                if not route.makes and not self._local.collection_exists(name):
                    return 404, _error(f"Not found: Collection `{name}` doesn't exist!")
                try:
                    body = route.body.validate_python(payload)
                    return 200, {"result": _plain(route.run(self, name, body)), "status": "ok", "time": 0.001}
                except (ValueError, ValidationError) as error:
                    return 400, _error(f"Wrong input: {error}")
        return 404, _error(f"{method} {path} is not answered by this double")

    def _create(self, name: str, body: models.CreateCollection) -> bool:
        return self._local.create_collection(name, body.vectors, body.sparse_vectors)

    def _index_payload(self, name: str, body: models.CreateFieldIndex) -> models.UpdateResult:
        # Local mode filters without payload indexes, and warns of it.
        del name, body
        return self._done()

    def _upsert(self, name: str, body: models.PointsList) -> models.UpdateResult:
        self._local.upsert(name, body.points)
        return self._done()

    def _retrieve(self, name: str, body: models.PointRequest) -> list[models.Record]:
        return self._local.retrieve(
            name, body.ids, with_payload=body.with_payload or False, with_vectors=body.with_vector or False
        )

    def _count(self, name: str, body: models.CountRequest) -> models.CountResult:
        return self._local.count(name, body.filter, exact=body.exact is not False)

    def _query(self, name: str, body: models.QueryRequest) -> models.QueryResponse:
        # Local mode compares with all points anyway, and warns of parameters for the search graph.
        prefetch = [p.model_copy(update={"params": None}) for p in _listed(body.prefetch)]
        found = self._local.query_points(
            name, query=body.query, using=body.using, prefetch=prefetch or None, query_filter=body.filter,
            limit=body.limit or 10, with_payload=body.with_payload or False, with_vectors=body.with_vector or False,
        )  # fmt: skip
        for point in found.points:
            point.score = float(np.float32(point.score))  # the server's scores are 32 bits wide
        return found

    def _done(self) -> models.UpdateResult:
        self._operations += 1
        return models.UpdateResult(operation_id=self._operations, status=models.UpdateStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class _Route:
    method: str
    path: re.Pattern[str]
    body: TypeAdapter[Any]
    run: Callable[[QdrantDouble, str, Any], object]
    makes: bool = False


def _route(
    method: str,
    below: str,
    body: type[BaseModel],
    run: Callable[[QdrantDouble, str, Any], object],
    *,
    makes: bool = False,
) -> _Route:
    return _Route(method, re.compile(rf"/collections/(?P<name>[^/]+){below}"), TypeAdapter(body), run, makes)


_ROUTES: Final = (
    _route("PUT", "", models.CreateCollection, QdrantDouble._create, makes=True),
    _route("PUT", "/index", models.CreateFieldIndex, QdrantDouble._index_payload),
    _route("PUT", "/points", models.PointsList, QdrantDouble._upsert),
    _route("POST", "/points", models.PointRequest, QdrantDouble._retrieve),
    _route("POST", "/points/count", models.CountRequest, QdrantDouble._count),
    _route("POST", "/points/query", models.QueryRequest, QdrantDouble._query),
)


def _listed(prefetch: models.Prefetch | list[models.Prefetch] | None) -> list[models.Prefetch]:
    return [prefetch] if isinstance(prefetch, models.Prefetch) else prefetch or []


def _plain(result: object) -> Any:
    if isinstance(result, list):
        return [_plain(item) for item in result]
    return result.model_dump(mode="json") if isinstance(result, BaseModel) else result


def _error(message: str) -> dict[str, Any]:
    return {"status": {"error": message}, "time": 0.001}


def failing(status: int, headers: Mapping[str, str] | None = None) -> Handler:
    """A server that answers every request with an error."""
    return lambda _: httpx.Response(status, json=_error("out of order"), headers=headers)
