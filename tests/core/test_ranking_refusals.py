"""What is refused stays out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import BadVibeError
from core.models import ClauseKind, Sign
from core.ranking.composer import VibeRequest

if TYPE_CHECKING:
    from tests.studio import Compose, OpenStudio


@pytest.mark.parametrize(
    ("text", "instrument"),
    [
        ("sad songs without guitar", "guitar"),
        ("an hour of jazz, no saxophone", "saxophone"),
        ("calm evening, no piano", "piano"),
        ("songs without drums", "drums"),
    ],
)
def test_a_refused_instrument_is_prominent_in_no_song(compose: Compose, text: str, instrument: str) -> None:
    picks = compose(text).picks
    assert picks
    assert [p.track.title for p in picks if any(instrument in name.split() for name in p.track.instruments)] == []


def test_anything_but_a_genre_refuses_it(compose: Compose) -> None:
    playlist = compose("anything but pop")
    assert [c.value for c in playlist.vibe.wanted(ClauseKind.GENRE, Sign.UNWANTED)] == ["pop"]
    assert [p.track.title for p in playlist.picks if "pop" in p.track.genres] == []


def test_what_is_wanted_by_one_name_is_not_refused_by_another(compose: Compose) -> None:
    playlist = compose("instrumental hip hop, no rap", count=10)
    assert playlist.notes == ()
    assert all((p.track.features.instrumentalness or 0) >= 0.5 for p in playlist.picks)


def test_the_length_of_each_song_is_not_the_length_of_the_list(compose: Compose) -> None:
    assert len(compose("punk songs shorter than 3 minutes").picks) == 30


def test_a_note_uses_the_words_that_were_said(compose: Compose) -> None:
    (note,) = compose("songs in Japanese from 1951").notes
    assert "Japanese" in note
    assert "1951" in note


def test_a_negative_seed_is_told_to_be_none(starter: OpenStudio) -> None:
    with pytest.raises(BadVibeError, match="seed -1"):
        starter.composer.compose(VibeRequest("calm", seed=-1))
