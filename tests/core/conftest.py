"""What several tests of the core share: the bundled model, loaded once, and one built generation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.catalogue.store import CatalogueStore
from core.index.build import build
from core.index.embedding import Embedder
from core.index.generation import Generation
from tests.core.made_up import fill, songs


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder(threads=1)


@dataclass(frozen=True)
class Built:
    """A catalogue of 30 songs, and the folder of its generation; to be read only."""

    catalogue: Path
    fingerprint: str
    folder: Path
    progress: tuple[tuple[int, int], ...]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Built:
    home = tmp_path_factory.mktemp("built")
    fingerprint = fill(home / "catalogue.db", songs(30))
    told: list[tuple[int, int]] = []
    with CatalogueStore(home / "catalogue.db") as store:
        folder = build(store, embedder, home / "index", lambda done, total: told.append((done, total)))
    return Built(home / "catalogue.db", fingerprint, folder, tuple(told))


@pytest.fixture(scope="session")
def generation(built: Built) -> Iterator[Generation]:
    opened = Generation.open(built.folder)
    yield opened
    opened.close()
