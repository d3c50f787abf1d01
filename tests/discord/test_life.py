"""Start, command sync and shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import discord
import pytest
import simcord
from discord import app_commands
from pydantic import SecretStr

from bot.client import VibesmithBot, _hidden_in_log, run_bot
from bot.settings import Settings
from storage.history import History
from tests.discord.conftest import Card, Server
from tests.discord.made_up import MadeUpEngine

pytestmark = pytest.mark.simcord(shard_count=1)


def syncs(env: simcord.Env) -> int:
    return sum(r.method == "PUT" and r.path.endswith("/commands") for r in env.http_requests)


async def test_commands_are_registered_once_and_not_again_while_unchanged(
    server: Server, make_bot: Callable[[], VibesmithBot]
) -> None:
    assert syncs(server.env) == 1

    await server.env.restart_bot(make_bot())

    assert syncs(server.env) == 1
    assert len(Card((await server.alice.slash(server.channel, "vibe", text="calm")).response).songs) == 10


async def test_commands_are_registered_anew_when_one_changed(server: Server, simcord_bot: VibesmithBot) -> None:
    @app_commands.command(name="new", description="A new one.")
    async def new(interaction: discord.Interaction) -> None: ...

    simcord_bot.tree.add_command(new)

    assert await simcord_bot.sync_if_changed()
    assert not await simcord_bot.sync_if_changed()
    assert syncs(server.env) == 2


async def test_a_failed_registration_is_logged_and_tried_again_at_the_next_start(
    server: Server, make_bot: Callable[[], VibesmithBot], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.vibesmith_home / "commands.sha256").unlink()
    server.env.inject_error("PUT", "/applications/*/commands", status=403, message="Missing Access")

    await server.env.restart_bot(make_bot())
    assert "could not be registered" in caplog.text

    await server.env.restart_bot(make_bot())
    assert syncs(server.env) == 3


async def test_a_command_that_the_bot_no_longer_has_is_answered(server: Server, simcord_bot: VibesmithBot) -> None:
    simcord_bot.tree.remove_command("help")

    result = await server.alice.slash(server.channel, "help")

    assert "This command has changed." in Card(result.response).text
    assert len(server.env.errors) == 1


async def test_no_privileged_intent_is_asked_for(simcord_bot: VibesmithBot) -> None:
    assert simcord_bot.intents == discord.Intents(guilds=True)


async def test_what_is_in_flight_is_finished_before_the_bot_goes(
    server: Server, simcord_bot: VibesmithBot, engine: MadeUpEngine
) -> None:
    engine.gate = asyncio.Event()
    owed = await server.alice.slash(server.channel, "vibe", text="calm")
    assert Card(owed.response).text == ""

    draining = asyncio.create_task(simcord_bot.answers.drain(10))
    await server.env.settle()
    refused = await server.bob.slash(server.channel, "vibe", text="late")
    engine.gate.set()
    await draining

    assert "restarting" in Card(refused.response).text
    assert refused.ephemeral
    assert len(Card(owed.response).songs) == 10
    assert len(engine.requests) == 1


async def test_whoever_cannot_be_answered_in_time_is_told(
    server: Server, simcord_bot: VibesmithBot, engine: MadeUpEngine
) -> None:
    engine.gate = asyncio.Event()
    owed = await server.alice.slash(server.channel, "vibe", text="calm", quiet=True)

    await simcord_bot.answers.drain(0)

    assert "restarting" in Card(owed.response).text


@pytest.mark.parametrize("token", [None, "", "my token", "tök.en"])
async def test_a_token_that_cannot_be_one_ends_with_a_clear_line_and_code_2(
    token: str | None,
    settings: Settings,
    engine: MadeUpEngine,
    history: History,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = settings.model_copy(update={"discord_token": None if token is None else SecretStr(token)})

    assert await run_bot(settings, engine, history) == 2

    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert "DISCORD_TOKEN" in line
    assert not token or token not in line


def test_a_token_is_in_no_log_line_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("somewhere.else")

    with _hidden_in_log("se.cr.et"):
        log.warning("sent %s", "Bot se.cr.et")
        log.debug("PATCH https://discord.com/api/v10/webhooks/12/aW50ZXI/messages/@original %s", {"token": "b3RoZXI"})
        try:
            raise RuntimeError("header: se.cr.et")  # noqa: TRY301 - what a library might raise
        except RuntimeError:
            log.exception("failed")

    assert "sent Bot [token]" in caplog.text
    assert "header: [token]" in caplog.text
    assert "/webhooks/12/[token]/messages/@original {'token': '[token]'}" in caplog.text
    assert "se.cr.et" not in caplog.text
