"""What the bot answers over the wire, and what it does when Discord is in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stand_ins.discord import ACKNOWLEDGE_WITHIN_S
from tests.stand_ins.discord_objects import DIRECT, EPHEMERAL, LOADING, V2, walk
from tests.stand_ins.discord_terminal import Card

if TYPE_CHECKING:
    from tests.stand_ins.discord import Captured, DiscordStandIn
    from tests.wire.running import QuickBot

pytestmark = pytest.mark.usefixtures("bot")


def answers(wire: DiscordStandIn) -> list[Captured]:
    """The requests that carry an answer, after the acknowledgement."""
    return [r for r in wire.requests if r.path.startswith("/webhooks/") and r.method in ("POST", "PATCH")]


def custom_id(message: dict[str, Any], start: str) -> str:
    """The first button of a message that can be pressed and whose custom id starts so."""
    return next(
        str(c["custom_id"])
        for c in walk(message["components"])
        if c.get("custom_id", "").startswith(start) and not c.get("disabled")
    )


async def test_a_command_is_deferred_at_once_and_answered_with_a_card(wire: DiscordStandIn) -> None:
    interaction = await wire.slash("vibe", text="rain on a tin roof", songs=12)
    message = await wire.answered(interaction)

    assert interaction.callback is not None
    assert interaction.callback["type"] == 5
    assert interaction.acknowledged_after_s is not None
    assert interaction.acknowledged_after_s < ACKNOWLEDGE_WITHIN_S
    assert message["flags"] & V2
    assert not message["flags"] & (EPHEMERAL | LOADING)
    card = Card(message).text
    assert "rain on a tin roof" in card
    assert "Song 9" in card


async def test_a_quiet_answer_is_seen_by_one_person(wire: DiscordStandIn) -> None:
    message = await wire.answered(await wire.slash("vibe", text="rain", quiet=True))

    assert message["flags"] & EPHEMERAL


async def test_a_direct_message_is_answered(wire: DiscordStandIn) -> None:
    message = await wire.answered(await wire.slash("vibe", text="rain", direct=True))

    assert message["channel_id"] == DIRECT
    assert "rain" in Card(message).text


async def test_the_menu_of_a_message_takes_its_words(wire: DiscordStandIn) -> None:
    message = await wire.answered(await wire.menu("Vibe this message", "slow sunday, no plans"))

    assert "slow sunday, no plans" in Card(message).text


async def test_buttons_turn_the_page_and_ask_again(wire: DiscordStandIn) -> None:
    first = await wire.answered(await wire.slash("vibe", text="rain", songs=20))
    assert "Song 0" in Card(first).text

    second = await wire.answered(await wire.press(first, custom_id(first, "vibe:page:")))
    assert "Song 10" in Card(second).text
    assert "Song 9" not in Card(second).text

    other = await wire.answered(await wire.press(second, custom_id(second, "vibe:again:")))
    assert "Song 20" in Card(other).text


@pytest.mark.parametrize("name", ["help", "status"])
async def test_the_other_commands_are_answered(wire: DiscordStandIn, name: str) -> None:
    message = await wire.answered(await wire.slash(name))

    assert Card(message).text.count("\n") > 2


async def test_a_rate_limit_on_the_answer_is_waited_out(wire: DiscordStandIn) -> None:
    wire.rate_limit("(POST|PATCH)", "^/webhooks/", retry_after_s=0.2)

    message = await wire.answered(await wire.slash("vibe", text="rain"))

    limited, done = answers(wire)[:2]
    assert (limited.status, done.status) == (429, 200)
    assert done.at - limited.at >= 0.2
    assert done.payload == limited.payload
    assert "rain" in Card(message).text


async def test_a_server_error_on_the_answer_is_tried_again(wire: DiscordStandIn) -> None:
    wire.fail("(POST|PATCH)", "^/webhooks/", status=500)

    message = await wire.answered(await wire.slash("vibe", text="rain"))

    assert [r.status for r in answers(wire)][:2] == [500, 200]
    assert "rain" in Card(message).text


async def test_one_answer_that_hangs_holds_up_no_other(wire: DiscordStandIn) -> None:
    hanging = wire.hang("(POST|PATCH)", "^/webhooks/")
    slow = await wire.slash("vibe", text="slow")
    await hanging.reached.wait()

    assert "quick" in Card(await wire.answered(await wire.slash("vibe", text="quick"))).text
    assert not slow.answers

    hanging.release.set()
    assert "slow" in Card(await wire.answered(slow)).text


async def test_an_acknowledgement_that_came_too_late_costs_only_that_answer(
    wire: DiscordStandIn, bot: QuickBot
) -> None:
    wire.fail("POST", "/callback$", status=404)
    lost = await wire.slash("vibe", text="lost")
    await wire.until(lambda: any(r.status == 404 for r in wire.requests), "the refusal")

    assert "found" in Card(await wire.answered(await wire.slash("vibe", text="found"))).text
    assert lost.callback is None
    assert not bot.is_closed()


async def test_a_card_outlives_the_connection(wire: DiscordStandIn) -> None:
    first = await wire.answered(await wire.slash("vibe", text="rain", songs=20))
    await wire.invalidate(resumable=False)
    await wire.until(lambda: len(wire.identifies) == 2, "a second login")

    second = await wire.answered(await wire.press(first, custom_id(first, "vibe:page:")))

    assert "Song 10" in Card(second).text
