"""The long-running process: the engine, the database and the Discord bot together."""

from __future__ import annotations

import asyncio
import logging

from bot.app import make_home
from bot.client import run_bot
from bot.engine import LocalEngine
from bot.settings import Settings, SettingsError
from storage.database import open_database
from storage.history import History

log = logging.getLogger(__name__)


def serve(settings: Settings) -> int:
    """Run until told to stop; the exit code (2: the token is missing or wrong)."""
    if settings.discord_token is None:
        raise SettingsError(
            "DISCORD_TOKEN is not set, so there is no bot to run.", "README.md tells how to get one, step by step."
        )
    make_home(settings.vibesmith_home)
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    async with open_database(settings.database_file) as database:
        engine = LocalEngine(settings)
        try:
            await engine.start()
            return await run_bot(settings, engine, History(database))
        finally:
            await engine.close()
