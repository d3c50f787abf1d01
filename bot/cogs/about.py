"""What the bot can do, and what it answers from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.engine import Engine
from bot.ui.answers import Answer, Answers
from bot.ui.cards import facts, notice
from core.text import counted
from storage.history import History

_HELP: Final = """\
**/vibe** `text` — how you feel, what you do, what you like. For example:
> feeling sunny and lazy
> 90 minutes for a long night drive, no rap
> like Nina Simone, but in Spanish
`songs` says how many (1 to 100), and `quiet` keeps the answer to yourself.

**Vibe this message** — hold or right-click a message, then *Apps*: its words become the vibe.

Under a playlist, **◀ ▶** turn its pages and **🔁 Again** finds other songs for the same vibe. \
Each title opens on Spotify.

**/status** — what I answer from.
-# The songs are found on the bot owner's own machine. What you ask and what you got is kept there, for its buttons."""


class About(commands.Cog):
    """Help and status. `latency_s` is NaN until the gateway has answered."""

    def __init__(self, engine: Engine, history: History, answers: Answers, latency_s: Callable[[], float]) -> None:
        self._engine = engine
        self._history = history
        self._answers = answers
        self._latency_s = latency_s

    @app_commands.command(name="help", description="What you can ask for, and how.")
    async def help(self, interaction: discord.Interaction[Any]) -> None:
        async def work(answer: Answer) -> None:
            await answer.show(notice("Say how you feel, get a playlist that fits.", _HELP))

        await self._answers.give(interaction, work, quiet=True)

    @app_commands.command(name="status", description="What the bot answers from, and how it is doing.")
    async def status(self, interaction: discord.Interaction[Any]) -> None:
        async def work(answer: Answer) -> None:
            status, kept = await self._engine.status(), await self._history.counts()
            latency_s = self._latency_s()
            rows = [
                ("Songs", f"{status.tracks:,}"),
                ("Model", status.model),
                ("Search", status.backend + (" · a new index is being built" if status.building else "")),
                ("Catalogue", status.catalogue[:12]),
                ("Answered", f"{counted(kept.vibes, 'vibe')} with {counted(kept.picks, 'song')}"),
                ("Discord", f"{latency_s * 1000:.0f} ms" if math.isfinite(latency_s) else "not measured yet"),
            ]
            await answer.show(facts("Status", rows))

        await self._answers.give(interaction, work, quiet=True)
