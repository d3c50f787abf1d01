"""Spotify's objects as the stand-in makes them: tracks with their look-alikes, playlists, and the JSON of both."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

Json = dict[str, Any]

_BASE62: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_LENGTH: Final = 22
_OPEN: Final = "https://open.spotify.com"
_FILTER: Final = re.compile(r'\b(track|artist|album|isrc|year):(?:"([^"]*)"|(\S+))')


class Refusal(Exception):  # noqa: N818 - not an error here: it is what Spotify answers
    """An answer other than 2XX. Spotify sends some as plain text (`text`), where others are JSON."""

    def __init__(self, status: int, message: str, *, reason: str | None = None, text: bool = False) -> None:
        super().__init__(message)
        self.status = status
        error: Json = {"status": status, "message": message}
        if reason is not None:
            error["reason"] = reason
        self.body: Json | str = message if text else {"error": error}
        self.headers: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Track:
    """A song as Spotify holds it."""

    id: str
    title: str
    artists: tuple[str, ...]
    isrc: str
    duration_ms: int
    album: str
    year: int = 2020
    explicit: bool = False

    @property
    def uri(self) -> str:
        return f"spotify:track:{self.id}"


@dataclass(frozen=True, slots=True)
class Lookalike:
    """How a recording that is not the song differs from it; no artist means the song's own."""

    title: str = "{title}"
    artist: str | None = None
    album: str = "{album}"
    pace: float = 1.0
    added_ms: int = 0


LOOKALIKES: Final[Mapping[str, Lookalike]] = {
    "karaoke": Lookalike("{title} (Karaoke Version) [In the Style of {artist}]", "Singalong Backing Tracks"),
    "tribute": Lookalike(artist="The {artist} Tribute Band", album="A Tribute to {artist}"),
    "cover": Lookalike(artist="Midnight Covers", album="{artist} Covered, Vol. 3", added_ms=1500),
    "live": Lookalike("{title} - Live at the Harbour", album="Live at the Harbour", pace=1.13),
    "remaster": Lookalike("{title} - 2011 Remaster", album="{album} (2011 Remaster)", added_ms=400),
    "sped-up": Lookalike("{title} - Sped Up", album="{title} (Sped Up)", pace=0.8),
    "slowed": Lookalike("{title} (slowed + reverb)", album="{title} (slowed + reverb)", pace=1.2),
    "remix": Lookalike("{title} - Nightdrive Remix", album="{title} (Remixes)", pace=1.3),
}

# Title, artists, album, length in ms. All invented; some titles occur twice, and some have signs in them.
_SONGS: Final = (
    ("Lazy Harbour Light", ("Mara Quill",), "Tidewater", 214_000),
    ("Paper Lanterns", ("The Slow Ferries",), "Night Ferry", 187_500),
    ("Ünter dem Regen", ("Lied & Söhne",), "Stadt aus Glas", 243_200),
    ("Don't Wake the Sun", ("Kite Season",), "Kite Season", 201_300),
    ("Home", ("Ada Fenwick",), "Small Rooms", 176_000),
    ("Home", ("Brasshouse Nine",), "Third Floor", 299_400),
    ("Live Forever in June", ("The Junes",), "Calendar", 222_100),
    ("Copper Wire (feat. Odalys)", ("Tin Parade", "Odalys"), "Conductors", 195_800),
    ("夜の電車", ("Yoru Densha",), "終電", 251_000),
    ("What's Left / What Stays", ("Harlow & Pike",), "Two Drawers", 233_700),
    ("1999 Kilometres", ("Autobahn Choir",), "Kilometres", 318_900),
    ("Slow Remix of a Memory", ("Ivory Static",), "Afterimages", 265_000),
)


