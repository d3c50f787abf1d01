"""Each vibe that was asked, with its picks: what cards are drawn from, and what taste is learned from later."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from core.models import Clause, ClauseKind, Mood, Pick, Playlist, Sign, Vibe
from storage.tables import picks, vibes


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked, and where; ids are Discord's. `parent_id` is the vibe that "Again" was pressed on."""

    user_id: int
    guild_id: int | None = None
    channel_id: int | None = None
    quiet: bool = False
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class KeptPick:
    """A song of a kept playlist, as it was shown; positions start at 1."""

    position: int
    track_id: str
    title: str
    artists: tuple[str, ...]
    year: int | None
    url: str
    duration_ms: int | None
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptVibe:
    """A kept playlist without its songs; `songs` and `duration_ms` are over all of them."""

    id: str
    asked: Asked
    vibe: Vibe
    notes: tuple[str, ...]
    seed: int
    message_id: int | None
    songs: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some songs of a kept playlist; pages are numbered from 1 to `pages`."""

    kept: KeptVibe
    number: int
    pages: int
    picks: tuple[KeptPick, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is kept."""

    vibes: int
    picks: int


class History:
    """The vibes and picks in a database that `open_database` has opened."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def record(self, playlist: Playlist, asked: Asked) -> str:
        """Keep a playlist; its id is short, and nobody can guess it."""
        vibe_id = secrets.token_urlsafe(8)
        async with self._engine.begin() as connection:
            root = select(vibes.c.root_id).where(vibes.c.id == asked.parent_id).scalar_subquery()
            await connection.execute(
                insert(vibes).values(
                    id=vibe_id,
                    created_at=datetime.now(UTC),
                    user_id=asked.user_id,
                    guild_id=asked.guild_id,
                    channel_id=asked.channel_id,
                    text=playlist.vibe.text,
                    vibe=playlist.vibe.to_record(),
                    notes=list(playlist.notes),
                    seed=playlist.seed,
                    catalogue=playlist.catalogue,
                    parent_id=asked.parent_id,
                    root_id=func.coalesce(root, vibe_id),
                    quiet=asked.quiet,
                )
            )
            if playlist.picks:
                await connection.execute(insert(picks), _rows(vibe_id, playlist.picks))
        return vibe_id

    async def posted(self, vibe_id: str, message_id: int) -> None:
        """Remember which message shows a vibe."""
        async with self._engine.begin() as connection:
            await connection.execute(update(vibes).where(vibes.c.id == vibe_id).values(message_id=message_id))

    async def find(self, vibe_id: str) -> KeptVibe | None:
        """A kept playlist, or None where there is none of that id."""
        totals = select(func.count(), func.coalesce(func.sum(picks.c.duration_ms), 0)).where(picks.c.vibe_id == vibe_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(vibes).where(vibes.c.id == vibe_id))).one_or_none()
            if row is None:
                return None
            songs, duration_ms = (await connection.execute(totals)).one()
        asked = Asked(row.user_id, row.guild_id, row.channel_id, row.quiet, row.parent_id)
        return KeptVibe(row.id, asked, _vibe(row.vibe), tuple(row.notes), row.seed, row.message_id, songs, duration_ms)

    async def page(self, kept: KeptVibe, number: int = 1, size: int = 10) -> Page:
        """One page of a kept playlist, the nearest where there is none of that number."""
        pages = max(1, math.ceil(kept.songs / size))
        number = min(max(number, 1), pages)
        first = (number - 1) * size
        query = select(picks).where(picks.c.vibe_id == kept.id).order_by(picks.c.position).limit(size).offset(first)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return Page(kept, number, pages, tuple(_pick(row) for row in rows))

    async def shown_track_ids(self, vibe_id: str) -> frozenset[str]:
        """Every song shown for a vibe: in its own list, and in each that "Again" made of the same first vibe."""
        root = select(vibes.c.root_id).where(vibes.c.id == vibe_id).scalar_subquery()
        query = select(picks.c.track_id).join(vibes, vibes.c.id == picks.c.vibe_id).where(vibes.c.root_id == root)
        async with self._engine.connect() as connection:
            return frozenset(await connection.scalars(query))

    async def times_answered(self, vibe_id: str) -> int:
        """How many lists there are for the same first vibe."""
        root = select(vibes.c.root_id).where(vibes.c.id == vibe_id).scalar_subquery()
        async with self._engine.connect() as connection:
            return (await connection.scalar(select(func.count()).where(vibes.c.root_id == root))) or 0

    async def counts(self) -> Counts:
        async with self._engine.connect() as connection:
            kept_vibes = await connection.scalar(select(func.count()).select_from(vibes))
            kept_picks = await connection.scalar(select(func.count()).select_from(picks))
        return Counts(kept_vibes or 0, kept_picks or 0)


def _rows(vibe_id: str, chosen: Sequence[Pick]) -> list[dict[str, Any]]:
    return [
        {
            "vibe_id": vibe_id,
            "position": position,
            "track_id": pick.track.id,
            "title": pick.track.title,
            "artists": list(pick.track.artists),
            "year": pick.track.year,
            "url": pick.track.url,
            "duration_ms": pick.track.duration_ms,
            "score": float(pick.score),
            # A numpy float is no JSON number.
            "parts": {name: float(value) for name, value in pick.parts.items()},
            "reasons": list(pick.reasons),
        }
        for position, pick in enumerate(chosen, 1)
    ]


def _pick(row: Row[Any]) -> KeptPick:
    return KeptPick(
        position=row.position,
        track_id=row.track_id,
        title=row.title,
        artists=tuple(row.artists),
        year=row.year,
        url=row.url,
        duration_ms=row.duration_ms,
        score=row.score,
        reasons=tuple(row.reasons),
    )


def _vibe(record: Mapping[str, Any]) -> Vibe:
    """The vibe of a record that `Vibe.to_record` wrote."""
    mood = record["mood"]
    return Vibe(
        record["text"],
        Mood(tuple(mood["features"]), tuple(map(tuple, mood["genres"])), tuple(map(tuple, mood["emotions"]))),
        tuple(_clause(clause) for clause in record["clauses"]),
        record["count"],
        record["minutes"],
    )


def _clause(record: Mapping[str, Any]) -> Clause:
    years = record["years"]
    return Clause(
        ClauseKind(record["kind"]),
        record["value"],
        Sign(record["sign"]),
        record["start"],
        record["end"],
        (years[0], years[1]) if years else None,
    )
