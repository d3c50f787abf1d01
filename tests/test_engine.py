"""The engine of the long-running bot: it answers, waits for its index, follows the catalogue, and ends when told to."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from bot.engine import EngineStatus, LocalEngine
from bot.settings import Settings
from core.catalogue.store import CatalogueStore
from core.errors import BadVibeError, VibesmithError
from core.models import Track
from core.ranking.composer import VibeRequest
from tests.cli.terminal import small_home
from tests.core.made_up import songs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from core.models import Playlist

SOON_S = 0.02
CALM = VibeRequest("a quiet evening", count=5)


@pytest.fixture(autouse=True)
def _switch_interval() -> Iterator[None]:
    """The engine changes how often threads take turns, for its whole process."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an index, to be copied."""
    from bot.app import Studio

    home = small_home(tmp_path_factory.mktemp("engine") / "home")
    studio = Studio(Settings(vibesmith_home=home))
    studio.composer()[1].close()
    studio.close()
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "home"))


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(Settings(vibesmith_home=home), check_every_s=SOON_S)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def until(engine: LocalEngine, holds: Callable[[EngineStatus], bool]) -> EngineStatus:
    """Let the engine work until its status is as it should be."""
    async with asyncio.timeout(60):
        while not holds(status := await engine.status()):  # noqa: ASYNC110 - what another process does gives no event
            await asyncio.sleep(SOON_S)
    return status


def add(home: Path, *tracks: Track) -> None:
    """Change the catalogue as another process would."""
    with CatalogueStore(home / "catalogue.db") as store, store.transaction():
        store.write(tracks, "added")


def lock(home: Path) -> FileLock:
    """Held by whoever builds an index: while it is held, no other build begins."""
    (home / "index").mkdir(exist_ok=True)
    return FileLock(home / "index" / ".lock")


def ids(playlist: Playlist) -> list[str]:
    return [pick.track.id for pick in playlist.picks]


NEW = Track("new", "Zebra crossing", ("Zoe Zebra",), year=2020, genres=("zydeco",), description="A zebra waltz.")


async def test_it_answers_and_says_what_from(home: Path) -> None:
    async with running(home) as engine:
        playlist = await engine.compose(CALM)
        status = await engine.status()
    assert len(ids(playlist)) == 5
    assert (status.tracks, status.building) == (40, False)
    assert status.catalogue
    assert status.model.endswith("all-MiniLM-L6-v2")


async def test_many_at_once_are_all_answered_and_alike(home: Path) -> None:
    async with running(home) as engine:
        answers = await asyncio.gather(*(engine.compose(CALM) for _ in range(12)))
    assert {tuple(ids(answer)) for answer in answers} == {tuple(ids(answers[0]))}


async def test_a_vibe_that_makes_no_sense_is_refused_and_the_next_one_answered(home: Path) -> None:
    async with running(home) as engine:
        with pytest.raises(BadVibeError, match="no words"):
            await engine.compose(VibeRequest("  "))
        assert len(ids(await engine.compose(CALM))) == 5


async def test_answers_wait_while_the_first_index_is_built(home: Path) -> None:
    shutil.rmtree(home / "index")
    with lock(home) as held:
        async with running(home) as engine:
            waiting = asyncio.create_task(engine.compose(CALM))
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done
            assert (await engine.status()).building
            held.release()
            assert len(ids(await asyncio.wait_for(waiting, 60))) == 5
            assert not (await engine.status()).building


async def test_it_follows_the_catalogue_and_answers_from_the_old_index_meanwhile(home: Path) -> None:
    async with running(home) as engine:
        before = await engine.compose(CALM)
        old = (await engine.status()).catalogue
        with lock(home):
            add(home, NEW)
            status = await until(engine, lambda now: now.building)
            assert (status.catalogue, status.tracks) == (old, 40)
            assert ids(await engine.compose(CALM)) == ids(before)
            assert "new" not in ids(await engine.compose(VibeRequest("zebra crossing", count=40)))
        await until(engine, lambda now: now.tracks == 41)
        assert "new" in ids(await engine.compose(VibeRequest("zebra crossing", count=5)))
        assert (await engine.status()).catalogue != old


async def test_an_answer_under_way_outlives_the_index_it_began_with(home: Path) -> None:
    async with running(home) as engine:
        await engine.compose(CALM)
        add(home, NEW)
        answers = []
        while (await engine.status()).tracks != 41:
            answers.append(await engine.compose(CALM))
            await asyncio.sleep(SOON_S)
        answers += await asyncio.gather(*(engine.compose(CALM) for _ in range(3)))
    assert answers
    assert all(len(ids(answer)) == 5 for answer in answers)


async def test_where_no_index_can_be_built_a_vibe_is_told_why_and_later_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = small_home(tmp_path / "home", 0)
    with caplog.at_level(logging.ERROR):
        async with running(home) as engine:
            with pytest.raises(VibesmithError, match="catalogue is empty") as refused:
                await engine.compose(CALM)
            assert "catalogue import" in refused.value.hint
            assert (await engine.status()).tracks == 0
            add(home, *songs(12))
            await until(engine, lambda now: now.tracks == 12)
            assert len(ids(await engine.compose(CALM))) == 5
    assert "catalogue is empty" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_catalogue_that_cannot_be_opened_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "catalogue.db").write_bytes(b"no database" * 400)
    async with running(tmp_path / "home") as engine:
        with pytest.raises(VibesmithError, match="cannot be opened") as refused:
            await engine.compose(CALM)
    assert "Move the file away" in refused.value.hint


async def test_told_to_end_it_does_not_wait_for_an_index_that_another_process_builds(home: Path) -> None:
    shutil.rmtree(home / "index")
    with lock(home):
        engine = LocalEngine(Settings(vibesmith_home=home))
        await engine.start()
        await until(engine, lambda now: now.building)
        began = time.monotonic()
        await engine.close()
        assert time.monotonic() - began < 5


async def test_told_to_end_while_it_builds_it_ends_the_build_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home = small_home(tmp_path / "home", 3000)
    engine = LocalEngine(Settings(vibesmith_home=home))
    await engine.start()
    await until(engine, lambda _: any((home / "index").glob(".building-*")))
    began = time.monotonic()
    await engine.close()
    assert time.monotonic() - began < 8
    assert [p for p in (home / "index").iterdir() if p.is_dir() and not p.name.startswith(".building-")] == []


async def test_an_engine_that_was_never_started_can_be_closed(home: Path) -> None:
    await LocalEngine(Settings(vibesmith_home=home)).close()
