"""`vibesmith catalogue`, as a process: songs in, songs out, and what is said about rows that cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any, Final

from core.catalogue.store import CatalogueStore
from tests.cli.terminal import vibesmith
from tests.core.made_up import songs

COLUMNS: Final = [
    "id", "name", "artists", "album", "year", "popularity", "genres", "energy", "valence", "danceability",
    "acousticness", "instrumentalness", "speechiness", "tempo",
]  # fmt: skip


def row(track_id: str, name: str, **values: object) -> dict[str, Any]:
    given = {"artists": "Anna Example", "year": 2001, "genres": "rock", "energy": 0.5, "valence": 0.5, "tempo": 120}
    return {"id": track_id, "name": name} | given | values


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def tracks(home: Path) -> dict[str, dict[str, Any]]:
    with CatalogueStore(home / "catalogue.db") as store:
        return {track.id: track.to_record() for _, track in store.rows()}


def test_imported_songs_are_answered_with_and_bad_rows_told_with_line_and_reason(home: Path, tmp_path: Path) -> None:
    rows = [
        *(row(f"7h!s/is:{n}", f"Zebra crossing {n}", artists=f"Z {n}") for n in range(6)),
        row("", "No id"), row("3", ""), row("4", "Loud", energy=7), row("5", "Odd", year="soon"),
        row("6", "[red]Zebra[/red]"),
    ]  # fmt: skip
    done = vibesmith(home, "catalogue", "import", str(write_csv(tmp_path / "mine.csv.gz", rows)))
    assert done.code == 0, done.said
    assert "7 songs added, 0 updated, 0 the same, 4 rows skipped" in done.said
    for told in ("line 8: id is empty", "line 9: name is empty", "line 10: energy is 7", "line 11: year is 'soon'"):
        assert told in done.said
    answer = vibesmith(home, "vibe", "zebra crossing", "--json", "--count", "47").record
    assert {f"7h!s/is:{n}" for n in range(6)} <= {t["id"] for t in answer["tracks"]}
    assert "[red]Zebra[/red]" in {t["title"] for t in answer["tracks"]}


def test_what_is_exported_comes_back_as_it_was(home: Path, tmp_path: Path) -> None:
    before = tracks(home)
    first, second = tmp_path / "all.jsonl", tmp_path / "again.jsonl"
    assert "40 songs written" in vibesmith(home, "catalogue", "export", str(first)).said
    assert {json.loads(line)["id"] for line in first.read_text(encoding="utf-8").splitlines()} == set(before)
    fresh = tmp_path / "fresh"
    done = vibesmith(fresh, "catalogue", "import", str(first), "--replace")
    assert done.code == 0, done.said
    assert "40 songs added" in done.said
    assert tracks(fresh) == before
    vibesmith(fresh, "catalogue", "export", str(second))
    assert second.read_bytes() == first.read_bytes()


def test_replace_leaves_only_that_files_songs_for_good(home: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "mine.csv", [row(str(n), f"Song {n}", artists=f"Artist {n}") for n in range(3)])
    done = vibesmith(home, "catalogue", "import", str(file), "--replace")
    assert "3 songs added" in done.said
    assert "40 other songs removed" in done.said
    info = vibesmith(home, "catalogue", "info")
    assert "3 songs" in info.said
    assert "mine.csv" in info.said
    assert "starter" not in info.said
    assert {t["id"] for t in vibesmith(home, "vibe", "x", "--json").record["tracks"]} == {"0", "1", "2"}


def test_a_flood_of_bad_rows_is_told_in_part(home: Path, tmp_path: Path) -> None:
    done = vibesmith(home, "catalogue", "import", str(write_csv(tmp_path / "some.csv", [row("", "Bad")] * 50)))
    assert done.said.count("id is empty") == 20
    assert "and 30 more rows" in done.said


def test_a_file_that_cannot_be_read_changes_nothing(home: Path, tmp_path: Path) -> None:
    before = tracks(home)
    (tmp_path / "songs.txt").write_text("x")
    (tmp_path / "torn.csv.gz").write_bytes(gzip.compress(b"id,name,artists\n1,a,b\n")[:-6])
    (tmp_path / "other.csv").write_text("title,singer\na,b\n")
    bad = write_csv(tmp_path / "bad.csv", [row("", "No id")])
    for file, said in {
        tmp_path / "songs.txt": "neither .csv nor .jsonl",
        tmp_path / "missing.csv": "cannot be read",
        tmp_path / "torn.csv.gz": "damaged",
        tmp_path / "other.csv": "lacks the columns id, name, artists",
        bad: "no usable song",
    }.items():
        vibesmith(home, "catalogue", "import", str(file), "--replace").refused(said, code=1)
    assert tracks(home) == before


def test_an_export_that_cannot_be_written_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    vibesmith(home, "catalogue", "export", str(tmp_path / "nowhere" / "all.jsonl")).refused("cannot be written", code=1)
    assert not (tmp_path / "nowhere").exists()


def test_the_starter_songs_are_there_without_being_asked_for(tmp_path: Path) -> None:
    info = vibesmith(tmp_path / "home", "catalogue", "info")
    assert info.code == 0, info.said
    assert "starter" in info.said
    with CatalogueStore(tmp_path / "home" / "catalogue.db") as store:
        assert f"{len(store):,} songs fingerprint {store.fingerprint}" in info.said
        assert len(store) >= 2000


def test_made_up_songs_are_what_these_tests_think(home: Path) -> None:
    assert tracks(home) == {track.id: track.to_record() for track in songs(40)}
