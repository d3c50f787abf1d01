"""What a card may hold, whatever vibes and catalogues hold."""

from __future__ import annotations

import colorsys
import re
from typing import Any

import discord
import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.buttons import VibeButtons
from bot.ui.cards import MOST_CHARACTERS, SONGS_A_PAGE, mood_colour, vibe_card
from bot.ui.text import safe, safe_label, safe_url
from core.models import Clause, ClauseKind, Mood, Sign, Track, Vibe
from storage.history import Asked, KeptPick, KeptVibe, Page


async def unused(*_: Any) -> None:
    raise AssertionError


BUTTONS = VibeButtons(unused, unused)
NASTY = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="*_~|`>#[]()<:/@\\", max_size=400),
    st.sampled_from(
        ["あ" * 400, "[" * 400, "👩‍👩‍👧‍👦" * 80, "https://" * 50, "@everyone " * 40, "\u202e" * 400, "x\n\n# y" * 60]
    ),
)
CLAUSES = st.builds(
    Clause, st.sampled_from(ClauseKind), NASTY, st.sampled_from(Sign), st.integers(0, 50), st.integers(50, 2000)
)
FINITE = st.floats(-10, 10)


@st.composite
def picks(draw: st.DrawFn, position: int) -> KeptPick:
    title, artists = draw(NASTY), tuple(draw(st.lists(NASTY, min_size=1, max_size=4)))
    track_id = draw(st.sampled_from(["0" * 22, "own-1"]))
    url = draw(st.one_of(st.just(Track(track_id, title, artists).url), NASTY))
    year = draw(st.none() | st.integers(1, 9999))
    return KeptPick(position, track_id, title, artists, year, url, None, 0.5, tuple(draw(st.lists(NASTY, max_size=3))))


@st.composite
def pages(draw: st.DrawFn) -> Page:
    mood = Mood(
        (*draw(st.tuples(FINITE, FINITE)), 0, 0, 0, 0, 0),
        (),
        tuple((word, 0.5) for word in draw(st.lists(NASTY, max_size=5))),
    )
    vibe = Vibe(draw(NASTY), mood, tuple(draw(st.lists(CLAUSES, max_size=8))))
    notes = tuple(draw(st.lists(NASTY, max_size=4)))
    kept = KeptVibe("x" * 32, Asked(1), vibe, notes, 0, None, 100, draw(st.integers(0, 10**9)))
    number = draw(st.integers(1, 10))
    first = (number - 1) * SONGS_A_PAGE + 1
    return Page(kept, number, 10, tuple(draw(picks(first + n)) for n in range(SONGS_A_PAGE)))


def parts_of(view: ui.LayoutView) -> list[dict[str, Any]]:
    return flat(view.to_components())  # type: ignore[no-untyped-call]  # discord.py leaves it untyped


def flat(components: list[Any]) -> list[dict[str, Any]]:
    return [part for c in components for part in (c, *flat(c.get("components", [])))]


@given(page=pages())
def test_a_card_stays_within_discords_limits(page: Page) -> None:
    view = vibe_card(page, BUTTONS.row(page.kept.id, page.number, page.pages))

    parts = parts_of(view)
    texts = [part["content"] for part in parts if part["type"] == 10]
    ids = [part["custom_id"] for part in parts if part["type"] == 2]
    assert sum(map(len, texts)) <= MOST_CHARACTERS
    assert len(parts) <= 40
    assert all(texts)
    assert len(set(ids)) == len(ids) == 4
    assert all(len(custom_id) <= 100 for custom_id in ids)


@given(page=pages())
def test_each_song_is_two_lines_at_most_with_one_link_at_most(page: Page) -> None:
    view = vibe_card(page, BUTTONS.row(page.kept.id, page.number, page.pages))

    songs = [part["content"] for part in parts_of(view) if part["type"] == 10][1:-1]
    assert len(songs) == SONGS_A_PAGE
    for song in songs:
        assert song.count("\n") <= 1
        assert len(re.findall(r"(?<!\\)\]\(", song)) <= 1


@given(text=NASTY, limit=st.integers(1, 300))
def test_safe_text_keeps_its_limit_and_has_no_live_markdown(text: str, limit: int) -> None:
    for made in (safe(text, limit), safe_label(text, limit)):
        assert len(made) <= limit
        assert "\n" not in made
        assert not re.search(r"@(?!\u200b)", made)
        assert not re.search(r"(?<!\\)(?:\\\\)*[*_~|`>#\[\]<]", made)
        assert not re.search(r"(?<!\\):[/]{2}", made)
        assert not re.search(r"(?<!\\)(?:\\\\)*\\$", made)


def test_plain_text_is_left_as_it_is() -> None:
    assert safe("Mr. Blue Sky (2012) - it's 8:30, ça va?", 100) == "Mr. Blue Sky (2012) - it's 8:30, ça va?"


def test_text_that_is_cut_says_so() -> None:
    assert safe("a long, long title", 8) == "a long,…"


def test_a_long_search_link_is_shortened_and_a_strange_one_left_out() -> None:
    url = Track("own", "日本の長い題名 " * 10, ("歌手",)).url

    short = safe_url(url, 120)

    assert short is not None
    assert len(short) <= 120
    assert url.startswith(short)
    assert safe_url("javascript:alert(1)", 120) is None
    assert safe_url("https://x.example/a) [b](https://evil.example", 120) is None


@pytest.mark.parametrize(
    ("energy", "valence", "hue"),
    [(1.0, 1.0, 0.11), (-1.0, 1.0, 0.42), (-1.0, -1.0, 0.62), (1.0, -1.0, 0.95)],
)
def test_each_quarter_of_the_mood_plane_has_its_colour(energy: float, valence: float, hue: float) -> None:
    colour = mood_colour(Mood((energy, valence, 0, 0, 0, 0, 0)))

    assert colorsys.rgb_to_hsv(*(part / 255 for part in colour.to_rgb()))[0] == pytest.approx(hue, abs=0.01)


@given(energy=FINITE, valence=FINITE)
def test_every_mood_has_a_colour(energy: float, valence: float) -> None:
    assert isinstance(mood_colour(Mood((energy, valence, 0, 0, 0, 0, 0))), discord.Colour)


def test_a_single_page_has_no_page_buttons() -> None:
    row = BUTTONS.row("abcdefgh", 1, 1)

    assert [getattr(item, "custom_id", None) for item in row.children] == ["vibe:again:abcdefgh"]
    assert isinstance(row.children[0], ui.DynamicItem)
