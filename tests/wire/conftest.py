"""A stand-in whose captured traffic is held to Discord's own document when a test is over, and bots to point at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests import contracts
from tests.stand_ins.discord import DiscordStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.wire.running import QuickBot


@pytest.fixture(autouse=True)
def _addresses() -> Iterator[None]:
    """The addresses that a bot's settings have changed, as they were."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


def hold_to_contract(stand_in: DiscordStandIn) -> None:
    """Every request and every answer that the stand-in saw, where Discord's document is at hand."""
    contract = contracts.available(contracts.DISCORD)
    if contract is None:
        return
    for seen in stand_in.requests:
        contract.check_request(seen.method, seen.path, query=seen.query, payload=seen.payload, form=seen.form)
        contract.check_answer(seen.method, seen.path, seen.status, seen.answer)


@pytest.fixture
async def wire() -> AsyncIterator[DiscordStandIn]:
    """Discord, for one test."""
    async with DiscordStandIn(heartbeat_s=0.2) as stand_in:
        yield stand_in
    hold_to_contract(stand_in)


@pytest.fixture
async def bot(wire: DiscordStandIn, tmp_path: Path) -> AsyncIterator[QuickBot]:
    """The bot, connected to the test's Discord."""
    from tests.wire.running import running_bot

    async with running_bot(wire, tmp_path) as running:
        yield running
