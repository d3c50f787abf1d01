"""The space of a catalogue: how songs and vibes become vectors, and that it comes back from disk as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.index.backend import PAYLOAD_FIELDS
from core.index.space import (
    PARTS,
    Space,
    Weights,
    _normal_quantile,
    card,
    emotion_strengths,
    genre_of,
    genre_table,
    payload,
    sound_words,
    sparse_query,
    sparse_track,
    word_index,
)
from core.models import FEATURES, Features, Target, Track
from core.vocabulary import EMOTIONS, GENRES, SITUATIONS
from tests.core.made_up import song, songs

CARD = 16
TRACKS = [
    replace(track, emotions=(EMOTIONS[n % 9], EMOTIONS[n % 4 + 20]), situations=(SITUATIONS[n % 6],))
    for n, track in enumerate(songs(60))
]
RNG = np.random.default_rng(7)
CARDS = RNG.normal(size=(60, CARD)).astype(np.float32)

shares = st.none() | st.floats(0, 1)
features = st.builds(Features, shares, shares, shares, shares, shares, shares, st.none() | st.floats(30, 250))


@pytest.fixture(scope="module")
def space() -> Space:
    return Space.fit(TRACKS, CARDS)


def parts(space: Space, vector: np.ndarray) -> list[np.ndarray]:
    assert len(vector) == space.dimension
    return np.split(vector, space.edges[1:-1])


def knowing(*known: Features) -> list[Track]:
    return [Track(str(n), "X", ("Y",), features=f) for n, f in enumerate(known)]


def target(features: float = 0.0, genres: np.ndarray | None = None) -> Target:
    return Target(
        np.full(len(FEATURES), features, dtype=np.float32),
        np.zeros(len(GENRES), dtype=np.float32) if genres is None else genres,
        np.linspace(-1, 1, len(EMOTIONS), dtype=np.float32),
        np.linspace(1, 0, len(SITUATIONS), dtype=np.float32),
    )


def test_the_normal_quantile_is_the_known_one() -> None:
    p = np.linspace(0.001, 0.999, 999)
    exact = np.array([NormalDist().inv_cdf(x) for x in p])
    assert np.abs(_normal_quantile(p) - exact).max() < 4.5e-4
    assert np.isfinite(_normal_quantile(np.array([0.0, 1.0]))).all()
    assert _normal_quantile(np.array([0.5]))[0] == 0


def test_every_part_of_a_songs_vector_has_length_one(space: Space) -> None:
    for track, embedding in zip(TRACKS, CARDS, strict=True):
        vector = space.track_vector(track, embedding)
        assert vector.dtype == np.float32
        assert [float(np.linalg.norm(part)) for part in parts(space, vector)] == pytest.approx([1] * 5, abs=1e-5)


def test_a_part_that_nothing_is_known_of_is_zero(space: Space) -> None:
    unknown = space.track_vector(Track("x", "Y", ("Z",)), CARDS[0])
    assert [float(np.linalg.norm(part)) for part in parts(space, unknown)] == pytest.approx([0, 0, 0, 0, 1], abs=1e-5)
    strange = space.track_vector(
        Track("x", "Y", ("Z",), genres=("a",), emotions=("b",), situations=("c",)), space.center
    )
    assert not strange.any()


@given(features)
@settings(deadline=None)
def test_features_lie_within_three_deviations_and_are_zero_where_unknown(space: Space, given_: Features) -> None:
    placed = space.place_features(given_)
    assert placed.dtype == np.float32
    assert np.abs(placed).max() <= 2.6
    assert all(p == 0 for p, value in zip(placed, given_.values(), strict=True) if value is None)


@given(st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None)
def test_more_energy_is_never_placed_lower(space: Space, one: float, other: float) -> None:
    low, high = (space.place_features(Features(energy=e))[0] for e in sorted((one, other)))
    assert low <= high + 1e-6


def test_the_middle_song_stands_at_zero_and_the_ends_far_from_it() -> None:
    energies = [Features(energy=n / 1000) for n in range(1001)]
    space = Space.fit(knowing(*energies), np.zeros((1, CARD), dtype=np.float32))
    low, middle, high = (float(space.place_features(Features(energy=e))[0]) for e in (0.0, 0.5, 1.0))
    assert middle == pytest.approx(0, abs=0.02)
    assert low == pytest.approx(-high)
    assert high > 2
    assert float(space.place_features(Features(energy=0.8413))[0]) == pytest.approx(1, abs=0.02)


def test_songs_that_share_a_value_stand_in_the_middle_of_their_ranks() -> None:
    known = [Features(instrumentalness=0.0)] * 80 + [Features(instrumentalness=n / 20) for n in range(1, 21)]
    space = Space.fit(knowing(*known), np.zeros((1, CARD), dtype=np.float32))
    at = FEATURES.index("instrumentalness")
    assert float(space.place_features(Features(instrumentalness=0.0))[at]) == pytest.approx(
        NormalDist().inv_cdf(0.4), abs=0.05
    )


def test_a_catalogue_that_knows_no_features_or_genres_still_has_a_space() -> None:
    space = Space.fit(knowing(*[Features()] * 3), CARDS[:3])
    assert np.isfinite(space.track_vector(TRACKS[0], CARDS[0])).all()
    assert not space.place_genres(["rock"]).any()


def test_genres_are_placed_by_what_sets_them_apart(space: Space) -> None:
    rock, jazz = space.place_genres(["rock"]), space.place_genres(["jazz"])
    at = GENRES.index("rock")
    assert rock[at] > 0 > jazz[at]
    assert float(rock @ jazz) < 0
    assert np.allclose(space.place_genres(["rock", "jazz"]), (rock + jazz) / 2, atol=1e-6)
    assert np.allclose(space.place_genres(["rock", "unheard of"]), rock)
    assert not space.place_genres([]).any()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("rock", "rock"), ("modern country rock", "rock"), ("hip-hop", "hip hop"), ("chicago house", "house"),
        ("k pop", "k-pop"), ("Lo-Fi", "lo-fi hip hop"), ("permanent wave", None), ("", None),
    ],
)  # fmt: skip
def test_a_genre_is_found_by_name_alias_or_its_ending(name: str, place: str | None) -> None:
    assert genre_of(name) == (None if place is None else GENRES.index(place))


def test_an_unknown_genre_is_told_by_the_company_it_keeps() -> None:
    table = genre_table(
        [("permanent wave", "rock"), ("permanent wave", "rock"), ("permanent wave", "jazz"), ("lonely",)]
    )
    wave = table["permanent wave"]
    assert wave[GENRES.index("rock")] == pytest.approx(2 / 3)
    assert wave[GENRES.index("jazz")] == pytest.approx(1 / 3)
    assert not table["lonely"].any()
    assert table["rock"].argmax() == GENRES.index("rock")


def test_a_vibes_fit_is_the_sum_of_its_parts(space: Space) -> None:
    vibe = space.vibe_vector(target(0.5, space.place_genres(["rock"])), CARDS[1], Weights(1.0, 2.0, 3.0, 0.25, 0.5))
    track = space.track_vector(TRACKS[0], CARDS[0])
    assert vibe.shape == track.shape == (space.dimension,)
    assert vibe.dtype == np.float32
    said = space.parts(vibe, track)
    assert tuple(said) == PARTS
    assert all(said.values())
    assert sum(said.values()) == pytest.approx(float(vibe @ track), abs=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_a_weight_scales_its_part_alone(space: Space, part: str) -> None:
    wish = target(0.5, space.place_genres(["jazz"]))
    plain = space.vibe_vector(wish, CARDS[1], Weights(1, 1, 1, 1, 1))
    double = space.vibe_vector(wish, CARDS[1], replace(Weights(1, 1, 1, 1, 1), **{part: 2.0}))
    scaled = [piece * (2 if name == part else 1) for name, piece in zip(PARTS, parts(space, plain), strict=True)]
    assert np.allclose(np.concatenate(scaled), double)
    assert not space.vibe_vector(wish, CARDS[1], Weights(0, 0, 0, 0, 0)).any()


def test_the_first_emotions_count_most_and_what_everybody_feels_counts_less() -> None:
    strengths = emotion_strengths(("joy", "calm", "unheard of", "hope"))
    assert [strengths[EMOTIONS.index(e)] for e in ("joy", "calm", "hope")] == pytest.approx([1.0, 0.9, 0.7])
    assert strengths.sum() == pytest.approx(2.6)
    common, rare = ("joy", "calm"), ("grief", "calm")
    space = Space.fit([replace(song(str(n)), emotions=common if n else rare) for n in range(10)], CARDS[:1])
    placed = space.place_emotions(("joy", "grief"))
    assert placed[EMOTIONS.index("joy")] == pytest.approx(0.1)
    assert placed[EMOTIONS.index("grief")] == pytest.approx(0.8)


def test_a_space_comes_back_from_disk_as_it_was(space: Space, tmp_path: Path) -> None:
    space.save(tmp_path)
    again = Space.load(tmp_path)
    assert list(again.genres) == list(space.genres)
    for track, embedding in zip(TRACKS, CARDS, strict=True):
        assert np.array_equal(again.track_vector(track, embedding), space.track_vector(track, embedding))


def test_a_space_without_genres_and_one_with_odd_names_come_back(tmp_path: Path) -> None:
    for number, names in enumerate([(), ("nueva canción", 'a"b\\', "新世紀")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        Space.fit([Track("1", "X", ("Y",), genres=names)], CARDS[:1]).save(folder)
        assert tuple(Space.load(folder).genres) == names


# --- words, payload and card ----------------------------------------------------------------------------------------


def test_a_songs_words_are_those_of_title_artists_and_genres_each_once() -> None:
    sparse = sparse_track(song(title="Rain, Rain Über", artists=("The Rain",), genres=("rock",)))
    weights = dict(zip(sparse.indices, sparse.values, strict=True))
    assert set(weights) == {word_index(w) for w in ("rain", "uber", "the", "rock")}
    assert weights[word_index("rain")] > weights[word_index("rock")] == pytest.approx(1.0)
    assert max(weights.values()) < 2.2
    assert all(0 <= index < 2**32 for index in sparse.indices)


def test_words_of_a_query_on_one_place_add_up() -> None:
    sparse = sparse_query({"rain": 0.5, "rock": 1.0})
    assert dict(zip(sparse.indices, sparse.values, strict=True)) == {word_index("rain"): 0.5, word_index("rock"): 1.0}
    assert sparse_query({}).indices == ()


def test_a_payload_holds_what_is_known_under_the_names_that_filters_use() -> None:
    whole = replace(
        song(artists=("Queen & David Bowie",), features=Features(instrumentalness=0.0, tempo_bpm=99.5)),
        languages=("es",), country="AR", voice="male", explicit=False, popularity=0.0, duration_ms=1000,
    )  # fmt: skip
    held = payload(whole)
    assert set(held) == set(PAYLOAD_FIELDS)
    assert held["explicit"] == "no"
    assert held["artists"] == ["davidbowie", "queen", "queenanddavidbowie"]
    assert (held["popularity"], held["instrumentalness"]) == (0.0, 0.0)
    assert payload(Track("x", "Y", ("Z",))) == {"artists": ["z"]}


def test_a_card_tells_how_a_song_feels_and_not_its_name_where_it_is_described() -> None:
    described = replace(song(description="For slow rainy days."), emotions=("calm",), situations=("rain",))
    assert card(described) == "For slow rainy days. rain, calm. rock"
    sad = Features(energy=0.1, valence=0.1, acousticness=0.9, tempo_bpm=60)
    assert card(song(features=sad)) == (
        "Blue Door by Anna Example. rock. very calm and quiet, sad, dark, gloomy, acoustic, slow"
    )
    assert card(Track("x", "Y", ("Z",))) == "Y by Z"


@given(features)
def test_no_sound_is_said_of_what_is_unknown(given_: Features) -> None:
    assert sound_words(Features()) == []
    assert all(sound_words(given_))
    both = {"very calm and quiet", "energetic", "very energetic, intense, loud", "calm, gentle"}
    assert len(both & set(sound_words(given_))) <= 1
