"""Homes for the command line to work in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.app import Studio
from bot.settings import Settings
from tests.cli.terminal import small_home

if TYPE_CHECKING:
    from tests.studio import FirstRun


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with 40 made-up songs and their index, to be copied."""
    home = small_home(tmp_path_factory.mktemp("small") / "home")
    studio = Studio(Settings(vibesmith_home=home))
    _, generation = studio.composer()
    generation.close()
    studio.close()
    return home


@pytest.fixture
def home(small: Path, tmp_path: Path) -> Path:
    """A home with 40 made-up songs, indexed."""
    return Path(shutil.copytree(small, tmp_path / "home"))


@pytest.fixture
def starter_home(first_run: FirstRun, tmp_path: Path) -> Path:
    """A home with the starter songs, indexed."""
    return first_run.copy_to(tmp_path / "home")
