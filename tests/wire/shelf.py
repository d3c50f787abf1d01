"""A shelf of songs in place of the engine: the wire is tested here, not what the songs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine import EngineStatus
from core.models import Pick, Playlist, Track, Vibe
from core.ranking.composer import DEFAULT_COUNT

if TYPE_CHECKING:
    from core.ranking.composer import VibeRequest

SONGS: Final = tuple(
    Track(id=f"shelf:{n}", title=f"Song {n}", artists=(f"Artist {n}",), year=1970 + n % 50, duration_ms=200_000)
    for n in range(200)
)


class Shelf:
    """Answers every vibe with the first songs that were not heard yet."""

    async def compose(self, request: VibeRequest) -> Playlist:
        fresh = [song for song in SONGS if song.id not in request.exclude][: request.count or DEFAULT_COUNT]
        picks = tuple(Pick(song, 1.0, {"text": 1.0}, ("stands on the shelf",)) for song in fresh)
        return Playlist(Vibe(request.text), picks, request.seed, "shelf")

    async def status(self) -> EngineStatus:
        return EngineStatus(len(SONGS), "shelf", "none", "shelf", building=False)
