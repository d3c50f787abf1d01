"""The bot in the test's own process, connected to a stand-in."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import AnyHttpUrl, SecretStr
from pydantic_core import Url

from bot.client import VibesmithBot, use_endpoints
from bot.settings import Settings
from storage.database import open_database
from storage.history import History
from tests.wire.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stand_ins.discord import DiscordStandIn


class QuickBot(VibesmithBot):
    """The bot without the waits that Discord's limits ask for: 5 s before each IDENTIFY, 2 s for more servers."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        pass

    async def setup_hook(self) -> None:
        self._connection.guild_ready_timeout = 0.05
        await super().setup_hook()


def settings_for(stand_in: DiscordStandIn, home: Path) -> Settings:
    """The settings of a bot that keeps its state in `home`."""
    return Settings(
        vibesmith_home=home,
        discord_token=SecretStr(stand_in.token),
        discord_api_base=AnyHttpUrl(stand_in.api_base),
        discord_gateway_url=Url(stand_in.gateway_url),
    )


@asynccontextmanager
async def running_bot(stand_in: DiscordStandIn, home: Path) -> AsyncIterator[QuickBot]:
    """The bot in this process, connected, with the shelf for an engine."""
    settings = settings_for(stand_in, home)
    use_endpoints(settings)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings.database_file))
        bot = await stack.enter_async_context(QuickBot(settings, Shelf(), History(database)))
        serving = asyncio.create_task(bot.start(stand_in.token))
        try:
            await stand_in.connected()
            await asyncio.wait_for(bot.wait_until_ready(), 10)
            yield bot
        finally:
            await bot.answers.drain(within_s=5)
            await bot.close()
            await asyncio.wait([serving], timeout=5)
