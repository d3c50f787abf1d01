"""From a vibe to a card."""

from __future__ import annotations

import logging

import pytest

from bot.ui.text import safe
from core.errors import BadVibeError
from core.models import SPOTIFY_ID
from storage.history import History
from tests.discord.conftest import Card, Server
from tests.discord.made_up import MadeUpEngine, track

pytestmark = pytest.mark.simcord(shard_count=1)
HOSTILE = "@everyone <@80351110224678912> **bold** [free](https://evil.example)\n# big\n```js\nx``` ||s|| \u202egnp.exe"


async def test_a_vibe_becomes_a_card_with_ten_songs_links_and_reasons(server: Server) -> None:
    result = await server.alice.slash(server.channel, "vibe", text="feeling sunny and lazy")

    card = Card(result.response)
    assert result.acknowledged
    assert not result.ephemeral
    assert len(card.songs) == 10
    assert card.songs[0] == (
        "**1.** [Song 1](https://open.spotify.com/track/0000000000000000000001) — Artist 1 · 1951\n"
        "-# as calm as number 1"
    )
    assert "### “feeling sunny and lazy”\n-# lazy · content · 1970s · no rap" in card.text
    assert "Only two songs are from the 1970s." in card.text
    assert "30 songs · 1 h 30 min" in card.text


async def test_the_songs_option_says_how_many(server: Server, engine: MadeUpEngine) -> None:
    card = Card((await server.alice.slash(server.channel, "vibe", text="calm", songs=3)).response)

    assert engine.requests[0].count == 3
    assert len(card.songs) == 3
    assert list(card.buttons) == ["Again"]


async def test_a_quiet_answer_is_for_one_person_only(server: Server) -> None:
    result = await server.alice.slash(server.channel, "vibe", text="calm", quiet=True)

    assert result.ephemeral
    assert len(Card(result.response).songs) == 10
    assert server.channel.history(viewer=server.bob) == []


async def test_a_message_becomes_a_vibe_by_its_words(server: Server, engine: MadeUpEngine) -> None:
    said = await server.bob.send(server.channel, "<@80351110224678912> long drive <:sun:80351110224678912> home")

    result = await server.alice.context_menu(server.channel, "Vibe this message", said)

    assert engine.requests[0].text.split() == ["long", "drive", "sun", "home"]
    assert len(Card(result.response).songs) == 10


async def test_a_message_without_words_is_told_so_to_the_asker(server: Server, engine: MadeUpEngine) -> None:
    said = await server.bob.send(server.channel, attachments=[("cat.png", b"png")])

    result = await server.alice.context_menu(server.channel, "Vibe this message", said)

    assert "no words in that message" in Card(result.response).text
    assert result.ephemeral
    assert engine.requests == []


async def test_a_vibe_is_answered_in_direct_messages(server: Server) -> None:
    dora = server.env.create_user("dora")

    card = Card((await dora.slash("vibe", text="rainy evening")).response)
    await dora.click(card.message, label="▶")

    assert card.songs[0].startswith("**11.**")


async def test_the_commands_work_in_servers_direct_messages_and_on_user_installs(server: Server) -> None:
    synced = next(r.json for r in server.env.http_requests if r.method == "PUT" and r.path.endswith("/commands"))

    assert isinstance(synced, list)
    assert {command["name"] for command in synced} == {"vibe", "Vibe this message", "help", "status"}
    assert all(set(command["integration_types"]) == {0, 1} for command in synced)
    assert all(set(command["contexts"]) == {0, 1, 2} for command in synced)


async def test_a_vibe_and_its_picks_are_kept(server: Server, history: History) -> None:
    result = await server.alice.slash(server.channel, "vibe", text="calm", songs=12)

    card = Card(result.response)
    kept = await history.find(card.buttons["Again"]["custom_id"].rpartition(":")[2])
    assert kept is not None
    assert (kept.asked.user_id, kept.asked.guild_id, kept.asked.channel_id) == (
        server.alice.id,
        server.alice.guild.id,
        server.channel.id,
    )
    assert (kept.vibe.text, kept.songs, kept.message_id) == ("calm", 12, card.message.id)
    assert len((await history.page(kept, 2)).picks) == 2


