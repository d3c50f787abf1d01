"""Spotify's Web API without its wire: what each endpoint does to playlists and libraries, by the rules of 2026."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.stand_ins.spotify_objects import (
    Catalogue,
    Entry,
    Json,
    Playlist,
    Refusal,
    Track,
    User,
    entry_json,
    images_json,
    page,
    playlist_json,
    spotify_id,
    stamp,
    track_json,
    tracks_of,
    user_json,
)
from tests.stand_ins.spotify_traffic import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tests.stand_ins.spotify_accounts import Clock, Grant

MAX_URIS: Final = 100
MAX_SAVED_URIS: Final = 40
MAX_COVER_BYTES: Final = 256 * 1024
_PUBLIC: Final = "playlist-modify-public"
_PRIVATE: Final = "playlist-modify-private"
_TYPES: Final = frozenset({"album", "artist", "playlist", "track", "show", "episode", "audiobook"})

# What a token must have for an endpoint, whatever is asked there; the handlers know the rest.
_SCOPES: Final[Mapping[Endpoint, str]] = {
    Endpoint.PLAYLISTS: "playlist-read-private",
    Endpoint.ITEMS: "playlist-read-private",
    Endpoint.COVER: "ugc-image-upload",
    Endpoint.TOP_TRACKS: "user-top-read",
    Endpoint.RECENT: "user-read-recently-played",
    Endpoint.SAVED_TRACKS: "user-library-read",
    Endpoint.SAVED: "user-library-read",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in."""

    grant: Grant
    query: Mapping[str, str]
    payload: Any
    content_type: str

    @property
    def user(self) -> User:
        return self.grant.user

    def need(self, scope: str) -> None:
        if scope not in self.grant.scopes:
            raise Refusal(403, "Insufficient client scope")

    def number(self, name: str, default: int, low: int, high: int) -> int:
        given = self.query.get(name, str(default))
        if not re.fullmatch(r"-?\d{1,9}", given) or not low <= int(given) <= high:
            raise Refusal(400, f"Invalid {name}")
        return int(given)

    def body(self) -> Json:
        """The JSON object that was sent; nothing counts as an empty one."""
        if self.payload is None:
            return {}
        if not isinstance(self.payload, dict):
            raise Refusal(400, "Error parsing JSON.")
        return self.payload

    def uris(self) -> list[Any]:
        """Where the uris are: in the body, which may be a bare list (spotipy sends that), or in the query."""
        given = self.payload if isinstance(self.payload, list) else self.body().get("uris")
        if given is None and "uris" in self.query:
            given = self.query["uris"].split(",")
        if not isinstance(given, list):
            raise Refusal(400, "No uris provided")
        if len(given) > MAX_URIS:
            raise Refusal(400, f"You can add a maximum of {MAX_URIS} tracks per request.")
        return given


