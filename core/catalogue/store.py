"""The catalogue on disk: one SQLite file of tracks by source, with a content fingerprint."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from core.catalogue.identity import artist_keys, song_key
from core.errors import CatalogueError
from core.models import Track

STARTER: Final = "starter"
_BATCH: Final = 1000
_DIGEST_BITS: Final = 128
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    imported_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    version TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS track (
    rowid INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    song TEXT NOT NULL,
    source INTEGER NOT NULL REFERENCES source(id),
    record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS track_song ON track (song);
CREATE TABLE IF NOT EXISTS credit (
    artist TEXT NOT NULL,
    track INTEGER NOT NULL,
    PRIMARY KEY (artist, track)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS credit_track ON credit (track);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Where tracks came from, and how many of them are there."""

    name: str
    tracks: int
    imported_at: str


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """What an import did to the store."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: StoreCounts) -> StoreCounts:
        return StoreCounts(self.added + other.added, self.updated + other.updated, self.unchanged + other.unchanged)


class CatalogueStore:
    """Tracks by id and by row number; safe to use from several threads and processes.

    Row numbers are made from the track's id, so that they are the same on every machine and in every order of
    imports: they are the point ids of the search index. The fingerprint is a sum of the hashes of all records, so that
    it depends on the content alone, neither on the order of imports nor on the machine, and an import keeps it up to
    date as it goes.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            if read_only:  # a copy that `copy_to` made, which nobody writes
                address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
                self._db = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise CatalogueError(
                f"The catalogue {path} cannot be opened: {error}.",
                "Move the file away to begin again with the starter songs, and import your own files anew.",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def copy_to(self, path: Path) -> None:
        """Write the catalogue as it is at this moment into a new file, to be opened `read_only`."""
        with self._lock:
            self._db.execute("VACUUM INTO ?", (str(path),))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside is seen by others at the end, or never."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def write(self, tracks: Iterable[Track], source: str, *, source_version: str = "") -> StoreCounts:
        """Add tracks, or update those whose id is there; call it inside `transaction`."""
        with self._lock:
            self._db.execute(
                "INSERT INTO source (name, version) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET version = excluded.version,"
                " imported_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
                (source, source_version),
            )
            (source_id,) = self._db.execute("SELECT id FROM source WHERE name = ?", (source,)).fetchone()
            counts, digest, batch = StoreCounts(), self._digest(), list[Track]()
            for track in tracks:
                batch.append(track)
                if len(batch) == _BATCH:
                    done, digest = self._write_batch(batch, source_id, digest)
                    counts, batch = counts + done, []
            done, digest = self._write_batch(batch, source_id, digest)
            self._set_meta("digest", str(digest))
            return counts + done

    def _write_batch(self, tracks: Sequence[Track], source_id: int, digest: int) -> tuple[StoreCounts, int]:
        latest = {track.id: track for track in tracks}
        known = "SELECT id, record, source FROM track WHERE id IN (SELECT value FROM json_each(?))"
        held = {i: (record, source) for i, record, source in self._db.execute(known, (json.dumps(list(latest)),))}
        rows, added, updated = [], 0, 0
        for track in latest.values():
            record = json.dumps(track.to_record(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            before, owner = held.get(track.id, (None, None))
            if (before, owner) == (record, source_id):
                continue
            if before is None:
                added += 1
            else:
                updated += before != record  # an equal one changes hands
                digest -= _hash(before)
            digest += _hash(record)
            rows.append((row_number(track.id), track.id, song_key(track), source_id, record))
        self._db.executemany(
            "INSERT INTO track (rowid, id, song, source, record) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " song = excluded.song, source = excluded.source, record = excluded.record",
            rows,
        )
        self._db.executemany("DELETE FROM credit WHERE track = ?", [(row[0],) for row in rows])
        written = {row[1] for row in rows}
        credited = [(key, row_number(i)) for i, track in latest.items() if i in written for key in artist_keys(track)]
        self._db.executemany("INSERT INTO credit VALUES (?, ?)", credited)
        return StoreCounts(added, updated, len(tracks) - added - updated), digest % (1 << _DIGEST_BITS)

    def keep_only(self, source: str) -> int:
        """Remove every track of other sources; their number. Call it inside `transaction`."""
        return self._remove(source, own=False)

    def keep_ids(self, source: str, ids: Iterable[str]) -> int:
        """Remove the tracks of a source that are not among these; their number. Call it inside `transaction`."""
        with self._lock:
            self._db.execute("CREATE TEMP TABLE kept (id INTEGER PRIMARY KEY)")
            self._db.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((row_number(i),) for i in ids))
            gone = self._db.execute(
                "SELECT rowid, record FROM track WHERE rowid NOT IN (SELECT id FROM temp.kept)"
                " AND source = (SELECT id FROM source WHERE name = ?)",
                (source,),
            ).fetchall()
            self._db.execute("DROP TABLE temp.kept")
            self._db.executemany("DELETE FROM track WHERE rowid = ?", ((row,) for row, _ in gone))
            self._db.executemany("DELETE FROM credit WHERE track = ?", ((row,) for row, _ in gone))
            digest = self._digest() - sum(_hash(record) for _, record in gone)
            self._set_meta("digest", str(digest % (1 << _DIGEST_BITS)))
            return len(gone)

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of these ids that the catalogue has."""
        query = "SELECT id FROM track WHERE id IN (SELECT value FROM json_each(?))"
        with self._lock:
            return {name for (name,) in self._db.execute(query, (json.dumps(list(ids)),))}

    def remove_source(self, source: str) -> int:
        """Remove a source with its tracks; their number. Call it inside `transaction`."""
        return self._remove(source, own=True)

    def _remove(self, source: str, *, own: bool) -> int:
        """Remove the tracks of a source, or of all others."""
        with self._lock:
            digest, removed, which = self._digest(), 0, (source, own)
            for (record,) in self._db.execute(
                "SELECT record FROM track WHERE (source IS (SELECT id FROM source WHERE name = ?)) = ?", which
            ):
                digest, removed = digest - _hash(record), removed + 1
            self._db.execute("DELETE FROM track WHERE (source IS (SELECT id FROM source WHERE name = ?)) = ?", which)
            self._db.execute("DELETE FROM credit WHERE track NOT IN (SELECT rowid FROM track)")
            self._db.execute("DELETE FROM source WHERE (name = ?) = ?", which)
            self._set_meta("digest", str(digest % (1 << _DIGEST_BITS)))
            return removed

    def _digest(self) -> int:
        return int(self.meta("digest") or 0)

    def meta(self, key: str) -> str | None:
        """A note kept beside the tracks."""
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _set_meta(self, key: str, value: str) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def set_meta(self, key: str, value: str) -> None:
        with self._lock:
            self._set_meta(key, value)

    @property
    def fingerprint(self) -> str:
        """Equal for equal catalogues, on any machine."""
        return f"{self._digest():032x}"

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM track").fetchone()[0])

    def sources(self) -> list[SourceInfo]:
        """Every source with its number of tracks, the largest first."""
        query = (
            "SELECT source.name, count(track.rowid), source.imported_at FROM source"
            " LEFT JOIN track ON track.source = source.id GROUP BY source.id ORDER BY 2 DESC, 1"
        )
        with self._lock:
            return [SourceInfo(*row) for row in self._db.execute(query)]

    def source_version(self, source: str) -> str | None:
        with self._lock:
            row = self._db.execute("SELECT version FROM source WHERE name = ?", (source,)).fetchone()
        return row[0] if row else None

    def rows(self, *, after: int = -1) -> Iterator[tuple[int, Track]]:
        """All (row number, track), by row number; other threads may write meanwhile."""
        while True:
            with self._lock:
                page = self._db.execute(
                    "SELECT rowid, record FROM track WHERE rowid > ? ORDER BY rowid LIMIT ?", (after, _BATCH)
                ).fetchall()
            if not page:
                return
            for row, record in page:
                yield row, Track.from_record(json.loads(record))
            after = page[-1][0]

    def tracks(self, rows: Sequence[int]) -> dict[int, Track]:
        """The tracks with these row numbers; a missing one is left out."""
        found: dict[int, Track] = {}
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            query = "SELECT rowid, record FROM track WHERE rowid IN (SELECT value FROM json_each(?))"
            with self._lock:
                page = self._db.execute(query, (json.dumps(list(part)),)).fetchall()
            found |= {row: Track.from_record(json.loads(record)) for row, record in page}
        return found

    def artist_counts(self, keys: Iterable[str]) -> dict[str, int]:
        """How many tracks credit each of these artist keys; an unknown one is left out."""
        query = "SELECT artist, count(*) FROM credit WHERE artist IN (SELECT value FROM json_each(?)) GROUP BY 1"
        with self._lock:
            return dict(self._db.execute(query, (json.dumps(list(keys)),)))

    def rows_of_artist(self, key: str) -> list[int]:
        """The rows that credit an artist key."""
        with self._lock:
            return [row for (row,) in self._db.execute("SELECT track FROM credit WHERE artist = ? ORDER BY 1", (key,))]

    def ids(self) -> dict[str, int]:
        """Every track id with its row number."""
        with self._lock:
            return dict(self._db.execute("SELECT id, rowid FROM track"))


def row_number(track_id: str) -> int:
    """The row of a track: 63 bits of a hash (two of a million ids meet with a chance of one in ten million)."""
    return int.from_bytes(hashlib.blake2b(track_id.encode(), digest_size=8).digest(), "big") >> 1


def _hash(record: str) -> int:
    return int.from_bytes(hashlib.blake2b(record.encode(), digest_size=_DIGEST_BITS // 8).digest(), "big")
