"""What goes over the stand-in Spotify's wire: its endpoints, captured requests, and faults put in their way."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAYLIST: Final = "/playlists/{playlist_id}"


class Endpoint(StrEnum):
    """The routes that there are, as Spotify's document writes them."""

    AUTHORIZE = "GET /authorize"
    TOKEN = "POST /api/token"
    ME = "GET /me"
    SEARCH = "GET /search"
    TRACK = "GET /tracks/{id}"
    PLAYLISTS = "GET /me/playlists"
    CREATE = "POST /me/playlists"
    PLAYLIST = f"GET {_PLAYLIST}"
    DETAILS = f"PUT {_PLAYLIST}"
    ITEMS = f"GET {_PLAYLIST}/items"
    ADD = f"POST {_PLAYLIST}/items"
    REPLACE = f"PUT {_PLAYLIST}/items"
    REMOVE = f"DELETE {_PLAYLIST}/items"
    IMAGES = f"GET {_PLAYLIST}/images"
    COVER = f"PUT {_PLAYLIST}/images"
    TOP_TRACKS = "GET /me/top/tracks"
    RECENT = "GET /me/player/recently-played"
    SAVED_TRACKS = "GET /me/tracks"
    SAVED = "GET /me/library/contains"
    SAVE = "PUT /me/library"
    UNSAVE = "DELETE /me/library"


ACCOUNTS: Final = frozenset({Endpoint.AUTHORIZE, Endpoint.TOKEN})

# Deprecated in the document of May 2026, and closed to an app in development mode.
REMOVED: Final = re.compile(
    r"GET /(albums|artists|shows|episodes|audiobooks|chapters|tracks|markets)"
    r"|GET /artists/[^/]+/(top-tracks|related-artists)"
    r"|GET /(audio-features|audio-analysis|recommendations|browse)(/.*)?"
    r"|\w+ /users/.*"
    r"|\w+ /playlists/[^/]+/(tracks|followers)(/.*)?"
    r"|(PUT|DELETE) /me/(albums|audiobooks|episodes|following|shows|tracks)"
    r"|GET /me/(albums|audiobooks|episodes|following|shows|tracks)/contains"
)
_PATTERNS: Final = tuple((re.compile(re.sub(r"\{\w+\}", "([^/]+)", endpoint)), endpoint) for endpoint in Endpoint)


def found(method: str, path: str) -> tuple[Endpoint | None, tuple[str, ...]]:
    """The endpoint of a request, and what its path names."""
    for pattern, endpoint in _PATTERNS:
        if match := pattern.fullmatch(f"{method} {path}"):
            return endpoint, match.groups()
    return None, ()


@dataclass(eq=False, slots=True)
class Captured:
    """A request as it came; what it was answered follows. `path` is below the base address.

    `status` stays None where nothing was answered: the connection was dropped, or the request still hangs.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    payload: Any
    endpoint: Endpoint | None
    at: float
    user: str | None = None
    faulted: bool = False
    status: int | None = None
    answer: Any = None

    @property
    def label(self) -> str:
        """How it is counted: by its endpoint, or as it stands where there is none."""
        return self.endpoint or f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """JSON for an object, plain text for a text, nothing for None."""
        if body is None:
            return cls(status, headers=headers or {})
        if isinstance(body, str):
            return cls(status, body.encode(), "text/plain; charset=utf-8", headers or {})
        return cls(status, json.dumps(body).encode(), "application/json; charset=utf-8", headers or {})


class Wreck(StrEnum):
    """What a fault does in place of an answer."""

    HANG = "hang"
    DROP = "drop"


@dataclass(eq=False, slots=True)
class Fault:
    """What happens to requests of an endpoint (None: to every API request), from the nth on, so many times.

    With `commit` the request is done all the same, and only its answer is lost. `reached` tells when it struck;
    what hangs goes on when `release` is set.
    """

    endpoint: Endpoint | None
    outcome: Answer | Wreck
    commit: bool = False
    nth: int = 1
    times: int | None = 1
    seen: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def strikes(self, endpoint: Endpoint | None) -> bool:
        """Whether this request is one of those; it is counted either way."""
        if self.endpoint not in (None, endpoint) or (self.endpoint is None and endpoint in ACCOUNTS):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


def html(status: int) -> Answer:
    """What a proxy in front of Spotify says."""
    body = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>Error: {status}</h1></body></html>"
    return Answer(status, body.encode(), "text/html; charset=utf-8")
