"""What people see: the card of a playlist, and the small ones that say how things stand."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.ui.text import safe, safe_label, safe_url
from core.errors import VibesmithError
from core.models import FEATURES, Clause, ClauseKind, Mood, Sign, Vibe
from core.text import counted
from storage.history import KeptPick, Page

SONGS_A_PAGE: Final = 10
MOST_CHARACTERS: Final = 4000
# Ten songs, the heading, the moods and the notes at their longest stay below MOST_CHARACTERS.
_SONG, _TITLE, _URL, _ARTISTS, _REASON = 310, 80, 120, 60, 140
_REASONS: Final = 2  # a line on a desk, two or three on a phone
_HEADING, _UNDERSTOOD, _NOTE, _NOTES, _BIG = 240, 200, 140, 2, 70

_BLURPLE: Final = discord.Colour(0x5865F2)
_AMBER: Final = discord.Colour(0xE9A23B)
# Hue (0 to 1) at each angle of the plane of moods, where 0 is pleasant and 1/4 is energetic.
_HUES: Final = (
    (-0.5, 0.72),
    (-0.375, 0.62),
    (-0.125, 0.42),
    (0.0, 0.14),
    (0.125, 0.11),
    (0.25, 0.03),
    (0.375, -0.05),
    (0.5, -0.28),
)
_SHOWN_AS_SAID: Final = frozenset({ClauseKind.LANGUAGE, ClauseKind.COUNTRY, ClauseKind.VOICE})
_NOT_SHOWN: Final = frozenset({ClauseKind.COUNT, ClauseKind.MINUTES})
_SIGNS: Final = {Sign.WANTED: "", Sign.UNWANTED: "no ", Sign.LIKE: "like "}


def vibe_card(page: Page, row: ui.ActionRow[Any]) -> ui.LayoutView:
    """A page of a playlist, above its buttons."""
    kept = page.kept
    songs = [ui.TextDisplay[Any](_song(pick)) for pick in page.picks]
    return _card(
        mood_colour(kept.vibe.mood),
        ui.TextDisplay(_heading(kept.vibe)),
        ui.Separator(),
        *songs,
        ui.Separator(),
        ui.TextDisplay(_footer(page)),
        row,
    )


def notice(title: str, text: str = "", colour: discord.Colour = _BLURPLE) -> ui.LayoutView:
    """A few words of our own, in which markdown counts."""
    return _card(colour, ui.TextDisplay(f"**{title}**\n{text}".strip()))


def refusal(error: VibesmithError) -> ui.LayoutView:
    """What was wrong with a request, and what to do."""
    return notice(safe(error.message, 1500), safe(error.hint, 1500), _AMBER)


def failure(reference: str) -> ui.LayoutView:
    """That something broke; the log has the rest under the same reference."""
    return notice(
        "That did not work, and it is our fault.",
        f"Try again in a moment. If it keeps happening, give the owner of this bot the reference `{reference}`.",
        _AMBER,
    )


def mood_colour(mood: Mood) -> discord.Colour:
    """Amber for joy, red for anger, blue for gloom, green for calm; greyer the fainter the mood."""
    energy, valence = (mood.features[FEATURES.index(name)] for name in ("energy", "valence"))
    strength = math.hypot(energy, valence)
    turn = math.atan2(energy, valence) / math.tau
    upper = next(i for i, (angle, _) in enumerate(_HUES) if i and turn <= angle)
    (low, low_hue), (high, high_hue) = _HUES[upper - 1], _HUES[upper]
    hue = low_hue + (high_hue - low_hue) * (turn - low) / (high - low)
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(0.8, 0.25 + 0.55 * strength), 0.92)
    return discord.Colour.from_rgb(*(round(255 * share) for share in (red, green, blue)))


def duration(duration_ms: int) -> str:
    """A length for people: "48 min", "1 h 52 min"."""
    hours, minutes = divmod(round(duration_ms / 60_000), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _card(colour: discord.Colour, *items: ui.Item[Any]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container[Any](*items, accent_colour=colour))
    return view


def _heading(vibe: Vibe) -> str:
    quoted = f"“{safe(vibe.text, _HEADING)}”"
    heading = f"### {quoted}" if len(quoted) <= _BIG else f"**{quoted}**"
    understood = " · ".join([*vibe.moods, *_wishes(vibe)])
    return f"{heading}\n-# {safe(understood, _UNDERSTOOD)}" if understood else heading


def _wishes(vibe: Vibe) -> list[str]:
    """The clauses that are no moods, in words."""
    shown = [
        c
        for c in vibe.clauses
        if c.kind not in _NOT_SHOWN and not (c.kind is ClauseKind.MOOD and c.sign is Sign.WANTED)
    ]
    return list(dict.fromkeys(_SIGNS[c.sign] + _said(vibe, c) for c in shown))


def _said(vibe: Vibe, clause: Clause) -> str:
    return vibe.text[clause.start : clause.end] if clause.kind in _SHOWN_AS_SAID else clause.value


def _song(pick: KeptPick) -> str:
    title, url = safe_label(pick.title, _TITLE), safe_url(pick.url, _URL)
    line = f"**{pick.position}.** " + (f"[{title}]({url})" if url else title)
    line += f" — {safe(', '.join(pick.artists), _ARTISTS)}" + (f" · {pick.year}" if pick.year else "")
    reason = safe(" · ".join(pick.reasons[:_REASONS]), min(_REASON, _SONG - len(line)))
    return f"{line}\n-# {reason}" if reason else line


def _footer(page: Page) -> str:
    kept = page.kept
    parts = [counted(kept.songs, "song"), duration(kept.duration_ms) if kept.duration_ms else ""]
    return "\n".join(
        [f"-# {safe(note, _NOTE)}" for note in kept.notes[:_NOTES]] + [f"-# {' · '.join(filter(None, parts))}"]
    )


def facts(title: str, rows: Sequence[tuple[str, str]]) -> ui.LayoutView:
    """Names and values, a line each; both may come from anywhere."""
    lines = [f"**{safe(name, 60)}**  {safe(value, 240)}" for name, value in rows]
    return _card(_BLURPLE, ui.TextDisplay(f"### {title}"), ui.TextDisplay("\n".join(lines)))
