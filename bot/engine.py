"""The pipeline for the event loop: blocking work in threads of its own, a new index swapped in when one is ready."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from bot.app import Studio
from bot.settings import Settings
from core.errors import VibesmithError
from core.index.generation import Generation
from core.models import Playlist
from core.ranking.composer import Composer, VibeRequest

log = logging.getLogger(__name__)

# Answering holds the interpreter's lock for most of its time: a second thread would only take turns with the first,
# and both with the event loop.
_THREADS: Final = 1
# Answers are made in a thread of this process: the event loop shall get its turn sooner than every 5 ms.
_TURN_S: Final = 0.0005
CATALOGUE_CHECK_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the bot can answer from at present."""

    tracks: int
    catalogue: str
    model: str
    backend: str
    building: bool


class Engine(Protocol):
    """Vibe in, playlist out."""

    async def compose(self, request: VibeRequest) -> Playlist:
        """The answer; VibesmithError says what was wrong with the request."""

    async def status(self) -> EngineStatus:
        """What it answers from."""


class LocalEngine:
    """Answers from the embedded index, and follows the catalogue as other processes change it.

    While a new index is being built, in a process of its own, the old one answers.

    Args:
        settings: where the catalogue and the index are.
        check_every_s: how often the catalogue is looked at for changes.
    """

    def __init__(self, settings: Settings, check_every_s: float = CATALOGUE_CHECK_S) -> None:
        self._settings = settings
        self._check_every_s = check_every_s
        self._answering = ThreadPoolExecutor(_THREADS, thread_name_prefix="answer")
        self._building = ThreadPoolExecutor(1, thread_name_prefix="build")
        self._studio: Studio | None = None
        self._current: tuple[Composer, Generation] | None = None
        self._ready = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._renewing = False
        self._fault: VibesmithError | None = None

    async def start(self) -> None:
        """Begin to open, or build, the index; answers wait until it is there."""
        sys.setswitchinterval(_TURN_S)
        gc.freeze()
        self._watcher = asyncio.create_task(self._watch(), name="catalogue watcher")

    async def _watch(self) -> None:
        while True:
            try:
                await self._renew()
                self._fault = None
            except VibesmithError as error:
                log.error("%s", error)  # noqa: TRY400 - its words say all; a trace would hide them
                self._fault = error
            except Exception:
                log.exception("the index could not be renewed")
                self._fault = VibesmithError(
                    "The search index could not be opened.", "The operator finds why in the log."
                )
            self._ready.set()
            await asyncio.sleep(self._check_every_s)

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        if self._studio is None:
            self._studio = await loop.run_in_executor(self._building, Studio, self._settings)
        studio = self._studio
        fingerprint = await loop.run_in_executor(self._building, lambda: studio.store.fingerprint)
        if self._current and self._current[1].name == studio.generations.name_for(fingerprint):
            return
        self._renewing = True
        try:
            fresh = await loop.run_in_executor(self._building, studio.composer)
            # A first answer loads the models: better now than while somebody waits.
            await loop.run_in_executor(self._building, fresh[0].compose, VibeRequest("warm up", count=1))
        finally:
            self._renewing = False
        # Answers under way keep the old index until they are done; it closes with its last user.
        self._current = fresh
        # What is loaded now stays: a full collection that looks at all of it holds up the event loop for .1 s.
        gc.freeze()
        log.info("answering from %s songs", f"{fresh[1].songs:,}")

    async def compose(self, request: VibeRequest) -> Playlist:
        await self._ready.wait()
        if self._current is None:
            raise self._fault or VibesmithError("The bot is still starting.", "Try again in a moment.")
        composer = self._current[0]
        return await asyncio.get_running_loop().run_in_executor(self._answering, composer.compose, request)

    async def status(self) -> EngineStatus:
        current = self._current
        return EngineStatus(
            tracks=current[1].songs if current else 0,
            catalogue=current[1].name if current else "",
            model=self._settings.embedding_model,
            backend="Qdrant Edge",
            building=self._renewing or not self._ready.is_set(),
        )

    async def close(self) -> None:
        """Stop watching and building, and let answers under way end."""
        if self._studio:
            self._studio.generations.stop()
        if self._watcher:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await asyncio.to_thread(self._answering.shutdown)
        await asyncio.to_thread(self._building.shutdown, cancel_futures=True)
        if self._studio:
            self._studio.close()
