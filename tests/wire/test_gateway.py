"""The bot's connection: how it comes, stays, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stand_ins.discord_objects import APPLICATION, V2
from tests.wire.running import running_bot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stand_ins.discord import DiscordStandIn
    from tests.wire.running import QuickBot

GUILDS = 1 << 0


async def test_login_identifies_once_and_asks_for_no_privileged_intent(wire: DiscordStandIn, bot: QuickBot) -> None:
    assert [r.path for r in wire.requests[:2]] == ["/users/@me", "/oauth2/applications/@me"]
    (identify,) = wire.identifies
    assert identify["intents"] == GUILDS
    assert identify["token"] == wire.token
    assert bot.user is not None
    assert str(bot.user.id) == APPLICATION


async def test_heartbeats_go_on_and_carry_the_last_sequence(wire: DiscordStandIn, bot: QuickBot) -> None:
    assert bot.is_ready()
    sequence = len(next(iter(wire.sessions.values())).sent)
    await wire.until(lambda: wire.heartbeats.count(sequence) >= 2, "two heartbeats")


async def test_a_dropped_connection_is_resumed_without_a_second_login(wire: DiscordStandIn, bot: QuickBot) -> None:
    (session,) = wire.sessions.values()

    await wire.drop()
    await wire.until(lambda: len(wire.resumes) == 1, "a resume")
    await wire.connected()

    assert wire.resumes[0]["session_id"] == session.id
    assert len(wire.identifies) == 1
    assert "rain" in str(await wire.answered(await wire.slash("vibe", text="rain")))
    assert not bot.is_closed()


async def test_what_was_asked_while_the_connection_was_down_is_answered(wire: DiscordStandIn, bot: QuickBot) -> None:
    await wire.drop()
    interaction = await wire.slash("vibe", text="rain")

    assert (await wire.answered(interaction))["flags"] & V2
    assert len(wire.identifies) == 1
    assert not bot.is_closed()


async def test_a_request_to_reconnect_is_followed_by_a_resume(wire: DiscordStandIn, bot: QuickBot) -> None:
    await wire.ask_reconnect()
    await wire.until(lambda: len(wire.resumes) == 1, "a resume")
    await wire.connected()

    assert await wire.answered(await wire.slash("vibe", text="rain"))
    assert len(wire.identifies) == 1
    assert not bot.is_closed()


async def test_an_invalid_session_that_may_be_resumed_is_resumed(wire: DiscordStandIn, bot: QuickBot) -> None:
    await wire.invalidate(resumable=True)
    await wire.until(lambda: len(wire.resumes) == 1, "a resume")

    assert len(wire.identifies) == 1
    assert not bot.is_closed()


async def test_an_invalid_session_is_replaced_by_a_new_one(wire: DiscordStandIn, bot: QuickBot) -> None:
    await wire.invalidate(resumable=False)
    await wire.until(lambda: len(wire.identifies) == 2, "a second login")
    await wire.connected()

    assert await wire.answered(await wire.slash("vibe", text="rain"))
    assert not wire.resumes
    assert not bot.is_closed()


async def test_a_refused_resume_is_followed_by_a_new_session(wire: DiscordStandIn, bot: QuickBot) -> None:
    wire.refuse_resumes = True
    await wire.drop()
    await wire.until(lambda: len(wire.identifies) == 2, "a second login")
    await wire.connected()

    assert await wire.answered(await wire.slash("vibe", text="rain"))
    assert len(wire.resumes) == 1
    assert not bot.is_closed()


async def test_commands_are_sent_whole_for_servers_direct_messages_and_people(
    wire: DiscordStandIn, bot: QuickBot
) -> None:
    assert bot.is_ready()
    (sync,) = [r for r in wire.requests if r.method == "PUT"]
    commands = {c["name"]: c for c in sync.payload}

    assert set(commands) == {"vibe", "help", "status", "Vibe this message"}
    assert commands["Vibe this message"]["type"] == 3
    assert {o["name"]: (o["type"], o["required"]) for o in commands["vibe"]["options"]} == {
        "text": (3, True),
        "songs": (4, False),
        "quiet": (5, False),
    }
    for command in commands.values():
        assert set(command["contexts"]) == {0, 1, 2}
        assert set(command["integration_types"]) == {0, 1}


async def test_commands_are_not_sent_again_when_nothing_has_changed(wire: DiscordStandIn, tmp_path: Path) -> None:
    for _ in range(2):
        async with running_bot(wire, tmp_path):
            pass

    assert len([r for r in wire.requests if r.method == "PUT"]) == 1
    assert len(wire.identifies) == 2
