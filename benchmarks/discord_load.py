"""Fifty people ask for a vibe at once: `python -m benchmarks.discord_load`.

The bot, with its real engine, runs in this process; Discord's wire is stood in for by another one, so that its work
does not count as the bot's. Printed are how soon each vibe is acknowledged and answered, and how long the bot's event
loop was blocked, from the moment that the bot is connected. The exit code is 1 where one is lost, acknowledged after
more than 3 s, or where the loop was blocked for more than 100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import AnyHttpUrl, SecretStr
from pydantic_core import Url
from rich.console import Console
from rich.table import Table

from bot.client import VibesmithBot, use_endpoints
from bot.engine import LocalEngine
from bot.settings import Settings
from core.ranking.composer import VibeRequest
from storage.database import open_database
from storage.history import History
from tests.stand_ins.discord import ACKNOWLEDGE_WITHIN_S, DiscordStandIn
from tests.stand_ins.discord_objects import V2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.engine import Engine

PEOPLE: Final = 50
BLOCKED_AT_MOST_S: Final = 0.1
ANSWERED_WITHIN_S: Final = 60.0
_TICK_S: Final = 0.005
_MOODS: Final = (
    "sunny and lazy", "heartbroken but hopeful", "furious", "calm and grateful", "nostalgic for the 80s", "restless",
    "in love", "lonely", "ready to win", "dreamy",
)  # fmt: skip
_PLACES: Final = (
    "on a rainy night", "while cooking for friends", "on a long drive, no rap", "at the gym", "on a sunday morning",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one person saw; seconds after asking, None for never."""

    acknowledged_s: float | None
    answered_s: float | None


class Ticker:
    """How late the event loop wakes a task that sleeps for 5 ms: for as long as it was blocked."""

    def __init__(self) -> None:
        self.late_s: list[float] = []

    async def run(self) -> None:
        while True:
            due = time.perf_counter() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self.late_s.append(max(0.0, time.perf_counter() - due))


async def stand_in(people: int) -> None:
    """Be Discord on standard output: its addresses, and when a line is read, the outcome of each vibe."""
    async with DiscordStandIn() as discord:
        _say(discord.environment)
        await discord.connected(timeout_s=600)
        await asyncio.to_thread(sys.stdin.readline)
        texts = [f"{mood} {place}" for place in _PLACES for mood in _MOODS]
        asked = [await discord.slash("vibe", text=texts[n % len(texts)]) for n in range(people)]
        answers = (discord.answered(interaction, ANSWERED_WITHIN_S) for interaction in asked)
        shown = await asyncio.gather(*answers, return_exceptions=True)
        outcomes = []
        for interaction, message in zip(asked, shown, strict=True):
            # A card has buttons; an apology has none, and is no answer.
            is_card = (
                not isinstance(message, BaseException)
                and message["flags"] & V2
                and "vibe:again:" in json.dumps(message)
            )
            outcomes.append([interaction.acknowledged_after_s, interaction.answered_after_s if is_card else None])
        _say(outcomes)
        await asyncio.to_thread(sys.stdin.readline)


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def measure(home: Path, people: int) -> tuple[list[Outcome], list[float]]:
    """The outcome for each person, and how late the loop was at each tick."""
    async with AsyncExitStack() as stack:
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.discord_load", "--stand-in", "--people", str(people)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        stack.push_async_callback(other.wait)
        if other.stdin is None or other.stdout is None:
            raise RuntimeError("the stand-in has no pipes")
        stack.callback(other.stdin.close)
        settings = _settings(home, json.loads(await other.stdout.readline()))
        database = await stack.enter_async_context(open_database(settings.database_file))
        engine = LocalEngine(settings)
        stack.push_async_callback(engine.close)
        await engine.start()
        await engine.compose(VibeRequest("wait until the index is there", count=1))
        await _serve(stack, settings, engine, History(database))
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.run())
        stack.callback(ticking.cancel)
        other.stdin.write(b"go\n")
        outcomes = [Outcome(*pair) for pair in json.loads(await other.stdout.readline())]
        return outcomes, ticker.late_s


def _settings(home: Path, environment: dict[str, Any]) -> Settings:
    return Settings(
        vibesmith_home=home,
        discord_token=SecretStr(environment["DISCORD_TOKEN"]),
        discord_api_base=AnyHttpUrl(environment["DISCORD_API_BASE"]),
        discord_gateway_url=Url(environment["DISCORD_GATEWAY_URL"]),
    )


async def _serve(stack: AsyncExitStack, settings: Settings, engine: Engine, history: History) -> None:
    """Start the bot as `run_bot` does, and wait until it is there."""
    use_endpoints(settings)
    bot = await stack.enter_async_context(VibesmithBot(settings, engine, history))
    token = settings.discord_token.get_secret_value() if settings.discord_token else ""
    serving = asyncio.create_task(bot.start(token))
    stack.callback(serving.cancel)
    stack.push_async_callback(bot.close)
    async with asyncio.timeout(60):
        await bot.wait_until_ready()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (the nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)]


def report(outcomes: Sequence[Outcome], late_s: Sequence[float]) -> bool:
    """Print the table; whether all went as it should."""
    acknowledged = [o.acknowledged_s for o in outcomes if o.acknowledged_s is not None]
    answered = [o.answered_s for o in outcomes if o.answered_s is not None]
    in_time = [s for s in acknowledged if s <= ACKNOWLEDGE_WITHIN_S]
    everybody = len(outcomes)
    wanted_all = f"{everybody}/{everybody}"
    longest_s = max(late_s)
    table = Table("", "figure", "wanted", box=None, header_style="dim", padding=(0, 2, 0, 0))
    checks = [
        ("acknowledged within 3 s", f"{len(in_time)}/{everybody}", wanted_all, len(in_time) == everybody),
        ("answered with a card", f"{len(answered)}/{everybody}", wanted_all, len(answered) == everybody),
        ("acknowledgement, p50", *_timed(acknowledged, 0.5)),
        ("acknowledgement, p99", *_timed(acknowledged, 0.99)),
        ("answer, p50", *_timed(answered, 0.5)),
        ("answer, p99", *_timed(answered, 0.99)),
        ("event loop blocked, p99", *_timed(late_s, 0.99)),
        ("event loop blocked, longest", f"{longest_s * 1000:,.0f} ms", "100 ms", longest_s <= BLOCKED_AT_MOST_S),
    ]
    for what, figure, wanted, good in checks:
        table.add_row(what, figure if good else f"[red]{figure}[/red]", wanted)
    Console().print(table)
    return all(good for *_, good in checks)


def _timed(values: Sequence[float], share: float) -> tuple[str, str, bool]:
    return (f"{percentile(values, share) * 1000:,.0f} ms" if values else "never"), "", True


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=PEOPLE, help="how many ask at once")
    parser.add_argument("--home", type=Path, help="a VIBESMITH_HOME with an index; without it a new one is built first")
    parser.add_argument("--stand-in", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stand_in:
        asyncio.run(stand_in(arguments.people))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        outcomes, late_s = asyncio.run(measure(arguments.home or Path(scratch), arguments.people))
    return 0 if report(outcomes, late_s) else 1


if __name__ == "__main__":
    sys.exit(main())
