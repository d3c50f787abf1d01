"""Checks what an installation needs, one finding each, with what to do where one is wrong."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp
from pydantic import SecretStr

from bot.app import Studio, make_embedder, make_home
from bot.settings import Settings
from core.errors import VibesmithError

_DISCORD_TIMEOUT_S: Final = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, what was seen, and what to do."""

    what: str
    ok: bool
    detail: str
    advice: str = ""


class _Checks:
    """The checks of one installation; the catalogue opened by one serves the next."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.studio: Studio | None = None

    def home(self) -> str:
        make_home(self._settings.vibesmith_home)
        probe = self._settings.vibesmith_home / ".probe"
        probe.write_text("x")
        probe.unlink()
        return str(self._settings.vibesmith_home)

    def catalogue(self) -> str:
        self.studio = Studio(self._settings)
        songs = len(self.studio.store)
        if not songs:
            raise VibesmithError("The catalogue is empty.", "Import a file: vibesmith catalogue import FILE.")
        return f"{songs:,} songs from {', '.join(s.name for s in self.studio.store.sources())}"

    def model(self) -> str:
        embedder = make_embedder(self._settings)
        return f"{embedder.name}, {embedder.dimension} dimensions"

    def index(self) -> str:
        if self.studio is None:
            return "not looked at, since the catalogue cannot be opened"
        found = self.studio.generations.open(self.studio.store.fingerprint)
        if found is None:
            return "not built yet; the first answer builds it"
        found.close()
        return f"{found.songs:,} songs, generation {found.name}"

    def database(self) -> str:
        file = self._settings.database_file
        if not file.exists():
            return "not there yet; the bot makes it at its first start"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise VibesmithError(
                f"The database is damaged: {verdict}.", "Restore a backup, or move it away to begin anew."
            )
        return str(file)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check in turn; a check that fails does not stop those that can still be made."""
    checks = _Checks(settings)
    yield _try("settings", lambda: f"log level {settings.log_level}")
    yield _try("home", checks.home)
    yield _try("catalogue", checks.catalogue)
    yield _try("model", checks.model)
    yield _try("index", checks.index)
    yield _try("database", checks.database)
    yield _discord(settings)
    if checks.studio:
        checks.studio.close()


def _try(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, ok=True, detail=check())
    except VibesmithError as error:
        return Finding(what, ok=False, detail=error.message, advice=error.hint)
    except (OSError, sqlite3.Error) as error:
        return Finding(
            what,
            ok=False,
            detail=str(error),
            advice="Check that VIBESMITH_HOME may be written to and the disk is not full.",
        )


def _discord(settings: Settings) -> Finding:
    if settings.discord_token is None:
        return Finding("Discord", ok=True, detail="off", advice="To switch it on, set DISCORD_TOKEN (see README.md).")
    return _try("Discord", lambda: asyncio.run(_log_in(settings, settings.discord_token)))


async def _log_in(settings: Settings, token: SecretStr | None) -> str:
    """Ask Discord who the token belongs to."""
    secret = token.get_secret_value().strip() if token else ""
    where = str(settings.discord_api_base).rstrip("/")
    advice = "Copy the bot's token anew: discord.com/developers/applications, your application, Bot, Reset Token."
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise VibesmithError("DISCORD_TOKEN holds characters that no token has.", advice)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_DISCORD_TIMEOUT_S)) as session,
            session.get(f"{where}/users/@me", headers={"Authorization": f"Bot {secret}"}) as answer,
        ):
            if answer.status == HTTPStatus.UNAUTHORIZED:
                raise VibesmithError("Discord does not accept DISCORD_TOKEN.", advice)
            answer.raise_for_status()
            return f"the token belongs to {(await answer.json()).get('username', 'a bot')}"
    except (aiohttp.ClientError, TimeoutError) as error:
        raise VibesmithError(
            f"Discord cannot be reached at {where}: {type(error).__name__}.", "Check the network and DISCORD_API_BASE."
        ) from error
