"""The starter catalogue: every song is described as promised, and there are enough of every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations

import pytest

from core.catalogue.identity import artist_key, song_key, title_key, version
from core.catalogue.importing import starter_tracks
from core.models import FEATURES, SPOTIFY_ID, Track
from core.text import printable, words
from core.vocabulary import EMOTIONS, GENRES, LANGUAGES, SITUATIONS

SERVED = (
    "cooking", "study", "gym", "commute", "rain", "heartbreak", "wedding", "road", "night", "sunday morning", "party",
    "focus", "sleep",
)  # fmt: skip
NO_WORDS = "zxx"
ENDINGS = (
    "fulness", "iness", "ation", "ition", "ment", "ness", "ance", "ence", "ship", "hood", "less", "ful", "ous", "ity",
    "ion", "ive", "ish", "dom", "ing", "ial", "ed", "er", "or", "al", "ic", "ly", "th", "cy", "y", "s", "e", "n",
)  # fmt: skip


@pytest.fixture(scope="module")
def tracks() -> list[Track]:
    return list(starter_tracks())


def breaking(tracks: Iterable[Track], broken: Callable[[Track], object]) -> list[str]:
    """The songs that break a rule, each with how."""
    return [f"{t.id} {t.title} – {t.byline}: {how}" for t in tracks if (how := broken(t))]


# --- every song -----------------------------------------------------------------------------------------------------


def test_every_song_says_all_that_was_promised(tracks: list[Track]) -> None:
    needed = ("title", "artists", "album", "year", "genres", "languages", "duration_ms", "situations", "description")
    assert breaking(tracks, lambda t: [n for n in needed if not getattr(t, n)]) == []
    assert breaking(tracks, lambda t: t.explicit is None and "neither explicit nor not") == []
    assert breaking(tracks, lambda t: [n for n in FEATURES if getattr(t.features, n) is None]) == []


def test_every_text_is_clean(tracks: list[Track]) -> None:
    def unclean(track: Track) -> list[str | None]:
        lists = (track.artists, track.genres, track.languages, track.situations, track.emotions, track.instruments)
        texts = [track.id, track.title, track.album, track.description, *(word for each in lists for word in each)]
        return [text for text in texts if text is None or text != printable(text)]

    assert breaking(tracks, unclean) == []


def test_ids_are_unique_and_not_taken_for_spotifys(tracks: list[Track]) -> None:
    assert [i for i, n in Counter(t.id for t in tracks).items() if n > 1] == []
    assert breaking(tracks, lambda t: SPOTIFY_ID.fullmatch(t.id)) == []


def test_no_song_is_there_twice(tracks: list[Track]) -> None:
    assert [key for key, n in Counter(map(song_key, tracks)).items() if n > 1] == []


def test_every_song_is_an_original_recording_by_its_name(tracks: list[Track]) -> None:
    assert breaking(tracks, lambda t: version(t) in ("karaoke", "tribute", "sped up") and version(t)) == []


def test_genres_and_situations_are_words_of_the_vocabulary(tracks: list[Track]) -> None:
    assert breaking(tracks, lambda t: set(t.genres) - set(GENRES)) == []
    assert breaking(tracks, lambda t: set(t.situations) - set(SITUATIONS)) == []
    assert breaking(tracks, lambda t: len(set(t.genres)) < len(t.genres)) == []


def test_languages_are_iso_codes(tracks: list[Track]) -> None:
    assert (
        breaking(tracks, lambda t: [c for c in t.languages if not (c.isascii() and c.islower() and 2 <= len(c) <= 3)])
        == []
    )
    assert breaking(tracks, lambda t: NO_WORDS in t.languages and len(t.languages) > 1) == []


def test_estimates_are_in_range(tracks: list[Track]) -> None:
    def out_of_range(track: Track) -> list[str]:
        shares = [n for n in FEATURES[:-1] if not 0 <= (getattr(track.features, n) or 0) <= 1]
        tempo = track.features.tempo_bpm or 0
        return shares + ([f"tempo {tempo}"] if not 35 <= tempo <= 240 else [])

    assert breaking(tracks, out_of_range) == []
    assert breaking(tracks, lambda t: not 1900 <= (t.year or 0) <= 2030 and t.year) == []
    assert breaking(tracks, lambda t: not 30_000 <= (t.duration_ms or 0) <= 3_600_000 and t.duration_ms) == []


def test_a_song_without_words_is_instrumental(tracks: list[Track]) -> None:
    assert breaking(
        tracks, lambda t: t.languages == (NO_WORDS,) and (t.features.instrumentalness or 0) < 0.2 and t.features
    ) == []  # fmt: skip


def test_a_description_has_15_to_40_words(tracks: list[Track]) -> None:
    assert breaking(tracks, lambda t: not 15 <= len((t.description or "").split()) <= 40 and t.description) == []


def test_a_description_is_this_songs_own(tracks: list[Track]) -> None:
    assert [text for text, n in Counter(t.description for t in tracks).items() if n > 1] == []


def test_no_description_names_its_song_or_its_artist(tracks: list[Track]) -> None:
    def named(track: Track) -> list[str]:
        text = f" {' '.join(words(track.description or ''))} "
        bare = track.title.split(" (")[0].split(" - ")[0]
        names = [words(name) for name in (bare, *track.artists)]
        return [name for said in names if (name := " ".join(said)) and f" {name} " in text]

    assert breaking(tracks, named) == []


def test_a_song_carries_eight_different_emotions_of_the_vocabulary(tracks: list[Track]) -> None:
    assert breaking(tracks, lambda t: len(t.emotions) != 8 or len(set(t.emotions)) != 8) == []
    assert breaking(tracks, lambda t: set(t.emotions) - set(EMOTIONS)) == []


# --- the vocabulary of emotions -------------------------------------------------------------------------------------


def stems(word: str) -> frozenset[str]:
    """What may be left of a word when endings are taken off, one after the other."""
    found, left = {word}, [word]
    while left:
        part = left.pop()
        for ending in ENDINGS:
            rest = part.removesuffix(ending)
            if rest != part and len(rest) >= 3:
                shorter = {rest, rest.removesuffix(rest[-1])} if rest[-1:] == rest[-2:-1] else {rest}
                shorter |= {rest[:-1] + "y"} if rest.endswith("i") else set()
                left += shorter - found
                found |= shorter
    return frozenset(found)


def of_one_stem(one: str, other: str) -> bool:
    return one != other and bool(stems(one) & stems(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("betrayal", "betrayed"), ("joy", "joyful"), ("sad", "sadness"), ("lonely", "loneliness"), ("hope", "hopeful"),
        ("nostalgia", "nostalgic"), ("energy", "energetic"), ("fun", "funny"), ("warm", "warmth"),
        ("romance", "romantic"), ("euphoria", "euphoric"), ("tender", "tenderness"), ("celebrate", "celebration"),
        ("mystery", "mysterious"), ("freedom", "free"), ("happy", "happiness"),
    ],
)  # fmt: skip
def test_the_check_for_derivatives_knows_one(one: str, other: str) -> None:
    assert of_one_stem(one, other) or stems_meet_by_prefix(one, other)


def stems_meet_by_prefix(one: str, other: str) -> bool:
    """Whether one word's shortest stem of five letters or more begins the other: romanc-e, romant-ic."""
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= 5 and shared >= min(len(one), len(other)) - 2


