"""Making, upgrading and refusing a database file."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from core.errors import VibesmithError
from storage.database import open_database, prepare
from storage.history import Counts, History
from storage.tables import metadata

MOOD = '{"features": [], "genres": [], "emotions": []}'
VIBE = f'{{"text": "x", "mood": {MOOD}, "clauses": [], "count": null, "minutes": null}}'


async def test_a_new_database_has_its_folder_and_the_newest_schema(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "er" / "v.db"

    async with open_database(file) as engine, engine.connect() as connection:
        difference = await connection.run_sync(_difference)

    assert difference == []


def _difference(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_it_is_opened_as_sqlite_should_be(tmp_path: Path) -> None:
    async with open_database(tmp_path / "v.db") as engine, engine.connect() as connection:
        found = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]

    assert found == ["wal", 1, 10_000]


async def test_the_first_schema_is_upgraded_with_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "v.db"
    prepare(file, "0001")
    with sqlite3.connect(file) as old:
        for vibe_id, parent_id in (("root", None), ("child", "root"), ("grandchild", "child"), ("other", None)):
            old.execute(
                "INSERT INTO vibes (id, created_at, user_id, text, vibe, notes, seed, catalogue, parent_id, quiet)"
                " VALUES (?, '2026-01-01 00:00:00', 1, 'x', ?, '[]', 0, 'c', ?, 0)",
                (vibe_id, VIBE, parent_id),
            )
            old.execute(
                "INSERT INTO picks (vibe_id, position, track_id, title, artists, url, score, parts, reasons)"
                " VALUES (?, 1, ?, 't', '[\"a\"]', 'https://x.example', 0, '{}', '[]')",
                (vibe_id, f"song of {vibe_id}"),
            )
    old.close()

    async with open_database(file) as engine:
        history = History(engine)
        assert await history.shown_track_ids("child") == {"song of root", "song of child", "song of grandchild"}
        assert await history.shown_track_ids("other") == {"song of other"}
        assert await history.counts() == Counts(vibes=4, picks=4)


async def test_a_step_that_fails_leaves_the_old_schema_whole(tmp_path: Path) -> None:
    file = tmp_path / "v.db"
    prepare(file, "0001")
    with sqlite3.connect(file) as old:
        old.execute("CREATE TABLE _alembic_tmp_vibes (x)")  # in the way of the second step
    old.close()

    with pytest.raises(VibesmithError):
        prepare(file)

    with sqlite3.connect(file) as left:
        assert "root_id" not in [row[1] for row in left.execute("PRAGMA table_info(vibes)")]
        assert left.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    left.close()


async def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    file = tmp_path / "v.db"

    await asyncio.gather(*(asyncio.to_thread(prepare, file) for _ in range(4)))

    async with open_database(file) as engine:
        assert await History(engine).counts() == Counts(0, 0)


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough to be taken for one" * 20, b"SQLite format 3\x00" + b"\xff" * 4096],
)
async def test_a_damaged_file_is_told_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "v.db"
    file.write_bytes(content)

    with pytest.raises(VibesmithError, match=r"damaged.*move it away"):
        await _open(file)

    assert file.read_bytes() == content


async def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "v.db"
    prepare(file)
    with sqlite3.connect(file) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()

    with pytest.raises(VibesmithError, match=r"newer Vibesmith.*Update"):
        await _open(file)


async def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(VibesmithError, match="VIBESMITH_HOME"):
        await _open(tmp_path / "file" / "v.db")


async def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "v.db").mkdir()

    with pytest.raises(VibesmithError, match="cannot be written"):
        await _open(tmp_path / "v.db")


async def _open(file: Path) -> None:
    async with open_database(file):
        pass
