"""What replacing, upgrading and other people's separators do to a catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.catalogue.importing import ensure_starter, import_file, starter_tracks
from core.catalogue.reading import CatalogueFile, Rejected
from core.catalogue.store import STARTER, CatalogueStore


def write(path: Path, *ids: str) -> Path:
    path.write_text("id,name,artists\n" + "".join(f"{i},Song {i},Somebody\n" for i in ids), encoding="utf-8")
    return path


def test_replacing_by_a_shorter_version_of_the_same_file_removes_what_it_dropped(tmp_path: Path) -> None:
    with CatalogueStore(tmp_path / "a.db") as store, CatalogueStore(tmp_path / "b.db") as fresh:
        import_file(store, write(tmp_path / "songs.csv", "a", "b", "c"), replace=True)
        report = import_file(store, write(tmp_path / "songs.csv", "b", "d"), replace=True)
        assert set(store.ids()) == {"b", "d"}
        assert report.removed == 2
        import_file(fresh, tmp_path / "songs.csv", replace=True)
        assert store.fingerprint == fresh.fingerprint
        assert store.artist_counts(["somebody"]) == {"somebody": 2}


def test_importing_again_without_replacing_keeps_what_the_file_dropped(tmp_path: Path) -> None:
    with CatalogueStore(tmp_path / "a.db") as store:
        import_file(store, write(tmp_path / "songs.csv", "a", "b"))
        import_file(store, write(tmp_path / "songs.csv", "b"))
        assert set(store.ids()) == {"a", "b"}


def test_an_upgrade_leaves_a_starter_song_that_its_owner_edited_as_it_is(tmp_path: Path) -> None:
    song = next(starter_tracks()).to_record() | {"description": "My own words for it."}
    mine = tmp_path / "mine.jsonl"
    mine.write_text(json.dumps(song), encoding="utf-8")
    with CatalogueStore(tmp_path / "a.db") as store:
        ensure_starter(store)
        import_file(store, mine)
        with store.transaction():
            store.write([], STARTER, source_version="of an older version")
        ensure_starter(store)
        (kept,) = store.tracks([store.ids()[song["id"]]]).values()
        assert kept.description == "My own words for it."
        assert {s.name: s.tracks for s in store.sources()}["mine.jsonl"] == 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_may_be_separated_as_spreadsheets_do(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "songs.csv"
    path.write_text(
        separator.join(["id", "name", "artists"]) + "\n" + separator.join(["1", "A Song", "Somebody"]) + "\n"
    )
    with CatalogueFile(path) as file:
        (track,) = file
    assert not isinstance(track, Rejected)
    assert (track.id, track.title, track.artists) == ("1", "A Song", ("Somebody",))
