"""The stand-in itself: what it lets through and what it refuses, asked by discord.py and by bare requests."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests import contracts
from tests.stand_ins.discord import ACKNOWLEDGE_WITHIN_S, DiscordStandIn
from tests.stand_ins.discord_objects import APPLICATION, CHANNEL, EPHEMERAL, V2
from tests.stand_ins.discord_terminal import Card

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stand_ins.discord import Interaction

TEXT = {"type": 10, "content": "a song"}


class Visitor(discord.AutoShardedClient):
    """A bot of discord.py's own, without anything of the product."""

    def __init__(self, stand_in: DiscordStandIn) -> None:
        super().__init__(intents=discord.Intents(guilds=True), guild_ready_timeout=0.05)
        Route.BASE = stand_in.api_base
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(stand_in.gateway_url)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        pass


@pytest.fixture
async def visitor(wire: DiscordStandIn) -> AsyncIterator[Visitor]:
    async with Visitor(wire) as client:
        serving = asyncio.create_task(client.start(wire.token))
        await wire.connected()
        await asyncio.wait_for(client.wait_until_ready(), 10)
        yield client
        await client.close()
        await asyncio.wait([serving], timeout=5)


@pytest.fixture
async def bare() -> AsyncIterator[aiohttp.ClientSession]:
    """Requests as one writes them by hand."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


async def acknowledged(wire: DiscordStandIn, bare: aiohttp.ClientSession, **callback: Any) -> Interaction:
    interaction = await wire.slash("vibe", text="rain")
    address = f"{wire.api_base}/interactions/{interaction.id}/{interaction.token}/callback"
    async with bare.post(address, json=callback) as response:
        assert response.status == 204
    return interaction


async def edit(
    wire: DiscordStandIn, bare: aiohttp.ClientSession, interaction: Interaction, body: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    address = f"{wire.api_base}/webhooks/{APPLICATION}/{interaction.token}/messages/@original"
    async with bare.patch(address, json=body) as response:
        return response.status, await response.json()


async def test_files_arrive_with_name_type_and_bytes(wire: DiscordStandIn, visitor: Visitor) -> None:
    channel = visitor.get_partial_messageable(int(CHANNEL))
    files = [discord.File(io.BytesIO(b"\x89PNG\0\r\n--x"), "cover ü.png"), discord.File(io.BytesIO(b"{}"), "list.json")]

    sent = await channel.send("two files", files=files)

    (request,) = [r for r in wire.requests if r.files]
    assert request.form
    assert request.payload["content"] == "two files"
    assert [(p.name, p.filename, p.data) for p in request.files] == [
        ("files[0]", "cover ü.png", b"\x89PNG\0\r\n--x"),
        ("files[1]", "list.json", b"{}"),
    ]
    assert [a.filename for a in sent.attachments] == ["cover ü.png", "list.json"]
    assert sent.attachments[0].size == 10


async def test_posted_message_can_be_read_and_changed(wire: DiscordStandIn, visitor: Visitor) -> None:
    channel = visitor.get_partial_messageable(int(CHANNEL))
    sent = await channel.send("first")

    await sent.edit(content="second")

    assert (await channel.fetch_message(sent.id)).content == "second"
    assert wire.messages[str(sent.id)]["edited_timestamp"]


async def test_requests_without_the_token_are_refused(wire: DiscordStandIn, bare: aiohttp.ClientSession) -> None:
    async with bare.get(f"{wire.api_base}/users/@me", headers={"Authorization": "Bot another"}) as response:
        assert response.status == 401
        assert response.headers["Content-Type"] == "application/json"


async def test_an_interaction_is_acknowledged_once(
    wire: DiscordStandIn, visitor: Visitor, bare: aiohttp.ClientSession
) -> None:
    assert visitor.is_ready()
    interaction = await acknowledged(wire, bare, type=5)
    address = f"{wire.api_base}/interactions/{interaction.id}/{interaction.token}/callback"

    async with bare.post(address, json={"type": 5}) as response:
        assert (response.status, (await response.json())["code"]) == (400, 40060)


async def test_late_acknowledgement_is_refused(
    wire: DiscordStandIn, visitor: Visitor, bare: aiohttp.ClientSession
) -> None:
    assert visitor.is_ready()
    interaction = await wire.slash("vibe", text="rain")
    interaction.sent -= ACKNOWLEDGE_WITHIN_S
    address = f"{wire.api_base}/interactions/{interaction.id}/{interaction.token}/callback"

    async with bare.post(address, json={"type": 5}) as response:
        assert (response.status, (await response.json())["code"]) == (404, 10062)
    assert interaction.callback is None


async def test_first_follow_up_fills_the_deferred_message(
    wire: DiscordStandIn, visitor: Visitor, bare: aiohttp.ClientSession
) -> None:
    assert visitor.is_ready()
    interaction = await acknowledged(wire, bare, type=5, data={"flags": EPHEMERAL})
    address = f"{wire.api_base}/webhooks/{APPLICATION}/{interaction.token}"

    async with bare.post(address, params={"wait": "true"}, json={"content": "here"}) as response:
        answer = await response.json()

    assert interaction.message is not None
    assert answer["id"] == interaction.message["id"]
    assert answer["flags"] == EPHEMERAL
    assert (await wire.answered(interaction))["content"] == "here"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"flags": V2, "components": [TEXT], "content": "and words"}, "content and embeds"),
        ({"components": [TEXT]}, "only action rows"),
        ({"flags": V2, "components": [{"type": 17, "components": [TEXT] * 40}]}, "40 components"),
        ({"flags": V2, "components": [TEXT | {"content": "x" * 4000}, TEXT]}, "4,000 characters"),
        ({"content": ""}, "empty message"),
    ],
)
async def test_messages_that_discord_would_refuse_are_refused(
    wire: DiscordStandIn, visitor: Visitor, bare: aiohttp.ClientSession, body: dict[str, Any], why: str
) -> None:
    assert visitor.is_ready()
    status, answer = await edit(wire, bare, await acknowledged(wire, bare, type=5), body)

    assert status == 400
    assert why in answer["message"]


async def test_content_is_refused_in_a_message_that_became_v2(
    wire: DiscordStandIn, visitor: Visitor, bare: aiohttp.ClientSession
) -> None:
    assert visitor.is_ready()
    interaction = await acknowledged(wire, bare, type=4, data={"flags": V2, "components": [TEXT]})

    status, _ = await edit(wire, bare, interaction, {"content": "words"})

    assert status == 400


async def test_waiting_in_vain_names_what_never_came(wire: DiscordStandIn) -> None:
    with pytest.raises(TimeoutError, match="a bot on the gateway"):
        await wire.connected(timeout_s=0.01)


def test_a_card_reads_as_text_with_numbered_buttons() -> None:
    buttons = [
        {"type": 2, "style": 2, "label": "Again", "custom_id": "vibe:again:1"},
        {"type": 2, "style": 2, "label": "Back", "custom_id": "vibe:page:1:0", "disabled": True},
        {"type": 2, "style": 5, "label": "Open", "url": "https://example.org"},
        {"type": 2, "style": 2, "label": "Next", "custom_id": "vibe:page:1:2"},
    ]
    components = [{"type": 17, "components": [TEXT, {"type": 14}, {"type": 1, "components": buttons}]}]

    card = Card({"content": "", "embeds": [], "attachments": [], "flags": V2 | EPHEMERAL, "components": components})

    assert "a song" in card.text
    assert "[1 Again]  (Back)  [Open → https://example.org]  [2 Next]" in card.text
    assert "only you see this" in card.text
    assert card.buttons == ["vibe:again:1", "vibe:page:1:2"]


class TestContract:
    """Whether a request that breaks Discord's document is noticed."""

    @pytest.fixture
    def contract(self) -> contracts.Contract:
        return contracts.needed(contracts.DISCORD)

    HOOK = "/webhooks/12/abc/messages/@original"

    def test_a_good_card_passes(self, contract: contracts.Contract) -> None:
        contract.check_request("PATCH", self.HOOK, payload={"flags": V2, "components": [TEXT]})

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"content": "x" * 2001}, "content"),
            ({"components": [{"type": 1, "components": [{"type": 2, "style": 2, "label": "x" * 81}]}]}, "label"),
            ({"components": [{"type": 99}]}, "components"),
            ({"attachments": [{"id": "not a number"}]}, "id"),
        ],
    )
    def test_a_bad_body_is_named_where_it_is_bad(
        self, contract: contracts.Contract, body: dict[str, Any], where: str
    ) -> None:
        with pytest.raises(contracts.ContractError, match=where):
            contract.check_request("PATCH", self.HOOK, payload=body)

    def test_attachment_ids_may_be_numbers(self, contract: contracts.Contract) -> None:
        contract.check_request("PATCH", self.HOOK, payload={"attachments": [{"id": 0}]}, form=True)
        contract.check_request(
            "POST", "/interactions/1/t/callback", payload={"type": 4, "data": {"attachments": [{"id": 0}]}}, form=True
        )

    @pytest.mark.parametrize(
        ("method", "path", "query"),
        [
            ("GET", "/users/@me/unheard-of", {}),
            ("DELETE", "/users/@me", {}),
            ("GET", "/webhooks/twelve/abc/messages/@original", {}),
            ("GET", "/gateway/bot", {"fast": "true"}),
            ("PATCH", "/webhooks/12/abc/messages/@original", {"with_components": "maybe"}),
            ("PATCH", "/webhooks/12/abc/messages/@original", {}),
        ],
    )
    def test_unknown_routes_parameters_and_missing_bodies_are_errors(
        self, contract: contracts.Contract, method: str, path: str, query: dict[str, str]
    ) -> None:
        with pytest.raises(contracts.ContractError):
            contract.check_request(method, path, query=query)

    def test_an_answer_without_a_required_field_is_an_error(self, contract: contracts.Contract) -> None:
        with pytest.raises(contracts.ContractError, match="username"):
            contract.check_answer("GET", "/users/@me", 200, {"id": "1"})


def test_a_missing_document_skips_or_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("VIBESMITH_CONTRACTS", str(tmp_path))
    monkeypatch.delenv("VIBESMITH_REQUIRE_CONTRACTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="set VIBESMITH_CONTRACTS"):
        contracts.needed(contracts.DISCORD)
    assert contracts.available(contracts.DISCORD) is None

    monkeypatch.setenv("VIBESMITH_REQUIRE_CONTRACTS", "1")
    with pytest.raises(pytest.fail.Exception, match="set VIBESMITH_CONTRACTS"):
        contracts.needed(contracts.DISCORD)