class Catalogue:
    """The songs that a search finds, in the order in which it finds them."""

    def __init__(self) -> None:
        self.tracks: dict[str, Track] = {}
        self._groups: dict[str, list[str]] = {}
        self._words: dict[str, dict[str, frozenset[str]]] = {}
        self._serial = 0

    def add(
        self,
        title: str,
        *artists: str,
        isrc: str | None = None,
        duration_ms: int = 200_000,
        album: str | None = None,
        year: int = 2020,
        id_: str | None = None,
        explicit: bool = False,
        before: Track | None = None,
    ) -> Track:
        """A new track, found last, or just before another that was; what is left out is made up."""
        self._serial += 1
        made_up = f"QZVB{self._serial % 100_000_000:08d}"
        made_up_id = spotify_id(title, *artists, str(self._serial))
        track = Track(
            id_ or made_up_id, title, artists, isrc or made_up, duration_ms, album or title, year, explicit=explicit
        )
        if track.id in self.tracks:
            raise ValueError(f"there is a track {track.id} already: {self.tracks[track.id].title}")
        self.tracks[track.id] = track
        if before is None:
            self._groups[track.id] = [track.id]
        else:
            self._groups[before.id].insert(-1, track.id)
        fields = {"track": title, "artist": " ".join(artists), "album": track.album}
        self._words[track.id] = {name: _words(text) for name, text in fields.items()}
        return track

    def add_lookalikes(self, track: Track, *kinds: str) -> dict[str, Track]:
        """Recordings that are not the song, by kind (all of LOOKALIKES by default). A search finds them before it."""
        words = {"title": track.title, "artist": track.artists[0], "album": track.album}
        added = {}
        for kind in kinds or LOOKALIKES:
            how = LOOKALIKES[kind]
            added[kind] = self.add(
                how.title.format(**words),
                *((how.artist.format(**words),) if how.artist else track.artists),
                album=how.album.format(**words),
                duration_ms=round(track.duration_ms * how.pace) + how.added_ms,
                before=track,
            )
        return added

    def search(self, query: str) -> list[Track]:
        """Every track that has all the words of the query, each in the field that the query names for it, if any."""
        wanted = [(m[1], m[2] if m[2] is not None else m[3]) for m in _FILTER.finditer(query)]
        wanted.append(("", _FILTER.sub(" ", query)))
        return [
            self.tracks[id_]
            for ids in self._groups.values()
            for id_ in ids
            if all(self._has(id_, *one) for one in wanted)
        ]

    def _has(self, id_: str, name: str, text: str) -> bool:
        track, words = self.tracks[id_], self._words[id_]
        if name == "isrc":
            return track.isrc.casefold() == text.replace("-", "").casefold()
        if name == "year":
            first, _, last = text.partition("-")
            return first <= str(track.year) <= (last or first)
        found = words[name] if name else frozenset().union(*words.values())
        return _words(text) <= found


def some_songs() -> Catalogue:
    """A dozen songs; the first three are hidden behind all their look-alikes."""
    catalogue = Catalogue()
    songs = [catalogue.add(title, *by, album=album, duration_ms=ms) for title, by, album, ms in _SONGS]
    for song in songs[:3]:
        catalogue.add_lookalikes(song)
    return catalogue


@dataclass(eq=False, slots=True)
class User:
    """Somebody with a Spotify account. `id` is the name in addresses; `account_id` is what never changes."""

    id: str
    display_name: str
    account_id: str
    premium: bool = True
    library: list[str] = field(default_factory=list)
    top: list[Track] = field(default_factory=list)
    recent: list[Track] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """A song's place in a playlist."""

    track: Track
    added_at: datetime
    added_by: User


@dataclass(eq=False, slots=True)
class Playlist:
    """A playlist and all that was ever done to it (`changes`)."""

    id: str
    owner: User
    name: str
    description: str
    public: bool
    collaborative: bool
    entries: list[Entry] = field(default_factory=list)
    cover: bytes | None = None
    followed_by_owner: bool = True
    changes: int = 1

    @property
    def uris(self) -> list[str]:
        return [entry.track.uri for entry in self.entries]

    @property
    def uri(self) -> str:
        return f"spotify:playlist:{self.id}"

    @property
    def snapshot_id(self) -> str:
        return b64encode(f"{self.changes},{self.id}".encode()).decode()


