"""The discord.py client: start, command sync, errors outside of commands, shutdown."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.cogs.about import About
from bot.cogs.vibe import Vibes
from bot.engine import Engine
from bot.settings import Settings
from bot.ui.answers import Answers
from storage.history import History

_log = logging.getLogger(__name__)

FINISH_WITHIN_S: Final = 10.0
STOPPED, FAILED, MISCONFIGURED = 0, 1, 2
_NOT_ACCEPTED: Final = (
    "Discord does not accept DISCORD_TOKEN. Copy the bot's token anew: https://discord.com/developers/applications, "
    "your application, Bot, Reset Token."
)
_NOT_SET: Final = "DISCORD_TOKEN is not set. Put the bot's token into the environment or into .env, then start again."
_TOKEN_FORM: Final = re.compile(r"[\x21-\x7e]+")
_INTERACTION_TOKEN: Final = re.compile(
    r"""(/(?:webhooks|interactions)/[0-9]+/|['"]token['"]: ?['"])(?!\[token\])[^/?'"\s]+"""
)
_CLOSED_FOR_GOOD: Final = {
    4004: _NOT_ACCEPTED,
    4010: "Discord refused this shard of the bot: another process uses the same token in another way.",
    4011: "Discord wants the bot to use more shards: start it again.",
    4013: "Discord does not know the intents that this version asks for: update Vibesmith.",
    4014: "Discord has not allowed an intent that this version asks for: update Vibesmith.",
}
_NETWORK_ERRORS: Final = (
    OSError,
    TimeoutError,
    aiohttp.ClientError,
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
)


class VibesmithTree(app_commands.CommandTree["VibesmithBot"]):
    """Answers the commands that fail before their own code runs."""

    async def on_error(
        self, interaction: discord.Interaction[VibesmithBot], error: app_commands.AppCommandError, /
    ) -> None:
        await self.client.answers.excuse(interaction, error)


class VibesmithBot(commands.AutoShardedBot):
    """The bot, from what it answers with.

    Args:
        settings: for the home folder and the gateway's address.
        engine: makes the playlists.
        history: keeps them.
    """

    def __init__(self, settings: Settings, engine: Engine, history: History) -> None:
        # Discord's voice is not spoken here, and two warnings at each start would say so.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=VibesmithTree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            # Nothing here looks at members or old messages: what is not cached costs no memory.
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.answers = Answers()
        self._vibes = Vibes(engine, history, self.answers)
        self._about = About(engine, history, self.answers, lambda: self.latency)
        self._synced_file = settings.vibesmith_home / "commands.sha256"
        self._gateway = _other_than_default(settings, "discord_gateway_url")

    async def setup_hook(self) -> None:
        await self.add_cog(self._vibes)
        await self.add_cog(self._about)
        self.tree.add_command(self._vibes.message_menu)
        self.add_dynamic_items(*self._vibes.buttons.items)
        try:
            await self.sync_if_changed()
        except discord.HTTPException as error:
            _log.error("The commands could not be registered; Discord keeps the old ones: %s", error)

    async def sync_if_changed(self) -> bool:
        """Register the commands, unless Discord has these very ones; whether it was done."""
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        state = json.dumps([self.application_id, Route.BASE, payload], sort_keys=True)
        digest = hashlib.sha256(state.encode()).hexdigest()
        if await asyncio.to_thread(self._read_digest) == digest:
            return False
        synced = await self.tree.sync()
        try:
            await asyncio.to_thread(self._write_digest, digest)
        except OSError as error:
            _log.warning(
                "Which commands were registered could not be noted, so the next start does it again: %s", error
            )
        _log.info("Registered %d commands", len(synced))
        return True

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        # Discord's API names a gateway too; the one from the settings counts.
        await super().launch_shard(self._gateway or gateway, shard_id, initial=initial)

    async def on_ready(self) -> None:
        _log.info("Logged in as %s, in %d servers", self.user, len(self.guilds))
        if not self.guilds and self.application_id:
            scopes = ("bot", "applications.commands")
            _log.info("Add it to a server: %s", discord.utils.oauth_url(self.application_id, scopes=scopes))

    def _read_digest(self) -> str:
        try:
            return self._synced_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _write_digest(self, digest: str) -> None:
        self._synced_file.parent.mkdir(parents=True, exist_ok=True)
        self._synced_file.write_text(digest, encoding="ascii")


