"""A chat with a bot in the terminal: type a command, read the card, press its buttons by number."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

from tests.stand_ins.discord import DiscordStandIn
from tests.stand_ins.discord_objects import EPHEMERAL, Json

if TYPE_CHECKING:
    from tests.stand_ins.discord import Interaction

HELP: Final = """\
  /vibe rainy night              a command; the words are its first option
  /vibe songs:12 rainy night     another option is name:value
  > we need something slow       the menu "Vibe this message" on a message that says so
  3                              press the button with this number
  direct                         go on in a direct message, or back to the server
  drop, reconnect, invalidate    what Discord does to a bot's connection
  quit
"""
_MENU: Final = "Vibe this message"
_USAGE: Final = "usage: python -m tests.stand_ins.discord [--port PORT] [--bot]\n\n--bot starts the bot as well.\n"
_SEPARATOR: Final = "─" * 60


class Card:
    """A message as plain text, its buttons numbered."""

    def __init__(self, message: Json) -> None:
        self.buttons: list[str] = []
        lines = [message["content"]] if message["content"] else []
        lines += [f"[embed] {e.get('title', '')} {e.get('description', '')}" for e in message["embeds"]]
        lines += [line for component in message["components"] for line in self._lines(component)]
        lines += [f"[file] {a['filename']}, {a['size']} bytes" for a in message["attachments"]]
        who = "only you see this" if message["flags"] & EPHEMERAL else "everybody sees this"
        self.text = "\n".join(["┌ " + who, *("│ " + line for part in lines for line in part.splitlines()), "└"])

    def _lines(self, component: Json) -> list[str]:
        lines = [line for inner in component.get("components", ()) for line in self._lines(inner)]
        match component["type"]:
            case 1:  # an action row
                lines = ["  ".join(lines)]
            case 2:
                lines = [self._button(component)]
            case 9:  # a section
                lines += ["  " + line for line in self._lines(component["accessory"])]
            case 10:
                lines = [component["content"]]
            case 11:
                lines = [f"[picture] {component['media']['url']}"]
            case 12:
                lines = [f"[picture] {item['media']['url']}" for item in component["items"]]
            case 14:
                lines = [_SEPARATOR]
            case kind if kind != 17:
                lines = [f"[component {kind}] {component.get('placeholder', '')}"]
        return lines

    def _button(self, button: Json) -> str:
        label = " ".join(filter(None, [button.get("emoji", {}).get("name"), button.get("label")]))
        if button.get("url"):
            return f"[{label} → {button['url']}]"
        if button.get("disabled"):
            return f"({label})"
        self.buttons.append(button["custom_id"])
        return f"[{len(self.buttons)} {label}]"


class Terminal:
    """What a person types, turned into what Discord sends."""

    def __init__(self, discord: DiscordStandIn) -> None:
        self._discord = discord
        self._direct = False
        self._message: Json | None = None
        self._card: Card | None = None

    async def take(self, line: str) -> None:
        """Act on one line, and print what came of it."""
        match line.split(maxsplit=1):
            case []:
                return
            case ["direct"]:
                self._direct = not self._direct
                _print("in a direct message" if self._direct else "in the server")
            case ["drop"]:
                await self._discord.drop()
            case ["reconnect"]:
                await self._discord.ask_reconnect()
            case ["invalidate"]:
                await self._discord.invalidate(resumable=False)
            case [">", text]:
                await self._show(await self._discord.menu(_MENU, text, direct=self._direct))
            case [number] if number.isdecimal():
                await self._press(int(number))
            case [name, *rest] if name.startswith("/"):
                options = self._options(name[1:], rest[0] if rest else "")
                await self._show(await self._discord.slash(name[1:], direct=self._direct, **options))
            case _:
                _print(HELP)

    async def _press(self, number: int) -> None:
        if self._card is None or self._message is None or not 0 < number <= len(self._card.buttons):
            _print("There is no such button.")
        else:
            await self._show(await self._discord.press(self._message, self._card.buttons[number - 1]))

    def _options(self, name: str, text: str) -> dict[str, Any]:
        """The options of a command line; the bot's own list says their types, if it has sent one."""
        command: Json = next((c for c in self._discord.commands if c["name"] == name), {})
        kinds = {o["name"]: o["type"] for o in command.get("options", ())} or {"text": 3, "songs": 4, "quiet": 5}
        options: dict[str, Any] = {}
        words: list[str] = []
        for word in text.split():
            key, colon, value = word.partition(":")
            if not colon or key not in kinds:
                words.append(word)
            elif kinds[key] == 5:
                options[key] = value.lower() in ("true", "yes", "1")
            elif kinds[key] == 4 and value.lstrip("-").isdecimal():
                options[key] = int(value)
            else:
                options[key] = value
        free = next((k for k, kind in kinds.items() if kind == 3 and k not in options), None)
        return options | ({free: " ".join(words)} if words and free else {})

    async def _show(self, interaction: Interaction) -> None:
        try:
            self._message = await self._discord.answered(interaction)
        except TimeoutError as error:
            _print(f"The application did not respond. ({error})")
            return
        self._card = Card(self._message)
        first, last = interaction.acknowledged_after_s or 0.0, interaction.answered_after_s or 0.0
        _print(f"{self._card.text}  acknowledged after {first:.2f} s, answered after {last:.2f} s")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _lines() -> asyncio.Queue[str | None]:
    """What is typed, line by line, then None; a thread of its own, for a read cannot be cancelled."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError):  # the loop has gone: nobody listens any more
            for line in sys.stdin:
                loop.call_soon_threadsafe(queue.put_nowait, line.strip())
            loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return queue


async def _start_bot(stack: AsyncExitStack, discord: DiscordStandIn) -> None:
    log, name = tempfile.mkstemp(prefix="vibesmith-", suffix=".log")
    stack.callback(os.close, log)
    _print(f"The bot's log: {name}")
    environment = os.environ | discord.environment
    bot = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", env=environment, stderr=log)

    async def stop() -> None:
        with suppress(ProcessLookupError):
            bot.terminate()
        await bot.wait()

    stack.push_async_callback(stop)


async def chat(*, port: int = 0, with_bot: bool = False) -> None:
    """Run the stand-in until the person quits."""
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(DiscordStandIn(port=port))
        if with_bot:
            await _start_bot(stack, discord)
        else:
            _print("Start the bot with these settings:\n")
            _print("\n".join(f"export {k}={v}" for k, v in discord.environment.items()) + "\n")
        _print("Waiting for the bot ...")
        await discord.connected(timeout_s=3600)
        _print("It is here.\n" + HELP)
        terminal = Terminal(discord)
        lines = _lines()
        while (line := await lines.get()) not in (None, "quit"):
            try:
                await terminal.take(line)
            except RuntimeError as error:
                _print(str(error))


def main() -> None:
    arguments = sys.argv[1:]
    port = arguments[arguments.index("--port") + 1 :][:1] if "--port" in arguments else ["0"]
    if not port or not port[0].isdecimal() or "--help" in arguments:
        _print(_USAGE)
        return
    with suppress(KeyboardInterrupt):
        asyncio.run(chat(port=int(port[0]), with_bot="--bot" in arguments))