def spotify_id(*parts: str) -> str:
    """22 letters and digits that depend on nothing but the parts."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest())
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(digits)


def track_json(track: Track, base: str) -> Json:
    """A track without the fields that went in 2026: popularity, markets, preview."""
    artists = [_artist_json(name, base) for name in track.artists]
    album_id = spotify_id("album", track.album, track.artists[0])
    album = {
        "album_type": "album", "total_tracks": 10, "images": [], "name": track.album, "release_date": str(track.year),
        "release_date_precision": "year", "artists": artists[:1], **_named("album", album_id, base),
    }  # fmt: skip
    return {
        "album": album, "artists": artists, "disc_number": 1, "duration_ms": track.duration_ms,
        "explicit": track.explicit, "external_ids": {"isrc": track.isrc}, "is_local": False, "is_playable": True,
        "name": track.title, "track_number": 1, **_named("track", track.id, base),
    }  # fmt: skip


def user_json(user: User, base: str) -> Json:
    """What /me says: no country, no e-mail address, no product."""
    named = _named("user", user.id, base)
    return {"account_id": user.account_id, "display_name": user.display_name, "images": [], **named}


def playlist_json(playlist: Playlist, base: str, origin: str, *, items: Json | None) -> Json:
    """A playlist; `items` is a page, or a mere count in a list, or None for who may not see them."""
    said: Json = {
        "collaborative": playlist.collaborative, "description": playlist.description, "name": playlist.name,
        "images": images_json(playlist, origin), "public": playlist.public, "snapshot_id": playlist.snapshot_id,
        "owner": _named("user", playlist.owner.id, base) | {"display_name": playlist.owner.display_name},
        **_named("playlist", playlist.id, base),
    }  # fmt: skip
    return said if items is None else said | {"items": items}


def images_json(playlist: Playlist, origin: str) -> list[Json]:
    if playlist.cover is None:
        return []
    return [{"url": f"{origin}/image/{playlist.id}", "height": None, "width": None}]


def entry_json(entry: Entry, base: str) -> Json:
    """A playlist's item, whose song is under `item` and no longer under `track`."""
    added_by = _named("user", entry.added_by.id, base)
    return {
        "added_at": stamp(entry.added_at), "added_by": added_by, "is_local": False,
        "item": track_json(entry.track, base),
    }  # fmt: skip


def page(address: str, every: Sequence[Any], limit: int, offset: int, query: Mapping[str, str] | None = None) -> Json:
    """A part of a list, with the addresses of the parts before and after it."""

    def at(start: int) -> str:
        return f"{address}?{urlencode({**(query or {}), 'offset': start, 'limit': limit})}"

    return {
        "href": at(offset), "items": list(every[offset : offset + limit]), "limit": limit, "offset": offset,
        "next": at(offset + limit) if offset + limit < len(every) else None,
        "previous": at(max(0, offset - limit)) if offset else None, "total": len(every),
    }  # fmt: skip


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _artist_json(name: str, base: str) -> Json:
    return {"name": name, **_named("artist", spotify_id("artist", name), base)}


def _named(kind: str, id_: str, base: str) -> Json:
    return {
        "id": id_, "type": kind, "uri": f"spotify:{kind}:{id_}", "href": f"{base}/{kind}s/{id_}",
        "external_urls": {"spotify": f"{_OPEN}/{kind}/{id_}"},
    }  # fmt: skip


def _words(text: str) -> frozenset[str]:
    """The words of a text without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return frozenset(re.findall(r"\w+", plain.replace("'", "")))


def tracks_of(catalogue: Catalogue, uris: Iterable[object]) -> list[Track]:
    """The tracks that URIs name; a Refusal for what is no URI, or names nothing."""
    found = []
    for uri in uris:
        match = re.fullmatch(r"spotify:track:([0-9A-Za-z]{22})", uri) if isinstance(uri, str) else None
        if match is None:
            raise Refusal(400, f"Invalid track uri: {uri}")
        if match[1] not in catalogue.tracks:
            raise Refusal(400, "Payload contains a non-existing ID")
        found.append(catalogue.tracks[match[1]])
    return found
