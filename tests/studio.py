"""The starter catalogue with its index, built once for a whole test session by the product's own first run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from filelock import FileLock

from bot.app import Studio
from bot.settings import Settings
from core.index.generation import Generation
from core.models import Playlist
from core.ranking.composer import Composer, VibeRequest
from tests.cli.terminal import Answer, finish, start

FIRST_VIBE: Final = ("vibe", "feeling sunny and lazy", "--json")


@dataclass(frozen=True, slots=True)
class FirstRun:
    """A home in which two processes were the first, both at once: what they answered, and the home they left.

    The home is never opened again, so that it can be copied at any time.
    """

    home: Path
    answers: tuple[Answer, Answer]

    def copy_to(self, home: Path) -> Path:
        return Path(shutil.copytree(self.home, home))


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """Made by whichever test worker comes first; the others wait for it."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    told, home = shared / "first_run.json", shared / "first_run" / "home"
    with FileLock(shared / "first_run.lock"):
        if not told.exists():
            home.parent.mkdir()
            processes = [start(home, *FIRST_VIBE) for _ in range(2)]
            told.write_text(json.dumps([asdict(finish(process)) for process in processes]), encoding="utf-8")
    one, other = (Answer(**answer) for answer in json.loads(told.read_text(encoding="utf-8")))
    return FirstRun(home, (one, other))


@dataclass(frozen=True, slots=True)
class OpenStudio:
    """The studio of the starter songs, open; to be read only."""

    studio: Studio
    composer: Composer
    generation: Generation


@pytest.fixture(scope="session")
def starter(first_run: FirstRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStudio]:
    home = first_run.copy_to(tmp_path_factory.mktemp("starter") / "home")
    studio = Studio(Settings(vibesmith_home=home))
    generation = studio.generations.open(studio.store.fingerprint)
    assert generation, "the first run has left no index"
    generation.close()
    composer, generation = studio.composer()
    yield OpenStudio(studio, composer, generation)
    generation.close()
    studio.close()


Compose = Callable[..., Playlist]


@pytest.fixture(scope="session")
def compose(starter: OpenStudio) -> Compose:
    """Playlists of the starter songs, each made once: `compose(text, count=…, seed=…)`."""

    @cache
    def made(text: str, count: int | None = None, minutes: int | None = None, seed: int = 0) -> Playlist:
        return starter.composer.compose(VibeRequest(text, count, minutes, seed))

    return made
