"""The one place where settings become objects, and objects meet."""

from __future__ import annotations

from pathlib import Path

from bot.settings import Settings
from core.catalogue.importing import ensure_starter
from core.catalogue.store import CatalogueStore
from core.errors import VibesmithError
from core.index.embedding import BUNDLED, Embedder
from core.index.generation import Generation, Generations, Progress
from core.ranking.composer import Composer
from core.vibe.interpreter import BuiltInInterpreter
from core.vibe.mood_model import bundled_mood_model


def open_catalogue(settings: Settings) -> CatalogueStore:
    """The catalogue, with the starter songs in it unless its owner replaced them."""
    make_home(settings.vibesmith_home)
    store = CatalogueStore(settings.catalogue_file)
    ensure_starter(store)
    return store


def make_home(home: Path) -> None:
    """Create the folder that holds all state, readable by its owner alone."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise VibesmithError(
            f"The folder {home} cannot be made: {error.strerror}.",
            "Set VIBESMITH_HOME to a folder that you may write to.",
        ) from error


def make_embedder(settings: Settings) -> Embedder:
    return Embedder(settings.embedding_model, settings.model_cache if settings.embedding_model != BUNDLED else None)


def make_generations(settings: Settings, embedder: Embedder) -> Generations:
    return Generations(settings.index_folder, settings.catalogue_file, embedder, settings.model_cache)


def make_composer(generation: Generation, embedder: Embedder) -> Composer:
    tracks = generation.tracks
    return Composer(tracks, generation.space, generation.index, make_interpreter(tracks, embedder))


def make_interpreter(store: CatalogueStore, embedder: Embedder) -> BuiltInInterpreter:
    return BuiltInInterpreter(bundled_mood_model(), embedder, store.artist_counts)


class Studio:
    """Everything that answers a vibe, opened together: the catalogue, its index, the model."""

    def __init__(self, settings: Settings) -> None:
        self.store = open_catalogue(settings)
        self.embedder = make_embedder(settings)
        self.generations = make_generations(settings, self.embedder)

    def composer(self, on_progress: Progress = lambda _done, _total: None) -> tuple[Composer, Generation]:
        """A composer over the index for the catalogue as it is now; built first where need be."""
        generation = self.generations.open_or_build(self.store.fingerprint, on_progress)
        return make_composer(generation, self.embedder), generation

    def close(self) -> None:
        self.store.close()
