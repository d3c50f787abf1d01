"""Holds requests and answers to Spotify's document, read as it binds an app in development mode.

The document is OpenAPI 3.0 in YAML. Whatever it calls deprecated, operations and fields alike, is gone for such an
app, and is an error here. Where Spotify itself leaves its document, so does this: `null` in search results, errors in
plain text, 400, 404 and 413, and a bare list of uris as a body, which spotipy sends.
"""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests import contracts
from tests.stand_ins.spotify_traffic import ACCOUNTS, REMOVED, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.stand_ins.spotify import SpotifyStandIn
    from tests.stand_ins.spotify_traffic import Captured

DOCUMENT: Final = "spotify-openapi.yml"
_METHODS: Final = frozenset({"get", "put", "post", "delete"})
_JSON: Final = "application/json"
_ERROR: Final = "#/components/responses/BadRequest"
_ANSWERS_MISSING: Final = ("400", "404")
_TAKES_A_LIST: Final = (Endpoint.ADD, Endpoint.REPLACE)


class SpotifyContract:
    """The document, for requests as the stand-in keeps them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        binding, self._content_types = _as_it_binds(document)
        self._contract = contracts.Contract(binding)

    def check(self, seen: Captured) -> None:
        """Raise ContractError unless the document allows the request, where it was let in, and its answer."""
        if seen.endpoint in ACCOUNTS:
            return
        refused = seen.status is not None and 400 <= seen.status < 500 and not seen.faulted
        if not refused:
            self._check_request(seen)
        gone = REMOVED.fullmatch(f"{seen.method} {seen.path}") is not None
        # What a fault answers is whatever its test wants; an error in plain text stands in no document.
        if seen.status is not None and not (seen.faulted or gone or isinstance(seen.answer, str)):
            self._contract.check_answer(seen.method, seen.path, seen.status, _without_null_results(seen))

    def check_endpoint(self, endpoint: Endpoint) -> None:
        """Raise ContractError for one that the document does not have any more."""
        method, _, template = endpoint.partition(" ")
        self._contract.operation(method, template)

    def _check_request(self, seen: Captured) -> None:
        self._contract.check_request(seen.method, seen.path, query=seen.query, payload=seen.payload)
        if seen.payload is not None:
            expected = self._content_types[self._contract.operation(seen.method, seen.path).template, seen.method]
            sent = seen.headers.get("Content-Type", "").partition(";")[0]
            if sent != expected:
                raise contracts.ContractError(f"{seen.label} takes {expected}, not {sent or 'a body of no type'}")


def available() -> SpotifyContract | None:
    """The contract, or None where it is missing and nobody insists on it; else the test fails."""
    path = contracts.find(DOCUMENT)
    if path is not None:
        return _load(path)
    if contracts.required():
        pytest.fail(contracts.missing(DOCUMENT))
    return None


def needed() -> SpotifyContract:
    """The contract; where it is missing, the calling test is skipped, or fails where it is insisted on."""
    contract = available()
    if contract is None:
        pytest.skip(contracts.missing(DOCUMENT))
    return contract


def hold_to_contract(stand_in: SpotifyStandIn) -> None:
    """Every request and every answer that the stand-in saw, where Spotify's document is at hand."""
    contract = available()
    if contract is not None:
        for seen in stand_in.requests:
            contract.check(seen)


@cache
def _load(path: Path) -> SpotifyContract:
    return SpotifyContract(yaml.safe_load(path.read_bytes()))


def _as_it_binds(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """The document as OpenAPI 3.1 without what is deprecated, and the content type that each operation takes."""
    binding = deepcopy(dict(document))
    content_types: dict[tuple[str, str], str] = {}
    for node in list(_objects(binding["components"])):
        _forbid_deprecated(node)
    for node in list(_objects(binding)):
        _allow_null(node)
    for template, item in binding["paths"].items():
        for method in _METHODS & item.keys():
            operation = item[method]
            if operation.get("deprecated"):
                del item[method]
                continue
            operation["parameters"] = [_parameter(p, binding) for p in operation.get("parameters", ())]
            operation["responses"] |= {status: {"$ref": _ERROR} for status in _ANSWERS_MISSING}
            body = operation.get("requestBody", {})
            content = body.get("content", {})
            # An object with fields that are required cannot be left out, though only one body says so itself.
            body["required"] = body.get("required") or any("required" in c["schema"] for c in content.values())
            for content_type in list(content):
                content_types[template, method.upper()] = content_type
                content[_JSON] = content.pop(content_type)  # an image's body is a text, and is checked as one
            if f"{method.upper()} {template}" in _TAKES_A_LIST:
                uris = {"type": "array", "items": {"type": "string"}}
                content[_JSON]["schema"] = {"anyOf": [content[_JSON]["schema"], uris]}
    return binding, content_types


def _objects(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)


def _forbid_deprecated(schema: dict[str, Any]) -> None:
    """Fields that went are not required any more, and nothing may stand there."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    gone = {name for name, field in properties.items() if isinstance(field, dict) and field.get("deprecated") is True}
    properties |= {name: {"not": {}} for name in gone}
    if isinstance(schema.get("required"), list):
        schema["required"] = [name for name in schema["required"] if name not in gone]


def _allow_null(schema: dict[str, Any]) -> None:
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]


def _parameter(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter in full; one that lists words, separated by commas, as the text that it is."""
    if "$ref" in parameter:
        parameter = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
    schema = parameter["schema"]
    if schema.get("type") == "array":
        word = "|".join(re.escape(one) for one in schema["items"].get("enum", ())) or "[^,]+"
        schema = {"type": "string", "pattern": f"^({word})(,({word}))*$"}
    return {**parameter, "schema": schema}


def _without_null_results(seen: Captured) -> Any:
    if seen.endpoint is not Endpoint.SEARCH or seen.status != 200:
        return seen.answer
    return {
        kind: found | {"items": [item for item in found["items"] if item is not None]}
        for kind, found in seen.answer.items()
    }
