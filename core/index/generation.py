"""Generations of the search index: an immutable folder each, named by a fingerprint, checked before it is trusted."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from core.catalogue.store import CatalogueStore
from core.errors import CatalogueError, SearchIndexError
from core.index.edge import EdgeIndex
from core.index.embedding import Embedder
from core.index.space import Space

EDGE: Final = "edge"
TRACKS: Final = "tracks.db"
_MANIFEST: Final = "manifest.json"
# The engine writes its configuration anew (as a whole, atomically) at every opening; it checks that itself.
_REWRITTEN: Final = frozenset({_MANIFEST, f"{EDGE}/edge_config.json"})
# Raise it when a vector, a payload or a file of a generation changes its meaning.
_LAYOUT: Final = 4
SCRATCH: Final = ".building-"
_BLOCKS, _BLOCK = 64, 1 << 16
_LOCK_PATIENCE_S: Final = 0.5

Progress = Callable[[int, int], None]


def fingerprint(catalogue: str, model: str) -> str:
    """The name of the generation for a catalogue's content and an embedding model."""
    return hashlib.blake2b(f"{_LAYOUT}|{catalogue}|{model}".encode(), digest_size=10).hexdigest()


def _digest(path: Path) -> str:
    """A hash of a file's size and content: of a large one, of 64 blocks from its first to its last byte.

    So it is cheap at any size, and neither a torn write nor a lost stretch of the disk escapes it.
    """
    size = path.stat().st_size
    found = hashlib.blake2b(str(size).encode(), digest_size=16)
    with path.open("rb") as file:
        if size <= _BLOCKS * _BLOCK:
            found.update(file.read())
        else:
            for n in range(_BLOCKS):
                file.seek((size - _BLOCK) * n // (_BLOCKS - 1))
                found.update(file.read(_BLOCK))
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a whole generation consists of; written last."""

    name: str
    songs: int
    files: dict[str, str]

    @classmethod
    def describe(cls, folder: Path, name: str, songs: int) -> Manifest:
        return cls(name, songs, _files(folder))

    def write(self, folder: Path) -> None:
        (folder / _MANIFEST).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        return cls(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))


def _files(folder: Path) -> dict[str, str]:
    paths = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: _digest(paths[name]) for name in sorted(paths) if name not in _REWRITTEN}


def fsync_folder(folder: Path) -> None:
    """Make every file of a folder safe on disk before it is given its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDWR)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


@dataclass(frozen=True)
class Generation:
    """A generation, open: the index, and the tracks as they were when it was built.

    So an old generation goes on answering whatever becomes of the catalogue.
    """

    name: str
    songs: int
    space: Space
    index: EdgeIndex
    tracks: CatalogueStore

    @classmethod
    def open(cls, folder: Path) -> Generation:
        """Check a folder and open it; SearchIndexError where it is broken, foreign or missing.

        A torn file, once mapped into memory, can end the process: so files are checked before the engine sees them.
        """
        try:
            manifest = Manifest.read(folder)
            if manifest.name != folder.name:
                raise SearchIndexError(f"The index in {folder} is another one, {manifest.name}.")
            if _files(folder) != manifest.files:
                raise SearchIndexError(f"The index in {folder} is damaged.")
            space = Space.load(folder)
            index = EdgeIndex.open(folder / EDGE)
            tracks = CatalogueStore(folder / TRACKS, read_only=True)
        except (OSError, ValueError, TypeError, KeyError, CatalogueError) as error:
            raise SearchIndexError(f"The index in {folder} cannot be read: {error}.") from error
        if (held := index.count()) != manifest.songs:
            index.close()
            raise SearchIndexError(f"The index in {folder} holds {held:,} songs instead of {manifest.songs:,}.")
        return cls(manifest.name, manifest.songs, space, index, tracks)

    def close(self) -> None:
        self.index.close()
        self.tracks.close()


def _environment() -> dict[str, str]:
    """This process's environment, in which our own packages are found wherever they lie."""
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _ended(code: int) -> str:
    """How a process ended, for people: a full disk under mapped files, or too little memory, end it by a signal."""
    return f"exit code {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"


class Generations:
    """The generations of one installation.

    Args:
        folder: where they lie.
        catalogue: the catalogue's file, which the building process opens by itself.
        embedder: the model they are made with.
    """

    def __init__(self, folder: Path, catalogue: Path, embedder: Embedder, model_cache: Path) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._embedder = embedder
        self._model_cache = model_cache
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def stop(self) -> None:
        """End a build under way, from another thread; what it had made is thrown away."""
        self._stopping.set()
        if process := self._process:
            process.terminate()

    def name_for(self, catalogue_fingerprint: str) -> str:
        return fingerprint(catalogue_fingerprint, self._embedder.fingerprint)

    def open(self, catalogue_fingerprint: str) -> Generation | None:
        """The generation for this catalogue, or None where there is none that can be trusted."""
        folder = self._folder / self.name_for(catalogue_fingerprint)
        if not folder.exists():
            return None
        try:
            return Generation.open(folder)
        except SearchIndexError:
            return None

    def open_or_build(
        self, catalogue_fingerprint: str, on_progress: Progress = lambda _done, _total: None
    ) -> Generation:
        """The generation for this catalogue, built by another process where there is none that can be trusted."""
        if found := self.open(catalogue_fingerprint):
            return found
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():  # one build at a time; who waited finds it done
            if found := self.open(catalogue_fingerprint):
                return found
            self._remove_scratch()
            built = self._build(on_progress)
            generation = Generation.open(built)
            self._remove_all_but(built.name)
            return generation

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._folder / ".lock")
        while True:
            if self._stopping.is_set():
                raise SearchIndexError("Stopped while the index was being built.", "The next start builds it.")
            with suppress(Timeout):
                lock.acquire(timeout=_LOCK_PATIENCE_S)
                break
        try:
            yield
        finally:
            lock.release()

    def _build(self, on_progress: Progress) -> Path:
        command = [
            # -P: a folder or a file of the working directory must not pass for one of our modules.
            sys.executable, "-P", "-m", "core.index.build", "--catalogue", str(self._catalogue),
            "--out", str(self._folder), "--model", self._embedder.name, "--cache", str(self._model_cache),
        ]  # fmt: skip
        answer: dict[str, str] = {}
        with (
            tempfile.TemporaryFile() as complaints,
            subprocess.Popen(  # noqa: S603 - our own module, no shell
                command, env=_environment(), stdout=subprocess.PIPE, stderr=complaints, text=True, encoding="utf-8"
            ) as process,
        ):
            self._process = process
            if self._stopping.is_set():  # stop() came before there was a process to end
                process.terminate()
            for line in process.stdout or ():
                answer = json.loads(line)
                if "done" in answer:
                    on_progress(int(answer["done"]), int(answer["total"]))
            code = process.wait()
            self._process = None
            complaints.seek(0)
            last = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
        if code == 0 and "folder" in answer:
            return Path(answer["folder"])
        if "error" in answer:
            raise SearchIndexError(answer["error"], answer.get("hint", ""))
        raise SearchIndexError(
            f"The index could not be built ({_ended(code)}{': ' + last[0] if last else ''}).",
            "Is there enough memory and disk? Try again; nothing was lost.",
        )

    def _remove_scratch(self) -> None:
        """What a build that was killed left behind, which may be what fills the disk. Only under the lock."""
        for path in self._folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(path, ignore_errors=True)

    def _remove_all_but(self, name: str) -> None:
        for path in self._folder.iterdir():
            if path.is_dir() and path.name != name:
                shutil.rmtree(path, ignore_errors=True)