def test_the_vocabulary_of_emotions_is_small_and_without_derivatives() -> None:
    assert len(set(EMOTIONS)) == len(EMOTIONS) <= 120
    assert [pair for pair in combinations(EMOTIONS, 2) if of_one_stem(*pair) or stems_meet_by_prefix(*pair)] == []
    assert all(word.isascii() and word.isalpha() and word.islower() for word in EMOTIONS)


def test_every_emotion_and_situation_is_in_use(tracks: list[Track]) -> None:
    assert set(EMOTIONS) - {e for t in tracks for e in t.emotions} == set()
    assert set(SITUATIONS) - {s for t in tracks for s in t.situations} == set()


# --- spread ---------------------------------------------------------------------------------------------------------


def test_there_are_two_thousand_songs_or_more(tracks: list[Track]) -> None:
    assert len(tracks) >= 2000


def test_every_decade_from_the_fifties_has_a_hundred_songs(tracks: list[Track]) -> None:
    decades = Counter((t.year or 0) // 10 * 10 for t in tracks)
    assert {d: decades[d] for d in range(1950, 2030, 10) if decades[d] < 100} == {}


def test_forty_genres_have_twenty_songs(tracks: list[Track]) -> None:
    genres = Counter(g for t in tracks for g in t.genres)
    assert len([g for g, n in genres.items() if n >= 20]) >= 40


def test_twelve_languages_and_four_hundred_songs_not_in_english(tracks: list[Track]) -> None:
    sung = Counter(code for t in tracks for code in t.languages if code != NO_WORDS)
    assert len(sung) >= 12
    assert sum(1 for t in tracks if t.languages and not {"en", NO_WORDS} & set(t.languages)) >= 400
    assert sung["es"] >= 150


def test_every_language_that_a_request_can_name_and_is_common_has_songs(tracks: list[Track]) -> None:
    common = (
        "spanish",
        "french",
        "portuguese",
        "italian",
        "german",
        "japanese",
        "korean",
        "mandarin",
        "arabic",
        "hindi",
    )
    sung = Counter(code for t in tracks for code in t.languages)
    assert {name: sung[LANGUAGES[name]] for name in common if sung[LANGUAGES[name]] < 10} == {}


def test_a_hundred_and_fifty_are_instrumental(tracks: list[Track]) -> None:
    assert sum((t.features.instrumentalness or 0) >= 0.5 for t in tracks) >= 150


def test_no_artist_is_there_more_than_eight_times(tracks: list[Track]) -> None:
    artists = Counter(key for t in tracks for key in {artist_key(name) for name in t.artists})
    assert {name: n for name, n in artists.items() if n > 8} == {}


@pytest.mark.parametrize("energetic", [True, False])
@pytest.mark.parametrize("happy", [True, False])
def test_every_quarter_of_the_mood_plane_has_three_hundred_songs(
    tracks: list[Track], *, energetic: bool, happy: bool
) -> None:
    def inside(track: Track) -> bool:
        energy, valence = track.features.energy or 0, track.features.valence or 0
        return (energy >= 0.5) == energetic and (valence >= 0.5) == happy

    assert sum(map(inside, tracks)) >= 300


@pytest.mark.parametrize("situation", SERVED)
def test_every_everyday_situation_has_forty_songs(tracks: list[Track], situation: str) -> None:
    assert sum(situation in t.situations for t in tracks) >= 40


def test_titles_are_not_one_joke_told_often(tracks: list[Track]) -> None:
    assert max(Counter(title_key(t.title) for t in tracks).values()) <= 4