class WebApi:
    """The state behind the Web API.

    `ignores_private` makes each new playlist public, whatever was asked for. `nulls_in_search` are the places of a
    page of results at which `null` stands where a track should.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self.catalogue = catalogue
        self.playlists: dict[str, Playlist] = {}
        self.ignores_private = False
        self.nulls_in_search: frozenset[int] = frozenset()
        self.base = ""
        self.origin = ""
        self._clock = clock
        self._handlers: dict[Endpoint, Callable[..., tuple[int, object]]] = {
            Endpoint.ME: lambda call: (200, user_json(call.user, self.base)),
            Endpoint.SEARCH: self._search,
            Endpoint.TRACK: self._track,
            Endpoint.PLAYLISTS: self._list,
            Endpoint.CREATE: self._create,
            Endpoint.PLAYLIST: self._read,
            Endpoint.DETAILS: self._change_details,
            Endpoint.ITEMS: self._read_items,
            Endpoint.ADD: self._add,
            Endpoint.REPLACE: self._replace_or_reorder,
            Endpoint.REMOVE: self._remove,
            Endpoint.IMAGES: lambda call, id_: (200, images_json(self._visible(call, id_), self.origin)),
            Endpoint.COVER: self._cover,
            Endpoint.TOP_TRACKS: self._top_tracks,
            Endpoint.RECENT: self._recent,
            Endpoint.SAVED_TRACKS: self._saved_tracks,
            Endpoint.SAVED: self._saved,
            Endpoint.SAVE: self._save,
            Endpoint.UNSAVE: self._unsave,
        }

    def perform(self, endpoint: Endpoint, call: Call, *arguments: str) -> tuple[int, object]:
        """Status and body of the answer; a Refusal for all but 2XX."""
        if scope := _SCOPES.get(endpoint):
            call.need(scope)
        return self._handlers[endpoint](call, *arguments)

    # Finding

    def _search(self, call: Call) -> tuple[int, object]:
        limit, offset = call.number("limit", 5, 1, 10), call.number("offset", 0, 0, 1000)
        query, kinds = call.query.get("q", ""), call.query.get("type", "").split(",")
        if not query.strip():
            raise Refusal(400, "No search query")
        if not set(kinds) <= _TYPES:
            raise Refusal(400, "Bad search type field")
        sent = {"query": query, "type": call.query["type"]}
        results: Json = {}
        for kind in kinds:
            found = self.catalogue.search(query) if kind == "track" else []
            results[f"{kind}s"] = self._tracks_page("/search", found, limit, offset, sent)
        if "tracks" in results:
            items = results["tracks"]["items"]
            results["tracks"]["items"] = [None if n in self.nulls_in_search else item for n, item in enumerate(items)]
        return 200, results

    def _track(self, _: Call, id_: str) -> tuple[int, object]:
        if not re.fullmatch(r"[0-9A-Za-z]{22}", id_):
            raise Refusal(400, "Invalid base62 id")
        if id_ not in self.catalogue.tracks:
            raise Refusal(404, "Resource not found")
        return 200, track_json(self.catalogue.tracks[id_], self.base)

    # Playlists

    def _list(self, call: Call) -> tuple[int, object]:
        limit, offset = call.number("limit", 20, 1, 50), call.number("offset", 0, 0, 100_000)
        newest_first = list(reversed(self.playlists.values()))
        listed = [p for p in newest_first if p.owner is call.user and p.followed_by_owner]
        listed += [p for p in newest_first if p.owner is not call.user and p.uri in call.user.library]
        every = [self._simplified(playlist) for playlist in listed]
        return 200, page(f"{self.base}/me/playlists", every, limit, offset)

    def _create(self, call: Call) -> tuple[int, object]:
        body = call.body()
        public, collaborative = body.get("public", True), body.get("collaborative", False)
        if not isinstance(body.get("name"), str) or not body["name"].strip():
            raise Refusal(400, "Missing required field: name")
        if public and collaborative:
            raise Refusal(400, "Collaborative playlists can only be private.")
        call.need(_PUBLIC if public else _PRIVATE)
        playlist = Playlist(
            spotify_id("playlist", call.user.id, str(len(self.playlists))),
            call.user,
            body["name"],
            body.get("description") or "",
            public=public or self.ignores_private,
            collaborative=collaborative,
        )
        self.playlists[playlist.id] = playlist
        return 201, self._full(call, playlist)

    def _read(self, call: Call, id_: str) -> tuple[int, object]:
        return 200, self._full(call, self._visible(call, id_))

    def _change_details(self, call: Call, id_: str) -> tuple[int, object]:
        playlist, body = self._own(call, id_), call.body()
        if not body.keys() & {"name", "public", "collaborative", "description"}:
            raise Refusal(400, "Missing required field: one of name, public, collaborative, description")
        if "name" in body and not body["name"]:
            raise Refusal(400, "Playlist name can't be empty")
        playlist.name = body.get("name", playlist.name)
        playlist.description = body.get("description", playlist.description)
        playlist.public = body.get("public", playlist.public)
        playlist.collaborative = body.get("collaborative", playlist.collaborative)
        return 200, None

    def _read_items(self, call: Call, id_: str) -> tuple[int, object]:
        limit, offset = call.number("limit", 20, 1, 50), call.number("offset", 0, 0, 100_000)
        playlist = self._visible(call, id_)
        if not _may_see_items(call, playlist):
            raise Refusal(403, "Forbidden")
        return 200, self._items_page(playlist, limit, offset)

    def _add(self, call: Call, id_: str) -> tuple[int, object]:
        playlist, uris = self._own(call, id_), call.uris()
        end = len(playlist.entries)
        at = (
            call.payload.get("position", end)
            if isinstance(call.payload, dict)
            else call.number("position", end, 0, end)
        )
        if not uris:
            raise Refusal(400, "No uris provided")
        if not isinstance(at, int) or not 0 <= at <= end:
            raise Refusal(400, "Index out of bounds")
        playlist.entries[at:at] = self._entries(call, tracks_of(self.catalogue, uris))
        return 201, _changed(playlist)

    def _replace_or_reorder(self, call: Call, id_: str) -> tuple[int, object]:
        playlist = self._own(call, id_)
        if "range_start" not in call.body():
            playlist.entries = self._entries(call, tracks_of(self.catalogue, call.uris()))
            return 200, _changed(playlist)
        body = call.body()
        start, length, before = body["range_start"], body.get("range_length", 1), body.get("insert_before")
        count = len(playlist.entries)
        if before is None or not (0 <= start < start + length <= count and 0 <= before <= count):
            raise Refusal(400, "Index out of bounds")
        _check_snapshot(playlist, body)
        moved = playlist.entries[start : start + length]
        del playlist.entries[start : start + length]
        at = before - length if before >= start + length else min(before, start)
        playlist.entries[at:at] = moved
        return 200, _changed(playlist)

    def _remove(self, call: Call, id_: str) -> tuple[int, object]:
        playlist, body = self._own(call, id_), call.body()
        items = body.get("items")
        if not isinstance(items, list) or len(items) > MAX_URIS:
            raise Refusal(400, f"items: a list of at most {MAX_URIS} is needed")
        _check_snapshot(playlist, body)
        gone = set(tracks_of(self.catalogue, (item.get("uri") if isinstance(item, dict) else None for item in items)))
        playlist.entries = [entry for entry in playlist.entries if entry.track not in gone]
        return 200, _changed(playlist)

    def _cover(self, call: Call, id_: str) -> tuple[int, object]:
        playlist = self._own(call, id_)
        if call.content_type != "image/jpeg" or not isinstance(call.payload, str):
            raise Refusal(400, "Bad request.")
        # The limit is on what is sent, which is a third more than the image.
        if len(call.payload) > MAX_COVER_BYTES:
            raise Refusal(413, "Payload Too Large", text=True)
        try:
            image = b64decode(call.payload, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(400, "Bad request.") from None
        if not image.startswith(b"\xff\xd8\xff"):
            raise Refusal(400, "Bad request.")
        playlist.cover = image
        return 202, None

    # A user's own music

    def _top_tracks(self, call: Call) -> tuple[int, object]:
        limit, offset = call.number("limit", 20, 1, 50), call.number("offset", 0, 0, 100_000)
        return 200, self._tracks_page("/me/top/tracks", call.user.top, limit, offset)

    def _recent(self, call: Call) -> tuple[int, object]:
        limit, now = call.number("limit", 20, 1, 50), stamp(self._clock.now())
        played = [{"track": track_json(t, self.base), "played_at": now} for t in call.user.recent[:limit]]
        return 200, {"href": f"{self.base}/me/player/recently-played", "items": played, "limit": limit, "cursors": {}}

    def _saved_tracks(self, call: Call) -> tuple[int, object]:
        limit, offset = call.number("limit", 20, 1, 50), call.number("offset", 0, 0, 100_000)
        saved = tracks_of(self.catalogue, (uri for uri in reversed(call.user.library) if ":track:" in uri))
        now = stamp(self._clock.now())
        every = [{"added_at": now, "track": track_json(track, self.base)} for track in saved]
        return 200, page(f"{self.base}/me/tracks", every, limit, offset)

    def _saved(self, call: Call) -> tuple[int, object]:
        own = {p.uri for p in self.playlists.values() if p.owner is call.user and p.followed_by_owner}
        return 200, [uri in own or uri in call.user.library for uri in self._library_uris(call)]

    def _save(self, call: Call) -> tuple[int, object]:
        for uri in self._library_uris(call, changes=True):
            playlist = self.playlists.get(uri.rpartition(":")[2])
            if playlist is not None and playlist.owner is call.user:
                playlist.followed_by_owner = True
            elif uri not in call.user.library:
                call.user.library.append(uri)
        return 200, None

    def _unsave(self, call: Call) -> tuple[int, object]:
        for uri in self._library_uris(call, changes=True):
            playlist = self.playlists.get(uri.rpartition(":")[2])
            if playlist is not None and playlist.owner is call.user:
                playlist.followed_by_owner = False
            elif uri in call.user.library:
                call.user.library.remove(uri)
        return 200, None

    def _library_uris(self, call: Call, *, changes: bool = False) -> list[str]:
        uris = [uri for uri in call.query.get("uris", "").split(",") if uri]
        if not 0 < len(uris) <= MAX_SAVED_URIS:
            raise Refusal(400, f"uris: between 1 and {MAX_SAVED_URIS} are needed")
        for uri in uris:
            match = re.fullmatch(r"spotify:(track|playlist):([0-9A-Za-z]{22})", uri)
            if match is None:
                raise Refusal(400, f"Invalid uri: {uri}")
            if changes:
                call.need(_PUBLIC if match[1] == "playlist" else "user-library-modify")
            known: Iterable[str] = self.playlists if match[1] == "playlist" else self.catalogue.tracks
            if match[2] not in known:
                raise Refusal(400, f"Invalid uri: {uri}")
        return uris

    # What the answers are made of

    def _visible(self, call: Call, id_: str) -> Playlist:
        playlist = self.playlists.get(id_)
        if playlist is None or not (playlist.public or playlist.collaborative or playlist.owner is call.user):
            raise Refusal(404, "Resource not found")
        return playlist

    def _own(self, call: Call, id_: str) -> Playlist:
        """A playlist that the caller may change."""
        playlist = self._visible(call, id_)
        if not _may_see_items(call, playlist):
            raise Refusal(403, "You cannot change a playlist you don't own.")
        call.need(_PUBLIC if playlist.public else _PRIVATE)
        return playlist

    def _entries(self, call: Call, tracks: Iterable[Track]) -> list[Entry]:
        return [Entry(track, self._clock.now(), call.user) for track in tracks]

    def _full(self, call: Call, playlist: Playlist) -> Json:
        items = self._items_page(playlist, MAX_URIS, 0) if _may_see_items(call, playlist) else None
        return playlist_json(playlist, self.base, self.origin, items=items)

    def _simplified(self, playlist: Playlist) -> Json:
        count = {"href": f"{self.base}/playlists/{playlist.id}/items", "total": len(playlist.entries)}
        return playlist_json(playlist, self.base, self.origin, items=count)

    def _items_page(self, playlist: Playlist, limit: int, offset: int) -> Json:
        every = [entry_json(entry, self.base) for entry in playlist.entries]
        return page(f"{self.base}/playlists/{playlist.id}/items", every, limit, offset)

    def _tracks_page(
        self, path: str, tracks: Sequence[Track], limit: int, offset: int, query: Mapping[str, str] | None = None
    ) -> Json:
        every = [track_json(track, self.base) for track in tracks]
        return page(f"{self.base}{path}", every, limit, offset, query)


def _may_see_items(call: Call, playlist: Playlist) -> bool:
    return playlist.owner is call.user or playlist.collaborative


def _check_snapshot(playlist: Playlist, body: Json) -> None:
    if body.get("snapshot_id", playlist.snapshot_id) != playlist.snapshot_id:
        raise Refusal(400, "Invalid snapshot id")


def _changed(playlist: Playlist) -> Json:
    playlist.changes += 1
    return {"snapshot_id": playlist.snapshot_id}
