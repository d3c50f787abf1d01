"""An engine without a model: made-up songs, always in the same order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import simcord

from bot.engine import EngineStatus
from core.models import Clause, ClauseKind, Mood, Pick, Playlist, Sign, Track, Vibe
from core.ranking.composer import DEFAULT_COUNT, VibeRequest

MOOD = Mood((-0.4, 1.1, 0.0, 0.3, 0.0, 0.0, 0.0), (("folk", 0.7),), (("lazy", 0.8), ("content", 0.5)))


def track(number: int, **values: Any) -> Track:
    made = Track(
        id=f"{number:022d}",
        title=f"Song {number}",
        artists=(f"Artist {number}",),
        year=1950 + number,
        duration_ms=180_000,
    )
    return replace(made, **values)


class MadeUpEngine:
    """Takes the first songs that are not excluded; `error` is raised instead, `gate` holds every answer back."""

    def __init__(self, tracks: list[Track] | None = None) -> None:
        self.tracks = tracks or [track(number) for number in range(1, 71)]
        self.requests: list[VibeRequest] = []
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.env: simcord.Env | None = None

    async def compose(self, request: VibeRequest) -> Playlist:
        self.requests.append(request)
        if self.gate is not None and self.env is not None:
            await self.env.external_wait(self.gate.wait(), reason="the test lets the answer go")
        if self.error is not None:
            raise self.error
        left = [t for t in self.tracks if t.id not in request.exclude]
        picks = tuple(
            Pick(t, 1.0, {"mood": 0.6}, (f"as calm as number {t.title.split()[-1]}",))
            for t in left[: request.count or DEFAULT_COUNT]
        )
        era = Clause(ClauseKind.ERA, "1970s", Sign.WANTED, 0, 1, (1970, 1979))
        rap = Clause(ClauseKind.GENRE, "rap", Sign.UNWANTED, 0, 1)
        vibe = Vibe(request.text, MOOD, (era, rap), request.count, request.minutes)
        return Playlist(vibe, picks, request.seed, "f" * 16, ("Only two songs are from the 1970s.",))

    async def status(self) -> EngineStatus:
        return EngineStatus(70, "f" * 16, "all-MiniLM-L6-v2", "Qdrant Edge", building=True)