async def run_bot(settings: Settings, engine: Engine, history: History) -> int:
    """Run until SIGTERM or SIGINT, then finish what is owed within ten seconds; the exit code.

    A clear line in the log says why where it is not 0: 2 where a setting is wrong, 1 where Discord was not reached.
    """
    token = settings.discord_token.get_secret_value().strip() if settings.discord_token else ""
    if not _TOKEN_FORM.fullmatch(token):
        _log.error("%s", _NOT_ACCEPTED if token else _NOT_SET)
        return MISCONFIGURED
    with _hidden_in_log(token), _short_network_errors():
        use_endpoints(settings)
        stop = asyncio.Event()
        async with VibesmithBot(settings, engine, history) as bot:
            with _on_signal(stop.set):
                running = asyncio.create_task(bot.start(token), name="discord")
                stopping = asyncio.create_task(stop.wait(), name="stop")
                try:
                    await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    stopping.cancel()
                    await bot.answers.drain(FINISH_WITHIN_S)
                    await bot.close()
                    running.cancel()
                    await asyncio.wait((running,))
        return _verdict(running)


def use_endpoints(settings: Settings) -> None:
    """Point discord.py to the addresses in the settings, where they are not Discord's own."""
    api, gateway = (_other_than_default(settings, name) for name in ("discord_api_base", "discord_gateway_url"))
    if api is not None:
        Route.BASE = str(api).rstrip("/")
    if gateway is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = gateway


def _other_than_default(settings: Settings, name: str) -> yarl.URL | None:
    value = getattr(settings, name)
    return None if value == Settings.model_fields[name].default else yarl.URL(str(value))


def _verdict(running: asyncio.Task[None]) -> int:
    """The exit code for how the client ended, with a line in the log where it is not 0."""
    error = None if running.cancelled() else running.exception()
    if error is None:
        _log.info("Stopped")
        return STOPPED
    if isinstance(error, discord.LoginFailure):
        _log.error("%s", _NOT_ACCEPTED)
        return MISCONFIGURED
    if isinstance(error, discord.PrivilegedIntentsRequired):
        _log.error("%s", _CLOSED_FOR_GOOD[4014])
        return MISCONFIGURED
    if isinstance(error, discord.ConnectionClosed) and error.code in _CLOSED_FOR_GOOD:
        _log.error("%s", _CLOSED_FOR_GOOD[error.code])
        return MISCONFIGURED
    if isinstance(error, _NETWORK_ERRORS):
        _log.error(
            "Discord cannot be reached (%s). Check the network and DISCORD_API_BASE, then start again.", _brief(error)
        )
        return FAILED
    _log.error("The Discord client broke", exc_info=error)
    return FAILED


@contextmanager
def _on_signal(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` on SIGTERM or SIGINT, where the platform and the thread allow it."""
    loop = asyncio.get_running_loop()
    handled = []
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, act)
        except (NotImplementedError, RuntimeError, ValueError):
            continue
        handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


@contextmanager
def _hidden_in_log(secret: str) -> Iterator[None]:
    """Take a secret out of every log record as it is made, so that no handler can show it.

    With it go the tokens of interactions, with which anybody could answer in the bot's name for a quarter of an hour.
    """
    make_before = logging.getLogRecordFactory()

    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401 - as LogRecord takes them
        record = make_before(*args, **kwargs)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: the handler's affair, not the caller's
            return record
        if (shown := _INTERACTION_TOKEN.sub(r"\1[token]", message.replace(secret, "[token]"))) != message:
            record.msg, record.args = shown, ()
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _INTERACTION_TOKEN.sub(r"\1[token]", trace.replace(secret, "[token]"))
        return record

    logging.setLogRecordFactory(make)
    try:
        yield
    finally:
        logging.setLogRecordFactory(make_before)


@contextmanager
def _short_network_errors() -> Iterator[None]:
    """Say a lost connection in one line: discord.py would show a traceback at each attempt."""

    def shorten(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, _NETWORK_ERRORS):
            record.msg, record.args = f"{record.getMessage()} ({_brief(error)})", ()
            record.exc_info = record.exc_text = None
        return True

    loggers = [logging.getLogger(f"discord.{name}") for name in ("client", "gateway", "shard")]
    for logger in loggers:
        logger.addFilter(shorten)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(shorten)


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
