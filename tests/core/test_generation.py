"""Generations of the index: built beside, checked before they are trusted, swapped in whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.catalogue.store import CatalogueStore, row_number
from core.errors import SearchIndexError, VibesmithError
from core.index.backend import Between, Filter, Query, SparseVector
from core.index.build import build
from core.index.embedding import Embedder
from core.index.generation import EDGE, Generation, Generations, fingerprint
from tests.core.conftest import Built
from tests.core.made_up import fill, songs

MANIFEST = "manifest.json"


class Quick(Embedder):
    """Makes vectors of a text's letters, so that building a large catalogue takes no time."""

    @property
    def fingerprint(self) -> str:
        return "quick"

    def documents(self, texts: Iterable[str]) -> Iterator[np.ndarray]:
        for text in texts:
            letters = np.bincount(np.frombuffer(text.encode(), dtype=np.uint8), minlength=256).astype(np.float32)
            yield letters / np.linalg.norm(letters)


def linked(folder: Path, parent: Path) -> Path:
    """A copy of a generation that shares its files; replace a file, never write into it."""
    return shutil.copytree(folder, parent / folder.name, copy_function=os.link)


def rewrite(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def largest(folder: Path) -> Path:
    return max((p for p in (folder / EDGE).rglob("*.mmap")), key=lambda p: p.stat().st_size)


def best(generation: Generation, vector: np.ndarray) -> int:
    return generation.index.search(Query(vector, SparseVector(), 0.0, 1))[0].row


def generations(built: Built, folder: Path, embedder: Embedder, catalogue: Path | None = None) -> Generations:
    return Generations(folder, catalogue or built.catalogue, embedder, folder / "models")


# --- a whole one ----------------------------------------------------------------------------------------------------


def test_a_built_generation_holds_every_song_under_its_own_vector(built: Built, generation: Generation) -> None:
    assert (generation.name, generation.songs) == (built.folder.name, 30)
    held = generation.index.vectors([row_number(track.id) for track in songs(30)])
    assert len(held) == 30
    for row, vector in held.items():
        assert vector.shape == (generation.space.dimension,)
        assert best(generation, vector) == row
    assert generation.index.count(Filter((Between("year", 1950, 1954),))) == 5


def test_progress_is_told_up_to_the_last_song(built: Built) -> None:
    assert built.progress[-1] == (30, 30)
    assert list(built.progress) == sorted(built.progress)


def test_nothing_is_left_beside_a_built_generation(built: Built) -> None:
    assert [p.name for p in built.folder.parent.iterdir()] == [built.folder.name]


def test_the_name_follows_the_catalogues_content_and_the_model(
    built: Built, embedder: Embedder, tmp_path: Path
) -> None:
    here = generations(built, tmp_path, embedder)
    assert here.name_for(built.fingerprint) == built.folder.name == fingerprint(built.fingerprint, embedder.fingerprint)
    changed = fill(tmp_path / "changed.db", [replace(songs(1)[0], year=1900), *songs(29, first=1)])
    assert here.name_for(changed) != built.folder.name
    other = generations(built, tmp_path, Embedder("BAAI/bge-small-en-v1.5"))
    assert other.name_for(built.fingerprint) != built.folder.name


def test_opening_does_not_change_what_is_checked_at_the_next_opening(built: Built) -> None:
    for _ in range(2):
        again = Generation.open(built.folder)
        assert again.index.count() == 30
        again.close()


def test_two_processes_have_one_generation_open_at_once(built: Built, generation: Generation) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.index.generation import Generation\n"
        "g = Generation.open(Path(sys.argv[1]))\nprint(g.index.count(), flush=True)\n"
        "sys.stdin.readline()\nprint(g.index.count(), flush=True)\ng.close()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(built.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "30\n"
        assert generation.index.count() == 30
        one_more = Generation.open(built.folder)
        assert one_more.index.count() == 30
        one_more.close()
        assert other.communicate("go on\n", timeout=30)[0] == "30\n"
    assert other.returncode == 0


# --- what is not trusted --------------------------------------------------------------------------------------------


def _manifest(folder: Path, **change: object) -> None:
    path = folder / MANIFEST
    rewrite(path, json.dumps(json.loads(path.read_text("utf-8")) | change).encode())


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[10] ^= 0xFF
    rewrite(path, bytes(data))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


BREAK: dict[str, Callable[[Path], object]] = {
    "a torn file": lambda f: rewrite(largest(f), largest(f).read_bytes()[:5000]),
    "an empty file": lambda f: rewrite(largest(f), b""),
    "a changed byte": lambda f: _flip(largest(f)),
    "a missing file": lambda f: largest(f).unlink(),
    "one file too many": lambda f: (f / EDGE / "stranger").write_bytes(b"x"),
    "a torn space": lambda f: rewrite(f / "space.npz", (f / "space.npz").read_bytes()[:100]),
    "no space": lambda f: (f / "space.npz").unlink(),
    "no manifest": lambda f: (f / MANIFEST).unlink(),
    "an empty manifest": lambda f: rewrite(f / MANIFEST, b""),
    "a torn manifest": lambda f: rewrite(f / MANIFEST, (f / MANIFEST).read_bytes()[:40]),
    "a manifest that is no object": lambda f: rewrite(f / MANIFEST, b"[1, 2]"),
    "a manifest of a later release": lambda f: _manifest(f, shards=2),
    "the manifest of another": lambda f: _manifest(f, name="0" * 20),
    "another count": lambda f: _manifest(f, songs=31),
    "a torn configuration": lambda f: rewrite(f / EDGE / "edge_config.json", b'{"vec'),
    "no index": lambda f: shutil.rmtree(f / EDGE),
    "nothing at all": _empty,
}


@pytest.mark.parametrize("fault", BREAK)
def test_a_broken_or_foreign_generation_is_not_trusted(
    built: Built, embedder: Embedder, tmp_path: Path, fault: str
) -> None:
    BREAK[fault](linked(built.folder, tmp_path))
    assert generations(built, tmp_path, embedder).open(built.fingerprint) is None
    with pytest.raises(SearchIndexError):
        Generation.open(tmp_path / built.folder.name)


def test_the_generation_of_another_catalogue_is_not_taken_under_this_ones_name(
    built: Built, embedder: Embedder, tmp_path: Path
) -> None:
    other = "1" * 32
    shutil.copytree(built.folder, tmp_path / fingerprint(other, embedder.fingerprint), copy_function=os.link)
    assert generations(built, tmp_path, embedder).open(other) is None


def test_a_folder_or_a_file_in_the_way_is_no_generation(built: Built, embedder: Embedder, tmp_path: Path) -> None:
    here = generations(built, tmp_path, embedder)
    assert here.open(built.fingerprint) is None
    (tmp_path / built.folder.name).write_text("a file")
    assert here.open(built.fingerprint) is None


# --- building in another process ------------------------------------------------------------------------------------


def test_a_broken_generation_is_built_anew_by_another_process_and_older_ones_go(
    built: Built, embedder: Embedder, tmp_path: Path
) -> None:
    BREAK["a torn file"](linked(built.folder, tmp_path))
    (tmp_path / "an older generation").mkdir()
    (tmp_path / ".building-crashed").mkdir()
    told: list[tuple[int, int]] = []
    here = generations(built, tmp_path, embedder)
    fresh = here.open_or_build(built.fingerprint, lambda done, total: told.append((done, total)))
    assert (fresh.name, fresh.index.count()) == (built.folder.name, 30)
    assert told[-1] == (30, 30)
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == [fresh.name]
    fresh.close()
    told.clear()
    again = here.open_or_build(built.fingerprint, lambda done, total: told.append((done, total)))
    assert (again.index.count(), told) == (30, [])  # found, not built
    again.close()


def test_several_who_need_one_generation_at_once_build_it_once(
    built: Built, embedder: Embedder, tmp_path: Path
) -> None:
    builds: list[int] = []

    def need(who: int) -> int:
        own = generations(built, tmp_path, embedder)
        opened = own.open_or_build(built.fingerprint, lambda _done, _total: builds.append(who))
        try:
            return opened.index.count()
        finally:
            opened.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(need, range(3))) == [30, 30, 30]
    assert len(set(builds)) == 1


