"""Opens the database: makes it, brings it to the newest schema, and says what to do where it cannot."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.errors import VibesmithError

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS: Final = 10_000
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_CONNECTIONS: Final = 4


class DatabaseError(VibesmithError):
    """The database cannot be opened, read or brought to the newest schema."""


@asynccontextmanager
async def open_database(file: Path) -> AsyncIterator[AsyncEngine]:
    """The database in a file, made and brought to the newest schema where need be; closed at the end.

    DatabaseError says what to do about a damaged, locked or newer one.
    """
    await asyncio.to_thread(prepare, file)
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{file}", pool_size=_CONNECTIONS, max_overflow=0, hide_parameters=True
    )
    event.listen(engine.sync_engine, "connect", _configure)
    try:
        yield engine
    finally:
        await engine.dispose()


def prepare(file: Path, revision: str = "head") -> None:
    """Make or upgrade the database in a file. Blocks; two processes that do it at once wait for each other."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(f"{file}.lock", timeout=BUSY_TIMEOUT_MS / 1000):
            _upgrade(file, revision)
    except Timeout:
        raise DatabaseError(
            f"Another process is upgrading {file}.", "Wait until it is done, then start again."
        ) from None
    except OSError as error:
        raise DatabaseError(
            f"The database {file} cannot be made: {error.strerror}.",
            "Set VIBESMITH_HOME to a folder that you may write to.",
        ) from error
    except (DBAPIError, sqlite3.Error) as error:
        raise _explained(file, error) from error


def _upgrade(file: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{file}")
    event.listen(engine, "connect", _configure_for_upgrade)
    # Python's driver opens no transaction for a change of schema: a step that fails half-way would stay half-done.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            if connection.scalar(text("PRAGMA quick_check(1)")) != "ok":
                raise _damaged(file)
            _migrate(connection, file, revision)
    finally:
        engine.dispose()


def _migrate(connection: Connection, file: Path, revision: str) -> None:
    # Ten lines at each start that say nothing to the person who reads the log.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Alembic is a tenth of a second to import, and only a process that opens the database needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    migrations = MigrationContext.configure(connection)
    current = migrations.get_current_revision()
    if current is not None and current not in known:
        raise DatabaseError(
            f"The database {file} was written by a newer Vibesmith.",
            "Update Vibesmith, or set VIBESMITH_HOME to another folder.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    reached = migrations.get_current_revision()
    if reached != current:
        _log.info("The database %s is now at schema %s (before: %s)", file, reached, current or "none")


def _configure(connection: sqlite3.Connection | DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # Safe with WAL: a power cut may lose the last vibes, never the file.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _configure_for_upgrade(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    _configure(connection, _record)
    # SQLite changes a table by dropping the old one, which would cascade into what refers to it.
    connection.execute("PRAGMA foreign_keys = OFF")


def _explained(file: Path, error: DBAPIError | sqlite3.Error) -> DatabaseError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return _damaged(file)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseError(f"The database {file} is in use by another process.", "Close that one, then start again.")
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return DatabaseError(f"The database {file} cannot be written.", "Check the rights of the file and its folder.")
    if primary == sqlite3.SQLITE_FULL:
        return DatabaseError(f"There is no room left on the disk of {file}.", "Free some, then start again.")
    return DatabaseError(
        f"The database {file} cannot be opened: {cause}.", "Restore a copy of it, or move it away for a new one."
    )


def _damaged(file: Path) -> DatabaseError:
    return DatabaseError(
        f"The database {file} is damaged.",
        "Restore a copy of it, or move it away: a new one is made at the next start.",
    )
