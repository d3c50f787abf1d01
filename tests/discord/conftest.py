"""A bot in a simulated server, with made-up songs and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.results import ResponseMessage
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.client import VibesmithBot
from bot.settings import Settings
from storage.database import open_database
from storage.history import History
from tests.discord.made_up import MadeUpEngine


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env
    return Settings(vibesmith_home=tmp_path)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    async with open_database(settings.database_file) as engine:
        yield engine


@pytest.fixture
def history(database: AsyncEngine) -> History:
    return History(database)


@pytest.fixture
def engine() -> MadeUpEngine:
    return MadeUpEngine()


@pytest.fixture
def make_bot(settings: Settings, engine: MadeUpEngine, history: History) -> Callable[[], VibesmithBot]:
    return lambda: VibesmithBot(settings, engine, history)


@pytest.fixture
def simcord_bot(make_bot: Callable[[], VibesmithBot]) -> VibesmithBot:
    return make_bot()


@dataclass(frozen=True)
class Server:
    """A channel with two people in it."""

    env: simcord.Env
    channel: ChannelHandle
    alice: MemberActor
    bob: MemberActor


@pytest.fixture
def server(simcord_env: simcord.Env, engine: MadeUpEngine) -> Server:
    engine.env = simcord_env
    guild = simcord_env.create_guild()
    members = [guild.add_member(simcord_env.create_user(name)) for name in ("alice", "bob")]
    return Server(simcord_env, guild.create_text_channel("music"), *members)


class Card:
    """A message as a person reads it."""

    def __init__(self, message: ResponseMessage | None) -> None:
        assert message is not None, "there was no answer"
        self.message = message

    @property
    def parts(self) -> list[dict[str, Any]]:
        found, todo = [], self.message.components
        while todo:
            part = todo.pop(0)
            found.append(part)
            todo = part.get("components", []) + todo
        return found

    @property
    def text(self) -> str:
        return "\n".join(part["content"] for part in self.parts if part["type"] == 10)

    @property
    def songs(self) -> list[str]:
        return [part["content"] for part in self.parts if part["type"] == 10 and part["content"].startswith("**")]

    @property
    def buttons(self) -> dict[str, dict[str, Any]]:
        return {part["label"]: part for part in self.parts if part["type"] == 2}
