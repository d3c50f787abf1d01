"""What every playlist of the starter songs keeps to: its length, its filters, no song twice, an order, and variety."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from core.catalogue.identity import artist_key, song_key, version
from core.errors import BadVibeError
from core.index.space import genre_of
from core.models import ClauseKind, Playlist, Sign, Track
from core.ranking.composer import DEFAULT_COUNT, MOST_COUNT, PER_ARTIST, VibeRequest
from core.ranking.selection import _jump
from core.vocabulary import GENRES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Compose, OpenStudio

PLAIN: Final = [
    "feeling sunny and lazy", "heartbroken at 3am", "gym, pump me up", "cooking dinner with a glass of wine",
    "study session", "road trip with friends", "rainy sunday morning", "party", "can't sleep",
    "rush hour, make it bearable",
    "nostalgic for summers I never had", "furious", "😭", "estoy triste", "悲しい夜", "wedding first dance", "x",
]  # fmt: skip
WISHES: Final[dict[str, Callable[[Track], bool]]] = {
    "songs from the 80s": lambda t: 1980 <= (t.year or 0) <= 1989,
    "calm, before 1970": lambda t: 0 < (t.year or 0) < 1970,
    "since 2015, dreamy": lambda t: (t.year or 0) >= 2015,
    "happy 60s and 70s": lambda t: 1960 <= (t.year or 0) <= 1979,
    "songs in Spanish for a party": lambda t: "es" in t.languages,
    "chansons, en francés": lambda t: "fr" in t.languages,
    "not in English": lambda t: "en" not in t.languages,
    "clean party hits": lambda t: t.explicit is not True,
    "explicit rap": lambda t: t.explicit is True and kind_of(t, "hip hop"),
    "jazz for dinner": lambda t: kind_of(t, "jazz"),
    "rainy day, no jazz": lambda t: not kind_of(t, "jazz"),
    "sad songs, female vocals": lambda t: t.voice == "female",
    "instrumental focus music": lambda t: (t.features.instrumentalness or 0) >= 0.5,
    "rock from the 90s in English": lambda t: (
        kind_of(t, "rock") and 1990 <= (t.year or 0) < 2000 and "en" in t.languages
    ),
    "disco, nothing by ABBA": lambda t: "abba" not in map(artist_key, t.artists) and kind_of(t, "disco"),
}


def kind_of(track: Track, genre: str) -> bool:
    places = [genre_of(name) for name in track.genres]
    return any(
        name == genre or name.endswith(" " + genre) or (place is not None and GENRES[place] == genre)
        for name, place in zip(track.genres, places, strict=True)
    )


def songs(playlist: Playlist) -> list[Track]:
    return [pick.track for pick in playlist.picks]


def ids(playlist: Playlist) -> list[str]:
    return [track.id for track in songs(playlist)]


def mean_score(playlist: Playlist) -> float:
    return float(np.mean([pick.score for pick in playlist.picks]))


@pytest.mark.parametrize("text", [*PLAIN, *WISHES])
@pytest.mark.parametrize("seed", [0, 7])
def test_a_list_has_its_length_and_no_song_twice_and_few_of_an_artist(compose: Compose, text: str, seed: int) -> None:
    playlist = compose(text, seed=seed)
    tracks = songs(playlist)
    assert len(tracks) == DEFAULT_COUNT
    assert len({song_key(track) for track in tracks}) == len(tracks)
    assert max(Counter(artist_key(track.artist) for track in tracks).values()) <= PER_ARTIST
    assert all(pick.reasons and len(pick.reasons) <= 3 for pick in playlist.picks)
    assert not any(version(track) in ("karaoke", "tribute") for track in tracks)


@pytest.mark.parametrize("count", [2, 5, 50, MOST_COUNT])
def test_as_many_songs_come_as_were_asked_for(compose: Compose, count: int) -> None:
    assert len(songs(compose("late summer evening", count=count))) == count
    assert len(songs(compose(f"{count} songs for a late summer evening"))) == count


def test_what_the_request_says_beside_the_text_comes_before_what_the_text_says(compose: Compose) -> None:
    assert len(songs(compose("10 songs to wake up", count=3))) == 3
    assert abs(compose("10 songs to wake up", minutes=60).duration_ms / 60_000 - 60) < 2
    assert len(songs(compose("an hour of calm", count=4))) == 4


@pytest.mark.parametrize(("count", "minutes"), [(0, None), (101, None), (-1, None), (None, 0), (None, 601)])
def test_what_cannot_be_made_is_refused_with_what_can(
    starter: OpenStudio, count: int | None, minutes: int | None
) -> None:
    with pytest.raises(BadVibeError, match="cannot be made") as refused:
        starter.composer.compose(VibeRequest("calm", count, minutes))
    assert "Ask for 1 to" in refused.value.hint


@pytest.mark.parametrize("text", WISHES)
@pytest.mark.parametrize("seed", [0, 3])
def test_every_song_keeps_to_what_was_asked(compose: Compose, text: str, seed: int) -> None:
    playlist = compose(text, seed=seed)
    assert playlist.notes == ()
    assert [(t.title, t.artist) for t in songs(playlist) if not WISHES[text](t)] == []


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("songs from the 1950s in Japanese", lambda t: "ja" in t.languages and 1950 <= (t.year or 0) < 1960),
        ("techno from 1962", lambda t: kind_of(t, "techno") and t.year == 1962),
        ("fado", lambda t: kind_of(t, "fado")),
    ],
)
def test_where_too_few_songs_fit_others_fill_the_list_and_a_note_says_so(
    compose: Compose, text: str, fits: Callable[[Track], bool]
) -> None:
    playlist = compose(text)
    met = [track for track in songs(playlist) if fits(track)]
    assert len(songs(playlist)) == DEFAULT_COUNT
    (note,) = playlist.notes
    assert note.startswith(f"Only {len(met)} song" if met else "No song")
    assert "nearest in mood" in note
    assert all(c.value in note for c in playlist.vibe.clauses if c.kind in (ClauseKind.ERA, ClauseKind.GENRE))


@pytest.mark.parametrize("text", ["fado", "songs from the 1950s in Japanese", "korean songs from the 60s"])
def test_songs_that_fill_a_list_do_not_bring_more_of_an_artist(compose: Compose, text: str) -> None:
    tracks = songs(compose(text))
    assert max(Counter(artist_key(track.artist) for track in tracks).values()) <= PER_ARTIST


def test_a_note_is_left_out_where_no_song_fills_the_list(compose: Compose) -> None:
    playlist = compose("fado", minutes=30)
    assert all(kind_of(track, "fado") for track in songs(playlist))
    assert playlist.notes == ()


def test_what_is_refused_stays_refused_even_to_fill_a_list(compose: Compose) -> None:
    assert not any(kind_of(track, "folk") for track in songs(compose("fado, no folk")))


def test_more_of_an_artist_comes_where_that_artist_is_asked_for_alone(compose: Compose, starter: OpenStudio) -> None:
    playlist = compose("songs by Nina Simone", count=6)
    held = starter.studio.store.artist_counts(["ninasimone"])["ninasimone"]
    own = [track for track in songs(playlist) if "ninasimone" in map(artist_key, track.artists)]
    assert len(own) == min(6, held)
    assert held > PER_ARTIST
    assert len(playlist.notes) == (held < 6)


def test_songs_like_an_artist_are_mostly_by_others_and_near_to_it(compose: Compose, starter: OpenStudio) -> None:
    playlist = compose("like Radiohead", count=20)
    assert playlist.vibe.wanted(ClauseKind.ARTIST, Sign.LIKE)
    own = [track for track in songs(playlist) if "radiohead" in map(artist_key, track.artists)]
    assert len(own) <= PER_ARTIST
    assert sum(kind_of(track, "rock") for track in songs(playlist)) >= 10
    assert len(starter.studio.store) > 2000


# --- exclude, seeds, again -------------------------------------------------------------------------------------------


def test_songs_that_were_heard_do_not_come_again(starter: OpenStudio, compose: Compose) -> None:
    first = compose("feeling sunny and lazy")
    again = starter.composer.compose(VibeRequest("feeling sunny and lazy", seed=1, exclude=frozenset(ids(first))))
    assert len(songs(again)) == DEFAULT_COUNT
    assert not {song_key(t) for t in songs(first)} & {song_key(t) for t in songs(again)}
    assert mean_score(again) < mean_score(first)


def test_when_all_songs_were_heard_that_is_said(starter: OpenStudio) -> None:
    with pytest.raises(BadVibeError, match="No song of the catalogue is left"):
        starter.composer.compose(VibeRequest("calm", exclude=frozenset(starter.studio.store.ids())))


def test_the_same_request_has_the_same_answer_from_another_composer(starter: OpenStudio, compose: Compose) -> None:
    other, generation = starter.studio.composer()
    for text in ("feeling sunny and lazy", "90s hip hop", "like Radiohead, 45 minutes", "fado"):
        for seed in (0, 5):
            assert other.compose(VibeRequest(text, seed=seed)) == compose(text, seed=seed)
    generation.close()


@pytest.mark.parametrize(
    "text", ["feeling sunny and lazy", "heartbroken at 3am", "songs from the 80s", "jazz for dinner"]
)
def test_another_seed_is_another_list_as_good(compose: Compose, text: str) -> None:
    best = compose(text)
    varied = [compose(text, seed=seed) for seed in range(1, 6)]
    assert len({tuple(sorted(ids(playlist))) for playlist in [best, *varied]}) == 6
    for playlist in varied:
        assert 3 <= len(set(ids(playlist)) - set(ids(best))) <= DEFAULT_COUNT - 5
        assert mean_score(best) - mean_score(playlist) < 0.15 * abs(mean_score(best))


def test_a_list_says_which_catalogue_and_seed_made_it(compose: Compose, starter: OpenStudio) -> None:
    playlist = compose("calm", seed=4)
    assert (playlist.seed, playlist.catalogue) == (4, starter.studio.store.fingerprint)


# --- minutes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [30, 45, 60, 90, 120])
@pytest.mark.parametrize("text", ["feeling sunny and lazy", "gym, pump me up", "sad piano", "songs in Spanish", "fado"])
@pytest.mark.parametrize("seed", [0, 2])
def test_a_list_of_minutes_is_that_long(compose: Compose, text: str, minutes: int, seed: int) -> None:
    playlist = compose(text, minutes=minutes, seed=seed)
    assert abs(playlist.duration_ms / 60_000 - minutes) <= 2
    tracks = songs(playlist)
    assert len({song_key(track) for track in tracks}) == len(tracks)
    assert max(Counter(artist_key(track.artist) for track in tracks).values()) <= PER_ARTIST
    if text == "songs in Spanish":
        assert all("es" in track.languages for track in tracks)


# --- order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PLAIN[:8])
def test_the_best_song_comes_first_and_each_is_near_to_the_one_before(compose: Compose, text: str) -> None:
    tracks = songs(compose(text))

    def way(order: list[Track]) -> float:
        return float(np.mean([_jump(a, b) for a, b in pairwise(order)]))

    shuffled = [way([tracks[n] for n in np.random.default_rng(seed).permutation(len(tracks))]) for seed in range(20)]
    assert way(tracks) < 0.75 * min(shuffled)
    assert not any(artist_key(a.artist) == artist_key(b.artist) for a, b in pairwise(tracks))


def test_the_list_opens_with_the_best_song(compose: Compose) -> None:
    for text in PLAIN[:5]:
        picks = compose(text).picks
        assert picks[0].score == max(pick.score for pick in picks)


def test_a_score_is_the_sum_of_its_parts_and_the_words(compose: Compose) -> None:
    for pick in compose("jazz for dinner").picks:
        assert -0.01 <= pick.score - sum(pick.parts.values()) <= 0.26


# --- the whole ranking ------------------------------------------------------------------------------------------------


def test_the_whole_ranking_holds_every_song_once(starter: OpenStudio) -> None:
    ranked = starter.composer.rank("calm, no techno")
    assert len(ranked) == len(set(ranked)) == len(starter.studio.store)
    tracks = starter.studio.store.tracks(ranked)
    refused = [kind_of(tracks[row], "techno") for row in ranked]
    assert any(refused)
    assert refused == sorted(refused), "what is refused comes last"


def test_songs_that_meet_every_wish_come_before_those_that_break_one(starter: OpenStudio) -> None:
    ranked = starter.composer.rank("songs in Portuguese from the 70s")
    tracks = starter.studio.store.tracks(ranked)
    broken = [not ("pt" in tracks[r].languages and 1970 <= (tracks[r].year or 0) < 1980) for r in ranked]
    assert not all(broken)
    assert broken == sorted(broken)


def test_a_ranking_within_some_songs_holds_these_alone_in_the_same_order(starter: OpenStudio) -> None:
    everything = starter.composer.rank("late night drive")
    some = frozenset(everything[::17])
    assert starter.composer.rank("late night drive", within=some) == everything[::17]
    assert starter.composer.rank("late night drive", limit=5, within=some) == everything[::17][:5]
    assert starter.composer.rank("late night drive", within=[]) == []
    assert starter.composer.rank("late night drive", limit=9) == everything[:9]