def test_a_build_that_crashes_leaves_nothing_that_is_trusted_and_the_old_one_answers(
    built: Built, embedder: Embedder, tmp_path: Path
) -> None:
    old = Generation.open(linked(built.folder, tmp_path))
    catalogue = tmp_path / "large.db"
    large = fill(catalogue, songs(3000))
    command = [
        sys.executable, "-m", "core.index.build", "--catalogue", str(catalogue), "--out", str(tmp_path),
        "--model", embedder.name, "--cache", str(tmp_path / "models"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        process.kill()
    assert first["done"] < first["total"] == 3000
    here = generations(built, tmp_path, embedder, catalogue)
    assert not (tmp_path / here.name_for(large)).exists()
    assert here.open(large) is None
    assert old.index.count() == 30
    assert best(old, old.index.vectors([row_number("id7")])[row_number("id7")]) == row_number("id7")
    old.close()
    kept = generations(built, tmp_path, embedder).open(built.fingerprint)
    assert kept is not None
    kept.close()


@pytest.mark.parametrize("fault", ["empty", "no catalogue", "unknown model"])
def test_a_build_that_cannot_be_made_says_why_and_leaves_nothing(
    built: Built, embedder: Embedder, tmp_path: Path, fault: str
) -> None:
    catalogue, model = tmp_path / "c.db", embedder
    if fault == "empty":
        fill(catalogue, [])
    elif fault == "no catalogue":
        catalogue.write_bytes(b"this is something else" * 100)
    else:
        fill(catalogue, songs(3))
        model = Embedder("no-such/model")
    index = tmp_path / "index"
    with pytest.raises(SearchIndexError) as caught:
        generations(built, index, model, catalogue).open_or_build("2" * 32)
    assert caught.value.hint
    assert {"empty": "empty", "no catalogue": "cannot be opened", "unknown model": "no-such/model"}[fault] in str(
        caught.value
    )
    assert [p.name for p in index.iterdir() if p.is_dir()] == []


# --- a catalogue that changes meanwhile -----------------------------------------------------------------------------


def test_a_catalogue_that_changes_during_the_build_gets_no_mixed_generation(tmp_path: Path) -> None:
    catalogue = tmp_path / "c.db"
    before = fill(catalogue, songs(1200))
    old_name = fingerprint(before, "quick")
    changed: list[str] = []

    def change(_done: int, _total: int) -> None:
        if not changed:
            changed.append(fill(catalogue, [replace(track, year=2077) for track in songs(1200)]))

    with CatalogueStore(catalogue) as store:
        try:
            folder = build(store, Quick(), tmp_path / "index", change)
        except VibesmithError:
            return  # to refuse is as good
    opened = Generation.open(folder)
    late = opened.index.count(Filter((Between("year", 2077, 2077),)))
    opened.close()
    assert (opened.name, late) in [(old_name, 0), (fingerprint(changed[0], "quick"), 1200)]


def test_more_songs_than_a_chunk_are_all_built(tmp_path: Path) -> None:
    fill(tmp_path / "c.db", songs(1100))
    told: list[int] = []
    with CatalogueStore(tmp_path / "c.db") as store:
        folder = build(store, Quick(), tmp_path / "index", lambda done, _total: told.append(done))
    opened = Generation.open(folder)
    assert (opened.songs, opened.index.count(), told[-1]) == (1100, 1100, 1100)
    assert len(opened.index.vectors([row_number(t.id) for t in songs(1100)])) == 1100
    opened.close()


# --- where and on what it stands --------------------------------------------------------------------------------------


def test_a_lost_stretch_in_the_middle_of_a_large_file_is_noticed(built: Built, tmp_path: Path) -> None:
    folder = tmp_path / built.folder.name
    shutil.copytree(built.folder, folder)
    path = max(folder.rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0)
    size = path.stat().st_size
    assert size > 16_000_000
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(SearchIndexError, match="damaged"):
        Generation.open(folder)


def test_a_folder_of_the_same_name_where_it_is_started_does_no_harm(
    built: Built, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('not ours')")
    (tmp_path / "numpy.py").write_text("raise SystemExit('not numpy')")
    monkeypatch.chdir(tmp_path)
    opened = generations(built, tmp_path / "index", embedder).open_or_build(built.fingerprint)
    assert opened.songs == 30
    opened.close()


def test_an_open_generation_knows_its_songs_whatever_becomes_of_the_catalogue(tmp_path: Path) -> None:
    made_up = songs(20)
    fill(tmp_path / "c.db", made_up)
    with CatalogueStore(tmp_path / "c.db") as store:
        opened = Generation.open(build(store, Quick(), tmp_path / "index", lambda _done, _total: None))
        with store.transaction():
            store.write(songs(21)[20:], "other.csv")
            store.keep_only("other.csv")
        assert len(store) == 1
    assert opened.tracks.ids().keys() == {track.id for track in made_up}
    assert set(opened.index.vectors(list(opened.tracks.ids().values()))) == set(opened.tracks.ids().values())
    opened.close()
