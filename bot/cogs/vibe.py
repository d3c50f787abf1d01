"""Vibes: the command, the message menu, and the card with its buttons."""

from __future__ import annotations

import re
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.engine import Engine
from bot.ui.answers import Answer, Answers
from bot.ui.buttons import VibeButtons
from bot.ui.cards import SONGS_A_PAGE, notice, vibe_card
from core.errors import VibesmithError
from core.ranking.composer import VibeRequest
from storage.history import Asked, History, KeptVibe

AnyInteraction = discord.Interaction[Any]

# Mentions, times, command names: words of Discord's that say nothing about a mood. An emoji keeps its name.
_DISCORD_MARKUP: Final = re.compile(r"<(?:@[!&]?|#|t:|/[^:>]*:|id:)[^>]*>|<a?:(?P<emoji>\w+):[0-9]+>")


class Vibes(commands.Cog):
    """From what people say to a card, and on from there."""

    def __init__(self, engine: Engine, history: History, answers: Answers) -> None:
        self._engine = engine
        self._history = history
        self._answers = answers
        self._under_way: set[str] = set()
        self.buttons = VibeButtons(self.turn_page, self.ask_again)
        self.message_menu = app_commands.ContextMenu(name="Vibe this message", callback=self.vibe_message)

    @app_commands.command(name="vibe", description="Say how you feel or what you do, and get a playlist that fits.")
    @app_commands.describe(
        text="How you feel, what you do, what you like: “feeling sunny and lazy, no rap, from the 70s”",
        songs="How many songs, 1 to 100",
        quiet="Only you see the answer",
    )
    async def vibe(
        self,
        interaction: AnyInteraction,
        text: app_commands.Range[str, 1, 2000],
        songs: app_commands.Range[int, 1, 100] | None = None,
        quiet: bool = False,
    ) -> None:
        async def work(answer: Answer) -> None:
            await self._compose(answer, VibeRequest(text, songs), _asked(interaction, quiet=quiet))

        await self._answers.give(interaction, work, quiet=quiet)

    async def vibe_message(self, interaction: AnyInteraction, message: discord.Message) -> None:
        text = _words(message)

        async def work(answer: Answer) -> None:
            if not text:
                raise VibesmithError("There are no words in that message.", "Pick one with some text, or use /vibe.")
            await self._compose(answer, VibeRequest(text), _asked(interaction, quiet=False))

        await self._answers.give(interaction, work, quiet=not text)

    async def turn_page(self, interaction: AnyInteraction, vibe_id: str, number: int) -> None:
        async def work(answer: Answer) -> None:
            await self._show(answer, await self._kept(interaction, vibe_id), number)

        await self._answers.give(interaction, work, quiet=True, updates=True)

    async def ask_again(self, interaction: AnyInteraction, vibe_id: str) -> None:
        if vibe_id in self._under_way:
            await self._answers.give(interaction, _already_under_way, quiet=True)
            return
        quiet = interaction.message is not None and interaction.message.flags.ephemeral

        async def work(answer: Answer) -> None:
            vibe = (await self._kept(interaction, vibe_id)).vibe
            seed = await self._history.times_answered(vibe_id)
            shown = await self._history.shown_track_ids(vibe_id)
            request = VibeRequest(vibe.text, vibe.count, vibe.minutes, seed, shown)
            await self._compose(answer, request, _asked(interaction, quiet=quiet, parent_id=vibe_id))

        self._under_way.add(vibe_id)
        try:
            await self._answers.give(interaction, work, quiet=quiet)
        finally:
            self._under_way.discard(vibe_id)

    async def _compose(self, answer: Answer, request: VibeRequest, asked: Asked) -> None:
        playlist = await self._engine.compose(request)
        if not playlist.picks:
            raise VibesmithError(
                "There are no other songs left for this vibe." if request.exclude else "No song fits that vibe.",
                "Say it in other words, or ask for less.",
            )
        vibe_id = await self._history.record(playlist, asked)
        message_id = await self._show(answer, await self._kept(answer.interaction, vibe_id), 1)
        await self._history.posted(vibe_id, message_id)

    async def _kept(self, interaction: AnyInteraction, vibe_id: str) -> KeptVibe:
        kept = await self._history.find(vibe_id)
        if kept is None:
            raise VibesmithError("This card is too old: its songs are no longer kept.", "Use /vibe for a new one.")
        if kept.asked.quiet and kept.asked.user_id != interaction.user.id:
            raise VibesmithError("This card belongs to somebody else.", "Use /vibe for your own.")
        return kept

    async def _show(self, answer: Answer, kept: KeptVibe, number: int) -> int:
        page = await self._history.page(kept, number, SONGS_A_PAGE)
        message = await answer.show(vibe_card(page, self.buttons.row(kept.id, page.number, page.pages)))
        return message.id


async def _already_under_way(answer: Answer) -> None:
    await answer.show(notice("Other songs for this vibe are already on their way."))


def _asked(interaction: AnyInteraction, *, quiet: bool, parent_id: str | None = None) -> Asked:
    return Asked(interaction.user.id, interaction.guild_id, interaction.channel_id, quiet, parent_id)


def _words(message: discord.Message) -> str:
    """What somebody wrote; of a forwarded message, what was forwarded."""
    written = message.content or next((s.content for s in message.message_snapshots if s.content), "")
    return _DISCORD_MARKUP.sub(lambda match: f" {match['emoji'] or ''} ", written).strip()
