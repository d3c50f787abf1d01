"""Songs that exist nowhere, for a catalogue of any size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from core.catalogue.store import CatalogueStore
from core.models import Features, Track

_GENRES: Final = ("rock", "jazz", "techno", "folk", "bossa nova")
_MOODS: Final = ("a quiet evening by the fire", "a loud and happy party", "a sad walk in the rain")


def song(
    track_id: str = "1",
    title: str = "Blue Door",
    artists: Sequence[str] = ("Anna Example",),
    *,
    year: int | None = 1999,
    genres: Sequence[str] = ("rock",),
    description: str | None = None,
    features: Features | None = None,
) -> Track:
    return Track(
        id=track_id, title=title, artists=tuple(artists), year=year, genres=tuple(genres), description=description,
        features=features or Features(energy=0.5, valence=0.25, tempo_bpm=120.0),
    )  # fmt: skip


def songs(count: int, *, first: int = 0) -> list[Track]:
    """Different songs of different artists, the same at every call."""
    return [
        song(
            f"id{n}", f"Song number {n}", (f"Singer {n}",), year=1950 + n % 70, genres=(_GENRES[n % 5],),
            description=f"Made for {_MOODS[n % 3]}, take {n}.",
            features=Features(energy=n % 11 / 10, valence=n % 7 / 6, danceability=n % 5 / 4, tempo_bpm=60.0 + n % 100),
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def fill(path: Path, tracks: Iterable[Track], source: str = "made up") -> str:
    """Write songs into a catalogue; its fingerprint."""
    with CatalogueStore(path) as store:
        with store.transaction():
            store.write(tracks, source)
        return store.fingerprint
