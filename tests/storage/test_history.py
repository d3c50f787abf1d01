"""What is kept of a vibe, and what can be asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.models import Clause, ClauseKind, Mood, Pick, Playlist, Sign, Track, Vibe
from storage.database import open_database
from storage.history import Asked, Counts, History
from storage.tables import picks, vibes

VIBE = Vibe(
    "like Nina, 70s",
    Mood((0.5, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0), (("jazz", 0.9),), (("longing", 0.8), ("blue", 0.4))),
    (
        Clause(ClauseKind.ARTIST, "Nina Simone", Sign.LIKE, 5, 9),
        Clause(ClauseKind.ERA, "1970s", Sign.WANTED, 11, 14, (1970, 1979)),
    ),
    count=None,
    minutes=90,
)


def playlist(first: int = 0, songs: int = 25) -> Playlist:
    made = tuple(
        Pick(
            Track(f"t{n}", f"Song {n}", ("A", "B"), year=1970, duration_ms=60_000 if n else None),
            np.float32(0.5),  # type: ignore[arg-type]  # what a careless engine hands over
            {"mood": np.float32(0.25)},  # type: ignore[dict-item]
            ("because",),
        )
        for n in range(first, first + songs)
    )
    return Playlist(VIBE, made, 7, "abc123", ("a note",))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with open_database(tmp_path / "v.db") as engine:
        yield engine


@pytest.fixture
def history(database: AsyncEngine) -> History:
    return History(database)


async def test_a_vibe_comes_back_as_it_was_understood(history: History) -> None:
    vibe_id = await history.record(playlist(), Asked(2**60, 1, 2, quiet=True))
    await history.posted(vibe_id, 2**61)

    kept = await history.find(vibe_id)

    assert kept is not None
    assert kept.vibe == VIBE
    assert kept.vibe.moods == ["longing", "blue"]
    assert kept.asked == Asked(2**60, 1, 2, quiet=True)
    assert (kept.notes, kept.seed, kept.message_id) == (("a note",), 7, 2**61)
    assert (kept.songs, kept.duration_ms) == (25, 24 * 60_000)


async def test_pages_hold_the_picks_in_their_order(history: History) -> None:
    kept = await history.find(await history.record(playlist(), Asked(1)))
    assert kept is not None

    shown = [await history.page(kept, number) for number in (1, 2, 3)]

    assert [len(page.picks) for page in shown] == [10, 10, 5]
    assert [pick.position for page in shown for pick in page.picks] == list(range(1, 26))
    first = shown[0].picks[0]
    assert (first.track_id, first.title, first.artists, first.reasons, first.score) == (
        "t0",
        "Song 0",
        ("A", "B"),
        ("because",),
        0.5,
    )
    assert shown[0].pages == 3


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-4, 1), (4, 3), (9999, 3)])
async def test_a_page_that_is_not_there_is_the_nearest_one(history: History, asked: int, given: int) -> None:
    kept = await history.find(await history.record(playlist(), Asked(1)))
    assert kept is not None

    assert (await history.page(kept, asked)).number == given


async def test_an_id_that_was_never_given_finds_nothing(history: History) -> None:
    assert await history.find("nothing") is None
    assert await history.shown_track_ids("nothing") == frozenset()


async def test_everything_shown_in_a_chain_is_known_from_each_of_its_lists(history: History) -> None:
    root = await history.record(playlist(0, 5), Asked(1))
    child = await history.record(playlist(5, 5), Asked(2, parent_id=root))
    grandchild = await history.record(playlist(10, 5), Asked(1, parent_id=child))
    await history.record(playlist(20, 5), Asked(1))

    for vibe_id in (root, child, grandchild):
        assert await history.shown_track_ids(vibe_id) == {f"t{n}" for n in range(15)}
        assert await history.times_answered(vibe_id) == 3


async def test_ids_are_short_and_differ(history: History) -> None:
    ids = {await history.record(playlist(songs=1), Asked(1)) for _ in range(20)}

    assert len(ids) == 20
    assert all(len(vibe_id) == 11 for vibe_id in ids)


async def test_times_are_utc(history: History, database: AsyncEngine) -> None:
    await history.record(playlist(), Asked(1))

    async with database.connect() as connection:
        created_at = await connection.scalar(select(vibes.c.created_at))

    assert created_at is not None
    assert created_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=1)


async def test_picks_go_with_their_vibe_and_children_stay(history: History, database: AsyncEngine) -> None:
    root = await history.record(playlist(), Asked(1))
    child = await history.record(playlist(30, 5), Asked(1, parent_id=root))

    async with database.begin() as connection:
        await connection.execute(vibes.delete().where(vibes.c.id == root))
        left = (await connection.execute(select(picks.c.vibe_id).distinct())).scalars().all()

    assert left == [child]
    assert await history.counts() == Counts(vibes=1, picks=5)


async def test_many_vibes_at_once_are_all_kept(history: History) -> None:
    await asyncio.gather(*(history.record(playlist(), Asked(n)) for n in range(50)))

    assert await history.counts() == Counts(vibes=50, picks=50 * 25)
