"""The rules by which every interaction is answered: deferred at once, whatever happens, and before the bot goes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final, final

import discord
from discord import app_commands, ui

from bot.ui.cards import failure, notice, refusal
from core.errors import VibesmithError

_log = logging.getLogger(__name__)

# Discord forgets an interaction after 15 minutes; nobody waits that long.
ANSWER_WITHIN_S: Final = 120.0
APOLOGISE_WITHIN_S: Final = 2.0

AnyInteraction = discord.Interaction[Any]


@final
class Answer:
    """The one answer to an interaction.

    Args:
        interaction: what is answered.
        quiet: only the person who asked sees it.
        updates: it changes the message with the button, instead of being a new one.
    """

    def __init__(self, interaction: AnyInteraction, *, quiet: bool, updates: bool) -> None:
        self.interaction = interaction
        self.shown = False
        self._quiet = quiet
        self._updates = updates

    async def defer(self) -> None:
        await self.interaction.response.defer(ephemeral=self._quiet, thinking=not self._updates)

    async def show(self, view: ui.LayoutView) -> discord.InteractionMessage:
        """Put the answer where the person waits for it."""
        message = await self.interaction.edit_original_response(view=view)
        self.shown = True
        return message

    async def tell(self, view: ui.LayoutView) -> None:
        """Say something to the person alone, in place of the answer."""
        if not self.interaction.response.is_done():
            await self.interaction.response.send_message(view=view, ephemeral=True)
        elif self._updates:
            await self.interaction.followup.send(view=view, ephemeral=True)
        elif self._quiet:
            await self.interaction.edit_original_response(view=view)
        else:
            # "Thinking…" for all cannot become a word for one, and the first follow-up would take its place:
            # so it is filled, the word follows, and then it goes.
            await self.interaction.edit_original_response(view=notice("Nothing to show."))
            await self.interaction.followup.send(view=view, ephemeral=True)
            await self.interaction.delete_original_response()


Work = Callable[[Answer], Awaitable[None]]


@final
class Answers:
    """Gives every answer of a bot, and knows which ones are still owed."""

    def __init__(self) -> None:
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._closing = False

    async def give(
        self, interaction: AnyInteraction, work: Work, *, quiet: bool = False, updates: bool = False
    ) -> None:
        """Defer, then let `work` show its answer; where it fails, the person is told, and the log says why."""
        answer = Answer(interaction, quiet=quiet, updates=updates)
        if self._closing:
            await self._tell(answer, _restarting())
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        self._in_flight.add(task)
        try:
            await self._give(answer, work)
        finally:
            self._in_flight.discard(task)

    async def excuse(self, interaction: AnyInteraction, error: Exception) -> None:
        """Answer an interaction that failed before or outside of `give`."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            _log.warning("%s is not as Discord knows it: %s", _what(interaction), error)
            view = notice("This command has changed.", "Reload Discord (Ctrl+R, or restart the app), then try again.")
        else:
            view = failure(_logged(interaction, error))
        await self._tell(Answer(interaction, quiet=True, updates=True), view)

    async def drain(self, within_s: float) -> None:
        """Take no new work, and wait for what is owed; whoever cannot be answered in time is told so."""
        self._closing = True
        if not self._in_flight:
            return
        _log.info("Finishing %d answers", len(self._in_flight))
        _, late = await asyncio.wait(self._in_flight, timeout=max(0.0, within_s - APOLOGISE_WITHIN_S))
        # The first cancellation ends the work and lets the task apologise; the second one ends that.
        for timeout_s in (APOLOGISE_WITHIN_S, None):
            for task in late:
                task.cancel()
            if late:
                _, late = await asyncio.wait(late, timeout=timeout_s)

    async def _give(self, answer: Answer, work: Work) -> None:
        interaction = answer.interaction
        try:
            await answer.defer()
        except discord.HTTPException as error:
            _log.warning("%s came too late or twice, and cannot be answered: %s", _what(interaction), error)
            return
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await work(answer)
        except asyncio.CancelledError:
            await self._tell(answer, _restarting())
            raise
        except VibesmithError as error:
            _log.info("%s was not answered: %s", _what(interaction), error, exc_info=error.__cause__)
            await self._tell(answer, refusal(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged and the person is answered
            await self._tell(answer, failure(_logged(interaction, error)))

    @staticmethod
    async def _tell(answer: Answer, view: ui.LayoutView) -> None:
        if answer.shown:
            return
        try:
            await answer.tell(view)
        except Exception:  # noqa: BLE001 - the last resort: there is nobody left to tell but the log
            _log.exception("%s could not be told what went wrong", _what(answer.interaction))


def _restarting() -> ui.LayoutView:
    return notice("Vibesmith is restarting.", "Ask again in a minute.")


def _logged(interaction: AnyInteraction, error: Exception) -> str:
    """Log an error in full under a new reference, for whoever reads the log."""
    reference = secrets.token_hex(3)
    _log.error("[%s] %s failed", reference, _what(interaction), exc_info=error)
    return reference


def _what(interaction: AnyInteraction) -> str:
    """An interaction for the log, without what people wrote."""
    data: Any = interaction.data or {}
    return f"{data.get('name') or data.get('custom_id') or interaction.type.name} by user {interaction.user.id}"
