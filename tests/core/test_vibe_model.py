"""The bundled mood model: that it feels what people feel, and that it can be trained, kept and read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.importing import starter_tracks
from core.models import FEATURES, Target
from core.vibe.interpreter import BuiltInInterpreter
from core.vibe.mood_model import TARGETS, MoodModel, bundled_mood_model, model_file, mood_of, ngrams, target_of
from core.vibe.training import Lesson, concept_target, fit, lessons, lexicon, starter_space, train
from core.vocabulary import EMOTIONS, GENRES, SITUATIONS

if TYPE_CHECKING:
    from core.index.embedding import Embedder

ENERGY, VALENCE = FEATURES.index("energy"), FEATURES.index("valence")

CALM: Final = [
    "calm", "peaceful morning tea by the window", "floating in a warm bath", "falling asleep to soft rain",
    "meditation and deep breathing", "candlelit slow dance", "a lullaby for a baby", "quiet library",
    "una siesta tranquila", "gentle piano before bed", "grandma knitting by the fire", "😴", "😌",
]  # fmt: skip
FIERCE: Final = [
    "angry", "furious, i want to smash things", "punk rock mosh pit", "sprint intervals at the gym",
    "screaming at the top of my lungs", "rave at 3am", "jump around with friends", "headbanging in the car",
    "estoy furioso y quiero romper todo", "pump me up for the fight", "storming the castle", "🤬", "🔥",
]  # fmt: skip
HAPPY: Final = [
    "happy", "best day of my life", "sunny picnic with friends", "we won the championship", "birthday party balloons",
    "feliz y con ganas de bailar", "dancing in the kitchen", "skipping down the street", "summer holiday joy",
    "first day of spring", "smiling from ear to ear", "😄", "🥳",
]  # fmt: skip
SAD: Final = [
    "sad", "my dog died today", "crying alone in the dark", "funeral for a friend", "he left me and i am broken",
    "triste y solo", "hopeless and empty", "haunted by regret", "grief that will not end",
    "the saddest song in the world", "numb and hollow", "😢", "💔",
]  # fmt: skip
GIBBERISH: Final = ["xqzt blorp fnargle", "asdkjh qwoeiu zmxn", "qqqq wwww zzzz", "lkjh poiu mnbv", "vrrpt"]
# Two phrases each, one feature, and which of them has more of it.
CONTRASTS: Final = [
    ("rush hour, make it bearable", "rush hour", "valence"),
    ("acoustic guitar around a campfire", "techno in a warehouse", "acousticness"),
    ("dance floor at midnight", "reading in bed", "danceability"),
    ("instrumental music to focus, no words", "sing-along karaoke anthems", "instrumentalness"),
    ("rap with clever words", "ambient drone", "speechiness"),
    ("sprint at full speed", "slow ballads", "tempo_bpm"),
]


@pytest.fixture(scope="module")
def interpreter(embedder: Embedder) -> BuiltInInterpreter:
    return BuiltInInterpreter(bundled_mood_model(), embedder, lambda _: {})


def feature(interpreter: BuiltInInterpreter, text: str, place: int) -> float:
    return float(interpreter.understand(text).target.features[place])


def strength(interpreter: BuiltInInterpreter, text: str) -> float:
    return float(np.linalg.norm(np.concatenate(interpreter.understand(text).target.parts())))


@pytest.mark.parametrize(("calm", "fierce"), list(zip(CALM, FIERCE, strict=True)))
def test_calm_has_less_energy_than_fierce(interpreter: BuiltInInterpreter, calm: str, fierce: str) -> None:
    assert feature(interpreter, calm, ENERGY) < -0.2 < feature(interpreter, fierce, ENERGY)


@pytest.mark.parametrize(("happy", "sad"), list(zip(HAPPY, SAD, strict=True)))
def test_happy_is_brighter_than_sad(interpreter: BuiltInInterpreter, happy: str, sad: str) -> None:
    assert feature(interpreter, happy, VALENCE) > 0.3 > -0.1 > feature(interpreter, sad, VALENCE)


def test_every_calm_vibe_is_calmer_than_most_fierce_ones(interpreter: BuiltInInterpreter) -> None:
    calm = [feature(interpreter, text, ENERGY) for text in CALM]
    fierce = [feature(interpreter, text, ENERGY) for text in FIERCE]
    assert max(calm) < sorted(fierce)[1]


@pytest.mark.parametrize(("more", "less", "name"), CONTRASTS)
def test_words_move_the_feature_that_they_speak_of(
    interpreter: BuiltInInterpreter, more: str, less: str, name: str
) -> None:
    place = FEATURES.index(name)
    assert feature(interpreter, more, place) > feature(interpreter, less, place) + 0.05


def test_gibberish_gets_a_weak_target(interpreter: BuiltInInterpreter) -> None:
    nonsense = [strength(interpreter, text) for text in GIBBERISH]
    sense = [strength(interpreter, text) for text in (*CALM, *FIERCE, *HAPPY, *SAD)]
    assert np.median(nonsense) < 0.6 * np.median(sense)
    assert max(nonsense) < np.median(sense)


def test_what_the_model_has_read_is_familiar_and_gibberish_is_not(interpreter: BuiltInInterpreter) -> None:
    def familiarity(text: str) -> float:
        return interpreter.understand(text).target.familiarity

    sense = [familiarity(text) for text in (*CALM, *FIERCE, *HAPPY, *SAD)]
    nonsense = [familiarity(text) for text in GIBBERISH]
    assert np.median(nonsense) < 0.5 * np.median(sense)
    assert max(nonsense) < np.median(sense)
    assert familiarity("calm") > 0.9


@pytest.mark.parametrize(
    ("vibe", "without", "place"),
    [
        ("party", "party but nothing happy", VALENCE),
        ("study", "study, nothing energetic", ENERGY),
        ("rainy evening", "rainy evening, not too happy", VALENCE),
    ],
)
def test_an_unwanted_mood_pushes_the_target_away_from_it(
    interpreter: BuiltInInterpreter, vibe: str, without: str, place: int
) -> None:
    assert feature(interpreter, without, place) < feature(interpreter, vibe, place) - 0.1


def test_not_sad_is_brighter_than_sad(interpreter: BuiltInInterpreter) -> None:
    assert feature(interpreter, "not sad", VALENCE) > 0.3 > feature(interpreter, "sad", VALENCE)
    assert feature(interpreter, "party but nothing sad", VALENCE) > feature(interpreter, "party but sad", VALENCE)


def test_sad_but_not_depressing_stays_sad(interpreter: BuiltInInterpreter) -> None:
    understood = interpreter.understand("sad but not depressing")
    assert understood.target.features[VALENCE] < -0.2
    assert "sadness" in understood.vibe.moods


def test_what_a_song_is_for_and_what_it_carries_is_told_too(interpreter: BuiltInInterpreter) -> None:
    target = interpreter.understand("songs for a wedding").target
    assert SITUATIONS[int(np.argmax(target.situations))] == "wedding"
    heartbroken = interpreter.understand("my heart is broken, she left").vibe.mood
    assert heartbroken.emotions[0][0] in ("heartbreak", "sadness", "longing")
    assert GENRES[int(np.argmax(interpreter.understand("jazz club").target.genres))].endswith("jazz")


# --- training, keeping, reading ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(embedder: Embedder) -> tuple[list[Lesson], MoodModel]:
    """A model of every 25th lesson."""
    tracks = list(starter_tracks())[::4]
    read = lessons(tracks, starter_space(tracks))[::25]
    return read, train(read, embedder)


def test_a_trained_model_knows_its_lessons(small: tuple[list[Lesson], MoodModel]) -> None:
    read, model = small
    plain = [n for n, lesson in enumerate(read) if lesson.noise == 1][:200]
    told = np.stack([
        np.concatenate(model.target(read[n].text, model.embeddings[n]).parts()) for n in plain
    ])  # fmt: skip
    meant = np.stack([read[n].target for n in plain])
    assert np.corrcoef(told[:, VALENCE], meant[:, VALENCE])[0, 1] > 0.8
    assert np.corrcoef(told[:, ENERGY], meant[:, ENERGY])[0, 1] > 0.8


def test_a_kept_model_comes_back_within_a_hundredth_of_what_it_was(
    small: tuple[list[Lesson], MoodModel], tmp_path: Path
) -> None:
    read, model = small
    model.save(tmp_path / "model.npz")
    again = MoodModel.load(tmp_path / "model.npz")
    assert (again.width, again.literal, again.embedder) == (model.width, model.literal, model.embedder)
    for n in range(0, len(read), 20):
        was = np.concatenate(model.target(read[n].text, model.embeddings[n]).parts())
        now = np.concatenate(again.target(read[n].text, model.embeddings[n]).parts())
        assert np.abs(was - now).max() < 0.03
        assert np.abs(was - now).mean() < 0.01


def test_a_text_without_words_is_a_lesson_like_any_other() -> None:
    read = [
        Lesson("happy day", np.full(TARGETS, 1, dtype=np.float32)),
        Lesson("…", np.full(TARGETS, -1, dtype=np.float32)),
        Lesson("sad day", np.zeros(TARGETS, dtype=np.float32)),
        Lesson("!", np.zeros(TARGETS, dtype=np.float32)),
    ]
    model = fit(read, np.eye(4, dtype=np.float32), "none")
    here = [float(model.target(read[n].text, np.eye(4, dtype=np.float32)[n]).features[0]) for n in range(4)]
    assert here[0] > 0.5
    assert here[1] < -0.4
    assert np.isfinite(here).all()


def test_the_bundled_model_fits_its_embedder_and_stays_small(embedder: Embedder) -> None:
    model = bundled_mood_model()
    assert model.embedder == embedder.fingerprint, "retrain: python -m core.vibe.training"
    assert model.embeddings.shape[1] == embedder.dimension
    assert model.duals.shape == (len(model.embeddings), TARGETS)
    assert model_file().stat().st_size < 12e6


# --- its parts --------------------------------------------------------------------------------------------------------


@given(st.text(max_size=120))
def test_ngrams_are_a_unit_vector_or_nothing(text: str) -> None:
    found = ngrams(text)
    assert sum(v * v for v in found.values()) == pytest.approx(1.0 if found else 0.0)
    assert ngrams(text.upper().lower()) == ngrams(text.upper().lower().upper().lower())


def test_like_words_share_letters_and_unlike_ones_do_not() -> None:
    def overlap(a: str, b: str) -> float:
        one, other = ngrams(a), ngrams(b)
        return sum(v * other.get(place, 0.0) for place, v in one.items())

    assert overlap("melancholy", "melancholic") > 0.2 > overlap("melancholy", "bright")


def test_what_stands_out_is_told_strongest_first() -> None:
    values = np.zeros(TARGETS, dtype=np.float32)
    target = target_of(values, 1.0)
    target.emotions[[3, 5, 7]] = [0.5, 1.0, 0.1]
    target.genres[2] = -1
    assert mood_of(target).emotions == ((EMOTIONS[5], 1.0), (EMOTIONS[3], 0.5))
    assert mood_of(target).genres == ()
    assert mood_of(target_of(np.zeros(TARGETS, dtype=np.float32), 1.0)).emotions == ()


def test_a_target_less_a_share_of_another() -> None:
    one, other = (target_of(np.full(TARGETS, value, dtype=np.float32), 1.0) for value in (1.0, 0.5))
    away = one.away_from(other, 0.5)
    assert isinstance(away, Target)
    assert {float(v) for part in away.parts() for v in part} == {0.75}


# --- the lexicon ------------------------------------------------------------------------------------------------------


def test_the_lexicon_is_rich_enough() -> None:
    entries = list(lexicon())
    concepts = [entry["concept"] for entry in entries]
    assert len(concepts) == len(set(concepts)) >= 300
    phrases = {phrase.casefold() for entry in entries for phrase in entry["phrases"]}
    assert len(phrases) >= 4000
    assert sum(any(c in "ñáéíóú¿¡" for c in phrase) for phrase in phrases) >= 150


def test_the_lexicon_speaks_only_words_that_are_known() -> None:
    space = starter_space(list(starter_tracks()))
    for entry in lexicon():
        assert set(entry) == {"concept", "features", "genres", "not_genres", "emotions", "phrases"}, entry["concept"]
        assert set(entry["features"]) <= set(FEATURES), entry["concept"]
        assert all(
            -2 <= lean <= 2 and 0 < importance <= 1 for lean, importance in entry["features"].values()
        ), entry["concept"]  # fmt: skip
        assert set(entry["genres"]) | set(entry["not_genres"]) <= set(GENRES), entry["concept"]
        assert not set(entry["genres"]) & set(entry["not_genres"]), entry["concept"]
        assert set(entry["emotions"]) <= set(EMOTIONS), entry["concept"]
        assert all(p == p.strip() and p for p in entry["phrases"]), entry["concept"]
        assert np.isfinite(concept_target(entry, space)).all()
