"""The bot as its owner runs it, `python -m bot run`: how it ends, and what it leaves in the log."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from filelock import FileLock

from core.catalogue.store import CatalogueStore
from tests.stand_ins.discord_terminal import Card
from tests.wire.shelf import SONGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.stand_ins.discord import DiscordStandIn

ROOT: Final = Path(__file__).parents[2]
STATE: Final = "state"
STOPPED_WITHIN_S: Final = 10.0
INTERRUPTS: Final = [signal.SIGTERM, signal.SIGINT]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")


class Process:
    """A running bot, and all that it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._said: list[str] = []
        self._changed = asyncio.Condition()
        self._listening = [
            asyncio.create_task(self._listen(stream)) for stream in (process.stdout, process.stderr) if stream
        ]

    @property
    def said(self) -> str:
        return "".join(self._said)

    async def says(self, words: str) -> None:
        """Wait until the bot has said something."""
        try:
            async with asyncio.timeout(30), self._changed:
                await self._changed.wait_for(lambda: words in self.said)
        except TimeoutError:
            raise TimeoutError(f"never said {words!r}, but:\n{self.said}") from None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self, within_s: float = 30.0) -> int:
        """The exit code."""
        try:
            async with asyncio.timeout(within_s):
                code = await self._process.wait()
                await asyncio.gather(*self._listening)
        except TimeoutError:
            raise TimeoutError(f"still there after {within_s} s; it said:\n{self.said}") from None
        return code

    def has_children(self) -> bool:
        """Whether something that it started is still there when it is not."""
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await asyncio.gather(*self._listening)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self._changed:
                self._said.append(line.decode())
                self._changed.notify_all()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder to run in, with a catalogue of a few songs: it is indexed in no time."""
    (tmp_path / STATE).mkdir()
    with CatalogueStore(tmp_path / STATE / "catalogue.db") as store:
        store.write(SONGS[:20], "shelf")
        store.set_meta("starter", "off")
    return tmp_path


@asynccontextmanager
async def bot_process(wire: DiscordStandIn, home: Path, **environment: str) -> AsyncIterator[Process]:
    """`python -m bot run` in a folder of its own, so that nobody's .env is read."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DISCORD_", "VIBESMITH_", "LOG_"))}
    settings = wire.environment | {"VIBESMITH_HOME": str(home / STATE), "PYTHONPATH": str(ROOT)} | environment
    process = Process(
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot", "run"),
            cwd=home,
            env=inherited | settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # with a process group of its own, to see and to end all that it starts
            limit=2**24,  # a line of discord.py's at DEBUG holds a whole event
        )
    )
    try:
        yield process
    finally:
        await process.kill()


async def test_a_wrong_token_ends_the_process_with_a_clear_line(wire: DiscordStandIn, home: Path) -> None:
    wrong = "wrong.token.Z9y8X7"
    async with bot_process(wire, home, DISCORD_TOKEN=wrong) as process:
        assert await process.ended() == 2

    assert "DISCORD_TOKEN" in process.said
    assert "Traceback" not in process.said, process.said
    assert wrong not in process.said
    assert [r.status for r in wire.requests] == [401]


@pytest.mark.parametrize("number", INTERRUPTS)
async def test_told_to_stop_it_finishes_what_is_in_flight(
    wire: DiscordStandIn, home: Path, number: signal.Signals
) -> None:
    async with bot_process(wire, home) as process:
        await wire.connected(timeout_s=30)
        hanging = wire.hang("(POST|PATCH)", "^/webhooks/")
        interaction = await wire.slash("help")
        await asyncio.wait_for(hanging.reached.wait(), 10)

        process.signal(number)
        began = time.monotonic()
        await process.says("Finishing 1 answer")
        hanging.release.set()

        assert "/vibe" in Card(await wire.answered(interaction)).text
        assert await process.ended() == 0
        assert time.monotonic() - began < STOPPED_WITHIN_S
    assert "Traceback" not in process.said, process.said


async def test_stopped_while_it_connects_it_ends_as_well(wire: DiscordStandIn, home: Path) -> None:
    hanging = wire.hang("GET", "/users/@me")
    async with bot_process(wire, home) as process:
        await asyncio.wait_for(hanging.reached.wait(), 30)

        process.signal(signal.SIGTERM)

        assert await process.ended(STOPPED_WITHIN_S) == 0
    assert "Traceback" not in process.said, process.said


async def test_stopped_while_another_process_builds_the_index_it_does_not_wait_for_it(
    wire: DiscordStandIn, home: Path
) -> None:
    (home / STATE / "index").mkdir()
    with FileLock(home / STATE / "index" / ".lock"):
        async with bot_process(wire, home) as process:
            await wire.connected(timeout_s=30)
            await wire.answered(await wire.slash("status"))

            process.signal(signal.SIGTERM)

            assert await process.ended(STOPPED_WITHIN_S) == 0


async def test_what_cannot_be_finished_is_excused_and_leaves_nothing_behind(
    wire: DiscordStandIn, tmp_path: Path
) -> None:
    async with bot_process(wire, tmp_path) as process:  # with all songs: they are being indexed by a second process
        await wire.connected(timeout_s=30)
        hanging = wire.hang("(POST|PATCH)", "^/webhooks/")
        interaction = await wire.slash("help")
        await asyncio.wait_for(hanging.reached.wait(), 10)

        process.signal(signal.SIGTERM)

        assert await process.ended(STOPPED_WITHIN_S) == 0
        assert not process.has_children()
    assert "restarting" in Card(await wire.answered(interaction)).text
    assert "Traceback" not in process.said, process.said


async def test_the_log_never_holds_a_token_even_at_its_most_talkative(wire: DiscordStandIn, home: Path) -> None:
    async with bot_process(wire, home, LOG_LEVEL="DEBUG") as process:
        await wire.connected(timeout_s=30)
        interaction = await wire.slash("help")
        await wire.answered(interaction)
        await wire.drop()
        await wire.until(lambda: len(wire.resumes) == 1, "a resume")
        wire.rate_limit("(POST|PATCH)", "^/webhooks/")
        await wire.answered(await wire.slash("status"))

        process.signal(signal.SIGTERM)
        assert await process.ended() == 0

    assert "DEBUG" in process.said
    assert wire.token not in process.said
    assert sum(r.status == 429 for r in wire.requests) == 1
    # Whoever holds an interaction's token may write as the bot for a quarter of an hour.
    assert not [i.token for i in wire.interactions.values() if i.token in process.said]
