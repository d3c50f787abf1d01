"""The README's pictures, from the real program: `python -m benchmarks.pictures [--out docs/pictures]`.

    pip install -e '.[pictures]'     and a Chromium or Chrome on the PATH (or --browser FILE)

The terminal's answer is what the command line prints; the card is what the bot posts to SimCord's simulated server,
drawn in Discord's look by SimCord's preview. Both over the starter catalogue, in a home of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import simcord
from PIL import Image
from rich.console import Console
from rich.text import Text

from bot.client import VibesmithBot
from bot.engine import LocalEngine
from bot.settings import Settings
from core.ranking.composer import VibeRequest
from storage.database import open_database
from storage.history import History

VIBE: Final = "feeling sunny and lazy"
COLUMNS: Final = 116
CARD_WIDTHS_PX: Final = {"card.png": 680, "card-phone.png": 390}
_AT_ELEVEN_S: Final = 11 * 3600
_PATIENCE_S: Final = 60.0
# What surrounds a message in SimCord's preview: its own toolbar and lists.
_MESSAGE_ALONE: Final = """
    [data-workbench] { display: none !important }
    #focused-content { padding: 12px 16px !important; margin: 0 !important }
"""
_WEB_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def terminal_svg(home: Path) -> str:
    """The command line's answer, as a picture of a dark terminal."""
    arguments = ["vibe", VIBE, "--count", "10"]
    environment = os.environ | {
        "VIBESMITH_HOME": str(home), "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color",
    }  # fmt: skip
    printed = subprocess.run(
        [sys.executable, "-m", "bot", *arguments], env=environment, capture_output=True, encoding="utf-8", check=True
    ).stdout
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text(f'$ vibesmith vibe "{VIBE}" --count 10'))
        console.print(Text.from_ansi(printed.rstrip()))
        svg = console.export_svg(title="vibesmith", unique_id="vibe")
    # A picture in a page may not fetch fonts, and ours shall not ask for any.
    return _WEB_FONTS.sub("", svg).replace("font-family: Fira Code,", "font-family: ui-monospace, Menlo, Consolas,")


async def draw_cards(home: Path, out: Path, browser: Any) -> None:  # noqa: ANN401 - Playwright is optional, so untyped
    """The card that the bot posts for the vibe, as wide as on a desk and on a phone."""
    settings = Settings(vibesmith_home=home)
    engine = LocalEngine(settings)
    await engine.start()
    # SimCord takes a bot that waits for an index to be idle: so it is there before the bot is.
    await engine.compose(VibeRequest("warm up", count=1))
    try:
        async with open_database(settings.database_file) as database:
            bot = VibesmithBot(settings, engine, History(database))
            async with simcord.run(bot, shard_count=1, settle_timeout=_PATIENCE_S) as env:
                await env.advance_time(_AT_ELEVEN_S)
                assert bot.user is not None  # noqa: S101 - SimCord has logged it in
                await bot.user.edit(username="Vibesmith")
                guild = env.create_guild()
                channel = guild.create_text_channel("music")
                mira = guild.add_member(env.create_user("mira", global_name="Mira"))
                await mira.slash(channel, "vibe", text=VIBE)
                for name, width in CARD_WIDTHS_PX.items():
                    async with env.preview(channel, viewers=[mira], display="fixed", width=width, height=1400) as view:
                        await shoot(browser, view.url, out / name, width)
    finally:
        await engine.close()


async def shoot(browser: Any, url: str, file: Path, width_px: int) -> None:  # noqa: ANN401
    """Photograph the message that a preview shows."""
    page = await browser.new_page(viewport={"width": width_px, "height": 1400}, device_scale_factor=2, bypass_csp=True)
    await page.goto(url)
    await page.wait_for_function("() => window.simcordPreview && window.simcordPreview.ready === true")
    await page.add_style_tag(content=_MESSAGE_ALONE)
    await page.locator("#focused-content").screenshot(path=str(file), animations="disabled")
    await page.close()


async def photograph_svg(browser: Any, svg: str, file: Path) -> None:  # noqa: ANN401
    """The same picture as PNG, for where SVG is not shown."""
    page = await browser.new_page(viewport={"width": 1200, "height": 1000})
    await page.set_content(f"<body style='margin:0'>{svg}</body>")
    await page.locator("svg").first.screenshot(path=str(file))
    await page.close()


async def draw(out: Path, home: Path, svg: str, executable: str) -> None:
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - an extra
    except ImportError:
        sys.exit("Playwright is missing: pip install -e '.[pictures]'")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable)
        await photograph_svg(browser, svg, out / "terminal.png")
        await draw_cards(home, out, browser)
        await browser.close()


def shrink(file: Path) -> None:
    """Text on plain grounds needs no more than a palette."""
    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument(
        "--browser", default=find_browser(), help="a Chromium or Chrome; default: the first on the PATH"
    )
    args = parser.parse_args()
    if args.browser is None:
        sys.exit("No Chromium or Chrome was found: install one, or name it with --browser.")
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vibesmith-pictures-") as home:
        svg = terminal_svg(Path(home))
        (args.out / "terminal.svg").write_text(svg, encoding="utf-8")
        asyncio.run(draw(args.out, Path(home), svg, args.browser))
    for file in sorted(args.out.iterdir()):
        if file.suffix == ".png":
            shrink(file)
        print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