async def test_what_was_wrong_is_told_to_the_asker_alone(server: Server, engine: MadeUpEngine) -> None:
    engine.error = BadVibeError("There are no words in that vibe.", "Say how you feel.")

    result = await server.alice.slash(server.channel, "vibe", text="   ")

    assert server.channel.history(viewer=server.bob) == []
    (told,) = result.followups
    assert told.ephemeral
    assert "There are no words in that vibe." in Card(told).text
    assert "Say how you feel." in Card(told).text


async def test_a_breakdown_is_told_with_a_reference_that_the_log_explains(
    server: Server, engine: MadeUpEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.error = RuntimeError("index on fire")

    result = await server.alice.slash(server.channel, "vibe", text="calm", quiet=True)

    text = Card(result.response).text
    reference = text.partition("`")[2].partition("`")[0]
    logged = next(r for r in caplog.records if r.levelno == logging.ERROR)
    assert len(reference) == 6
    assert reference in logged.getMessage()
    assert logged.exc_info is not None
    assert logged.exc_info[1] is engine.error
    assert "fire" not in text


async def test_a_card_that_discord_refuses_is_answered_all_the_same(server: Server) -> None:
    server.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=400)

    result = await server.alice.slash(server.channel, "vibe", text="calm")

    assert "reference" in Card(result.followups[0]).text


async def test_an_interaction_that_is_gone_costs_one_line_in_the_log(
    server: Server, engine: MadeUpEngine, caplog: pytest.LogCaptureFixture
) -> None:
    server.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062, message="Unknown interaction")

    await server.alice.slash(server.channel, "vibe", text="calm")

    (warning,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert "came too late" in warning.getMessage()
    assert warning.exc_info is None
    assert engine.requests == []


async def test_no_song_is_no_card(server: Server, engine: MadeUpEngine, history: History) -> None:
    engine.tracks = []

    result = await server.alice.slash(server.channel, "vibe", text="calm")

    assert "No song fits that vibe." in Card(result.followups[0]).text
    assert (await history.counts()).vibes == 0


async def test_mentions_and_markdown_in_a_vibe_or_a_title_do_nothing(server: Server, engine: MadeUpEngine) -> None:
    engine.tracks = [track(1, title=HOSTILE, artists=(HOSTILE,))]

    card = Card((await server.alice.slash(server.channel, "vibe", text=HOSTILE)).response)

    inert = (
        "@\u200beveryone \\<@\u200b80351110224678912\\> \\*\\*bold\\*\\* \\[free\\](https\\://evil.example) "
        "\\# big \\`\\`\\`js x\\`\\`\\` \\|\\|s\\|\\| gnp.exe"
    )
    heading, song = card.text.splitlines()[0], card.songs[-1].splitlines()
    assert heading == f"**“{inert}”**"
    assert song[0].startswith(
        "**1.** [@\u200beveryone \\<@\u200b80351110224678912\\> \\*\\*bold\\*\\* (free)(https\\://"
    )
    assert song[0].count("](https://") == 1
    assert len(song) == 2
    (sent,) = [r.json for r in server.env.http_requests if r.method == "PATCH"]
    assert isinstance(sent, dict)
    assert sent["allowed_mentions"]["parse"] == []


async def test_a_song_without_a_spotify_id_is_linked_to_a_search(server: Server, engine: MadeUpEngine) -> None:
    engine.tracks = [track(1, id="starter-1", title="Ça (va)", artists=("Ü",))]

    card = Card((await server.alice.slash(server.channel, "vibe", text="calm")).response)

    assert SPOTIFY_ID.fullmatch("starter-1") is None
    assert "[Ça (va)](https://open.spotify.com/search/%C3%87a%20%28va%29%20%C3%9C)" in card.songs[-1]


async def test_help_shows_what_to_say(server: Server) -> None:
    result = await server.alice.slash(server.channel, "help")

    assert result.ephemeral
    assert "/vibe" in Card(result.response).text


async def test_status_says_what_it_answers_from(server: Server) -> None:
    await server.alice.slash(server.channel, "vibe", text="calm")

    result = await server.alice.slash(server.channel, "status")

    text = Card(result.response).text
    assert result.ephemeral
    assert "70" in text
    assert safe("all-MiniLM-L6-v2", 99) in text
    assert "a new index is being built" in text
    assert "1 vibe with 30 songs" in text
