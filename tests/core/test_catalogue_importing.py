"""Importing and exporting files, and the starter songs that come with the product."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.catalogue.importing import ensure_starter, export_file, import_file, starter_files, starter_tracks
from core.catalogue.reading import Rejected
from core.catalogue.store import STARTER, CatalogueStore, StoreCounts
from core.errors import CatalogueError
from core.models import Track
from tests.core.made_up import song, songs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CatalogueStore]:
    with CatalogueStore(tmp_path / "catalogue.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def starter() -> dict[str, Track]:
    return {track.id: track for track in starter_tracks()}


def jsonl(path: Path, tracks: Sequence[Track], *extra: str) -> Path:
    lines = [json.dumps(track.to_record(), ensure_ascii=False) for track in tracks]
    path.write_text("\n".join([*lines, *extra]), encoding="utf-8")
    return path


def held(store: CatalogueStore) -> dict[str, Track]:
    return {track.id: track for _, track in store.rows()}


# --- import ---------------------------------------------------------------------------------------------------------


def test_a_csv_adds_its_songs_under_the_ids_it_gives_them(store: CatalogueStore, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv.gz"
    path.write_bytes(gzip.compress(b"id,name,artists,year\n4uLU6hMC,Song One,Ann,1999\n007,Song Two,Bob,\n"))
    report = import_file(store, path)
    assert (report.counts, report.rejected, report.removed) == (StoreCounts(added=2), 0, 0)
    assert held(store) == {
        "4uLU6hMC": Track("4uLU6hMC", "Song One", ("Ann",), year=1999), "007": Track("007", "Song Two", ("Bob",)),
    }  # fmt: skip
    assert [s.name for s in store.sources()] == ["mine.csv.gz"]


def test_ids_stay_what_the_file_calls_them_all_the_way_out(store: CatalogueStore, tmp_path: Path) -> None:
    ids = ["0", "4uLU6hMCjMI75M1A2tKUQC", "spotify:track:x", "ünï/цо", 'a"b', "x" * 500]
    import_file(store, jsonl(tmp_path / "a.jsonl", [song(i) for i in ids]))
    assert sorted(store.ids()) == sorted(ids)
    export_file(store, tmp_path / "out.jsonl")
    out = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert sorted(out) == sorted(ids)


def test_importing_a_file_again_updates_it(store: CatalogueStore, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", songs(5))
    import_file(store, path)
    jsonl(path, [replace(songs(1)[0], year=1900), *songs(5, first=1)])
    assert import_file(store, path).counts == StoreCounts(added=1, updated=1, unchanged=4)


def test_bad_rows_are_told_and_skipped(store: CatalogueStore, tmp_path: Path) -> None:
    told: list[Rejected] = []
    path = jsonl(tmp_path / "a.jsonl", songs(2), "{", '{"id": "x"}')
    report = import_file(store, path, on_rejected=told.append)
    assert [r.line for r in told] == [3, 4]
    assert (report.rejected, len(store)) == (2, 2)


def test_progress_ends_at_the_whole_file(store: CatalogueStore, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", songs(1700))
    told: list[tuple[int, int]] = []
    import_file(store, path, on_progress=lambda done, total: told.append((done, total)))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize("fault", ["no usable row", "truncated", "empty", "wrong columns"])
@pytest.mark.parametrize("replace_all", [False, True])
def test_a_file_that_fails_changes_nothing(
    store: CatalogueStore, tmp_path: Path, fault: str, *, replace_all: bool
) -> None:
    import_file(store, jsonl(tmp_path / "first.jsonl", songs(10)))
    before = (store.fingerprint, held(store), [s.name for s in store.sources()])
    name, content = {
        "no usable row": ("b.jsonl", b'{"id": "x"}\n{'),
        "truncated": ("b.csv.gz", gzip.compress(b"id,name,artists\n" + b"1,A,B\n" * 40_000)[:-30]),
        "empty": ("b.jsonl", b""),
        "wrong columns": ("b.csv", b"a,b,c\n1,2,3\n"),
    }[fault]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CatalogueError):
        import_file(store, tmp_path / name, replace=replace_all)
    assert (store.fingerprint, held(store), [s.name for s in store.sources()]) == before


def test_replace_leaves_only_that_files_songs(store: CatalogueStore, tmp_path: Path) -> None:
    ensure_starter(store)
    import_file(store, jsonl(tmp_path / "old.jsonl", songs(5)))
    starter_count = len(store) - 5
    report = import_file(store, jsonl(tmp_path / "new.jsonl", songs(3, first=50)), replace=True)
    assert sorted(held(store)) == ["id50", "id51", "id52"]
    assert report.removed == starter_count + 5


def test_replace_keeps_songs_that_another_file_had_brought_as_they_are(store: CatalogueStore, tmp_path: Path) -> None:
    import_file(store, jsonl(tmp_path / "old.jsonl", songs(6)))
    import_file(store, jsonl(tmp_path / "new.jsonl", songs(4)), replace=True)
    assert sorted(held(store)) == ["id0", "id1", "id2", "id3"]
    assert [(s.name, s.tracks) for s in store.sources()] == [("new.jsonl", 4)]


# --- export ---------------------------------------------------------------------------------------------------------


def test_an_export_imported_elsewhere_is_the_same_catalogue(
    store: CatalogueStore, tmp_path: Path, starter: dict[str, Track]
) -> None:
    ensure_starter(store)
    import_file(store, jsonl(tmp_path / "mine.jsonl", [*songs(20), song("odd", title='"Ünï" – 上を\\n', year=None)]))
    out = tmp_path / "out.jsonl"
    assert export_file(store, out) == len(store) == len(starter) + 21
    with CatalogueStore(tmp_path / "other.db") as other:
        report = import_file(other, out)
        assert (report.rejected, report.counts.added) == (0, len(store))
        assert other.fingerprint == store.fingerprint
        assert held(other) == held(store)


def test_an_export_imported_in_place_of_all_changes_nothing(store: CatalogueStore, tmp_path: Path) -> None:
    ensure_starter(store)
    before = store.fingerprint
    export_file(store, tmp_path / "out.jsonl")
    import_file(store, tmp_path / "out.jsonl", replace=True)
    assert store.fingerprint == before


def test_an_export_appears_whole_or_not_at_all(store: CatalogueStore, tmp_path: Path) -> None:
    import_file(store, jsonl(tmp_path / "a.jsonl", songs(3)))
    with pytest.raises(CatalogueError, match="cannot be written"):
        export_file(store, tmp_path / "missing" / "out.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CatalogueError, match="cannot be written"):
        export_file(store, tmp_path / "folder")
    (tmp_path / "out.jsonl").write_text("old")
    assert export_file(store, tmp_path / "out.jsonl") == 3
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 3
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]


# --- the starter songs ----------------------------------------------------------------------------------------------


def test_a_new_catalogue_holds_the_starter_songs(store: CatalogueStore, starter: dict[str, Track]) -> None:
    ensure_starter(store)
    assert held(store) == starter
    assert [s.name for s in store.sources()] == [STARTER]
    changes = store.fingerprint, store.source_version(STARTER)
    ensure_starter(store)
    assert (store.fingerprint, store.source_version(STARTER)) == changes


def test_the_starter_files_pass_the_checks_for_other_peoples_files(
    store: CatalogueStore, starter: dict[str, Track]
) -> None:
    for path in starter_files():
        told: list[Rejected] = []
        import_file(store, path, on_rejected=told.append)
        assert told == []
    assert held(store) == starter


def test_an_upgrade_brings_newer_starter_songs_and_drops_older_ones(
    store: CatalogueStore, tmp_path: Path, starter: dict[str, Track]
) -> None:
    import_file(store, jsonl(tmp_path / "mine.jsonl", songs(2)))
    first = next(iter(starter.values()))
    with store.transaction():  # as an earlier release left it
        store.write([song("gone"), replace(first, title="Before")], STARTER, source_version="earlier")
    ensure_starter(store)
    assert held(store) == starter | {track.id: track for track in songs(2)}


def test_an_owner_who_replaced_the_starter_songs_keeps_it_that_way(store: CatalogueStore, tmp_path: Path) -> None:
    ensure_starter(store)
    import_file(store, jsonl(tmp_path / "mine.jsonl", songs(2)), replace=True)
    ensure_starter(store)
    assert sorted(held(store)) == ["id0", "id1"]
    import_file(store, jsonl(tmp_path / "more.jsonl", songs(1, first=7)))
    ensure_starter(store)
    assert sorted(held(store)) == ["id0", "id1", "id7"]


def test_an_owner_who_only_added_songs_keeps_the_starter_songs(
    store: CatalogueStore, tmp_path: Path, starter: dict[str, Track]
) -> None:
    import_file(store, jsonl(tmp_path / "mine.jsonl", songs(2)))
    ensure_starter(store)
    assert len(store) == len(starter) + 2
