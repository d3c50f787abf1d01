"""Holds requests and answers to a service's own OpenAPI document.

The documents are not ours to commit. They are looked for in the folder `VIBESMITH_CONTRACTS`, by default
`../shared/contracts` beside the repository. Where one is missing, the tests that need it are skipped with the
reason; with `VIBESMITH_REQUIRE_CONTRACTS=1` they fail instead.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema.protocols import Validator

DISCORD: Final = "discord-openapi.json"
_FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "contracts"
_ROOT: Final = "urn:contract"
_METHODS: Final = frozenset({"get", "put", "post", "patch", "delete"})

FORMATS: Final = FormatChecker(formats=())


@FORMATS.checks("int32")
def _int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@FORMATS.checks("date-time", raises=ValueError)
def _date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", raises=ValueError)
def _uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


class ContractError(AssertionError):
    """A request or an answer that the service's document does not allow."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `at` points to it in the document."""

    method: str
    template: str
    at: str
    spec: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]


class Contract:
    """An OpenAPI 3.1 document, with a compiled validator for each schema that was asked for."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._registry: Registry[Any] = Registry().with_resource(
            _ROOT, Resource.from_contents(document, default_specification=DRAFT202012)
        )
        self._validators: dict[str, Validator] = {}
        # Words before placeholders, so that /users/@me is not taken for /users/{user_id}.
        self._operations = sorted(self._all_operations(), key=lambda found: found[1].template.count("{"))

    def check_request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        payload: object = None,
        form: bool = False,
    ) -> None:
        """Raise ContractError unless the document allows the request.

        Args:
            method: as in HTTP.
            path: below the base address, as sent, without the query.
            query: its parameters.
            payload: the JSON body; of a multipart form, its `payload_json`.
            form: whether it came as a multipart form.
        """
        operation = self.operation(method, path)
        self._check_parameters(operation, path, query or {})
        name = "multipart/form-data" if form else "application/json"
        content = operation.spec.get("requestBody", {}).get("content", {})
        if payload is None:
            if operation.spec.get("requestBody", {}).get("required"):
                raise ContractError(f"{method} {operation.template} needs a body, and none was sent")
        elif name not in content:
            raise ContractError(f"{method} {operation.template} takes no {name}")
        else:
            at = f"{operation.at}/requestBody/content/{_escaped(name)}/schema"
            self._check(at, _with_text_ids(payload), f"the body of {method} {operation.template}")

    def check_answer(self, method: str, path: str, status: int, payload: object) -> None:
        """Raise ContractError unless the document allows this answer; 5XX is never in a document."""
        if status >= 500:
            return
        operation = self.operation(method, path)
        responses = operation.spec["responses"]
        key = next((k for k in (str(status), f"{status // 100}XX", "default") if k in responses), None)
        if key is None:
            raise ContractError(f"{method} {operation.template} never answers {status}")
        at = f"{operation.at}/responses/{key}"
        response = responses[key]
        if "$ref" in response:
            at = response["$ref"].removeprefix("#")
            response = self._document["components"]["responses"][at.rpartition("/")[2]]
        if "application/json" in response.get("content", {}):
            at = f"{at}/content/application~1json/schema"
            self._check(at, payload, f"the answer {status} to {method} {operation.template}")
        elif payload is not None:
            raise ContractError(f"{method} {operation.template} answers {status} without a body")

    def operation(self, method: str, path: str) -> Operation:
        """The operation that a path belongs to; ContractError for a route the service does not have."""
        for pattern, operation in self._operations:
            if operation.method == method.upper() and pattern.fullmatch(path):
                return operation
        raise ContractError(f"{method} {path} is no route of this service")

    def _all_operations(self) -> Iterator[tuple[re.Pattern[str], Operation]]:
        for template, item in self._document["paths"].items():
            pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))
            for name in _METHODS & item.keys():
                at = f"/paths/{_escaped(template)}/{name}"
                parameters = (*item.get("parameters", ()), *item[name].get("parameters", ()))
                yield pattern, Operation(name.upper(), template, at, item[name], parameters)

    def _check_parameters(self, operation: Operation, path: str, query: Mapping[str, str]) -> None:
        pattern = next(p for p, o in self._operations if o is operation)
        match = pattern.fullmatch(path)
        given: dict[tuple[str, str], str] = {("query", k): v for k, v in query.items()}
        given |= {("path", k): v for k, v in (match.groupdict() if match else {}).items()}
        known = {(p["in"], p["name"]): p for p in operation.parameters}
        what = f"{operation.method} {operation.template}"
        if unknown := given.keys() - known.keys():
            raise ContractError(f"{what} has no {', '.join(' '.join(u) for u in sorted(unknown))}")
        for key, parameter in known.items():
            if key in given:
                value = _parsed(given[key], self._types(parameter["schema"]))
                self._validate(
                    Draft202012Validator(self._absolute(parameter["schema"]), registry=self._registry),
                    value,
                    f"{' '.join(key)} of {what}",
                )
            elif parameter.get("required"):
                raise ContractError(f"{what} needs {' '.join(key)}")

    def _types(self, schema: Mapping[str, Any]) -> set[str]:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        named = schema.get("type", ())
        return {named} if isinstance(named, str) else set(named)

    def _absolute(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {k: f"{_ROOT}{v}" if k == "$ref" else v for k, v in schema.items()}

    def _check(self, at: str, payload: object, what: str) -> None:
        if at not in self._validators:
            self._validators[at] = Draft202012Validator(
                {"$ref": f"{_ROOT}#{at}"}, registry=self._registry, format_checker=FORMATS
            )
        self._validate(self._validators[at], payload, what)

    @staticmethod
    def _validate(validator: Validator, payload: Any, what: str) -> None:
        deepest = _deepest(validator.iter_errors(payload))
        if deepest is not None:
            said = deepest.message if len(deepest.message) < 400 else f"… {deepest.message[-400:]}"
            raise ContractError(f"{what}: {deepest.json_path}: {said}")


def find(name: str) -> Path | None:
    """Where a contract document lies, or None."""
    path = Path(os.environ.get("VIBESMITH_CONTRACTS") or _FOLDER) / name
    return path if path.is_file() else None


def required() -> bool:
    """Whether a missing document is a failure here."""
    return os.environ.get("VIBESMITH_REQUIRE_CONTRACTS") == "1"


def missing(name: str) -> str:
    """Why the tests that need a document cannot run, and what to do."""
    folder = os.environ.get("VIBESMITH_CONTRACTS") or "../shared/contracts"
    return f"{name} is not in {folder}: set VIBESMITH_CONTRACTS to the folder that holds it"


def available(name: str) -> Contract | None:
    """The contract, or None where it is missing and nobody insists on it; else the test fails."""
    path = find(name)
    if path is not None:
        return _load(path)
    if required():
        pytest.fail(missing(name))
    return None


def needed(name: str) -> Contract:
    """The contract; where it is missing, the calling test is skipped, or fails where it is insisted on."""
    contract = available(name)
    if contract is None:
        pytest.skip(missing(name))
    return contract


@cache
def _load(path: Path) -> Contract:
    return Contract(json.loads(path.read_bytes()))


def _escaped(key: str) -> str:
    """A key as a part of a JSON pointer inside a URI."""
    return key.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _with_text_ids(payload: object) -> object:
    """The body with `attachments[].id` as text: discord.py sends a number, which Discord takes as well."""
    if not isinstance(payload, dict):
        return payload
    changed = {k: _with_text_ids(v) for k, v in payload.items() if k == "data"}
    if isinstance(payload.get("attachments"), list):
        changed["attachments"] = [a | {"id": str(a["id"])} if "id" in a else a for a in payload["attachments"]]
    return payload | changed


def _parsed(value: str, types: set[str]) -> object:
    """A parameter's text as the JSON value that it stands for."""
    if "boolean" in types and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    if "integer" in types and re.fullmatch(r"-?\d+", value):
        return int(value)
    return value


def _deepest(errors: Iterable[ValidationError]) -> ValidationError | None:
    """The error that says most: of a union, the one in the branch that got furthest."""
    best: ValidationError | None = None
    for error in errors:
        inner = _deepest(error.context) if error.context else None
        # A branch that fails on `type` itself was never meant: its complaint would mislead.
        candidate = inner if inner is not None and inner.validator not in ("enum", "const") else error
        if best is None or len(candidate.absolute_path) > len(best.absolute_path):
            best = candidate
    return best
