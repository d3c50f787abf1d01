"""Pages and "Again", also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.client import VibesmithBot
from storage.history import Asked, History
from storage.tables import vibes
from tests.discord.conftest import Card, Server
from tests.discord.made_up import MadeUpEngine

pytestmark = pytest.mark.simcord(shard_count=1)


async def ask(server: Server, **options: object) -> Card:
    return Card((await server.alice.slash(server.channel, "vibe", text="sunny and lazy", **options)).response)


async def test_pages_turn_forth_and_back_for_everybody(server: Server) -> None:
    card = await ask(server)
    assert card.buttons["◀"]["disabled"]

    await server.bob.click(card.message, label="▶")
    assert card.songs[0].startswith("**11.** [Song 11]")
    assert not card.buttons["◀"]["disabled"]
    assert "2/3" in card.buttons

    await server.alice.click(card.message, label="▶")
    assert card.songs[-1].startswith("**30.** [Song 30]")
    assert card.buttons["▶"]["disabled"]

    await server.alice.click(card.message, label="◀")
    assert card.songs[0].startswith("**11.** [Song 11]")
    assert len(server.channel.history()) == 1


async def test_again_posts_other_songs_for_the_same_vibe(server: Server, engine: MadeUpEngine) -> None:
    card = await ask(server, songs=20)

    result = await server.bob.click(card.message, label="Again")

    again = Card(result.response)
    assert again.message.id != card.message.id
    assert again.songs[0].startswith("**1.** [Song 21]")
    assert card.songs[0].startswith("**1.** [Song 1]")
    assert (engine.requests[1].text, engine.requests[1].count, engine.requests[1].seed) == ("sunny and lazy", 20, 1)
    assert not result.ephemeral


async def test_again_never_repeats_a_song_of_the_chain_whichever_card_it_is_pressed_on(server: Server) -> None:
    first = await ask(server, songs=10)

    second = Card((await server.alice.click(first.message, label="Again")).response)
    third = Card((await server.alice.click(first.message, label="Again")).response)
    fourth = Card((await server.alice.click(second.message, label="Again")).response)

    titles = [
        song.partition("[")[2].partition("]")[0] for card in (first, second, third, fourth) for song in card.songs
    ]
    assert titles == [f"Song {number}" for number in range(1, 41)]


async def test_again_says_when_nothing_is_left(server: Server) -> None:
    card = await ask(server, songs=70)

    result = await server.alice.click(card.message, label="Again")

    assert "no other songs left" in Card(result.followups[0]).text
    assert len(server.channel.history(viewer=server.bob)) == 1


async def test_again_on_a_quiet_card_stays_quiet(server: Server) -> None:
    card = await ask(server, quiet=True)

    result = await server.alice.click(card.message, label="Again")

    assert result.ephemeral
    assert Card(result.response).songs[0].startswith("**1.** [Song 31]")
    assert server.channel.history(viewer=server.bob) == []


async def test_cards_outlive_a_restart(
    server: Server, make_bot: Callable[[], VibesmithBot], engine: MadeUpEngine
) -> None:
    card = await ask(server)

    await server.env.restart_bot(make_bot())
    await server.alice.click(card.message, label="▶")
    result = await server.alice.click(card.message, label="Again")

    assert card.songs[0].startswith("**11.** [Song 11]")
    assert Card(result.response).songs[0].startswith("**1.** [Song 31]")
    assert len(engine.requests) == 2


async def test_a_card_that_is_no_longer_kept_says_so(server: Server, database: AsyncEngine) -> None:
    card = await ask(server)
    async with database.begin() as connection:
        await connection.execute(delete(vibes))

    for label in ("▶", "Again"):
        result = await server.alice.click(card.message, label=label)
        (told,) = result.followups
        assert told.ephemeral
        assert "This card is too old" in Card(told).text
    assert card.songs[0].startswith("**1.** [Song 1]")


async def test_a_quiet_card_is_for_nobody_else(server: Server, history: History, engine: MadeUpEngine) -> None:
    card = await ask(server)
    own = card.buttons["▶"]["custom_id"]
    kept = await history.find(own.split(":")[2])
    assert kept is not None
    secret = await history.record(await engine.compose(engine.requests[0]), Asked(server.bob.id, quiet=True))
    # Alice's client sends an id that it was never shown.
    for part in server.env.backend.get_message(server.channel.id, card.message.id).components[0]["components"]:
        for button in part.get("components", []):
            button["custom_id"] = button["custom_id"].replace(kept.id, secret)

    result = await server.alice.click(card.message, label="▶")

    assert "belongs to somebody else" in Card(result.followups[0]).text


async def test_a_second_press_of_again_is_told_that_it_is_on_its_way(server: Server, engine: MadeUpEngine) -> None:
    card = await ask(server)
    engine.gate = asyncio.Event()
    first = await server.alice.click(card.message, label="Again")

    second = await server.bob.click(card.message, label="Again")
    engine.gate.set()
    await server.env.settle()

    assert second.ephemeral
    assert "already on their way" in Card(second.response).text
    assert Card(first.response).songs[0].startswith("**1.** [Song 31]")
    assert len(engine.requests) == 2


async def test_a_broken_button_is_answered(server: Server, database: AsyncEngine) -> None:
    card = await ask(server)
    async with database.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE picks")

    result = await server.alice.click(card.message, label="▶")

    assert "reference" in Card(result.followups[0]).text
