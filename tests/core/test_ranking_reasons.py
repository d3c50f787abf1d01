"""Reasons tell the truth: each claim of each of them is held against what is stored about the song."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from core.catalogue.identity import artist_key, artist_keys
from core.models import ClauseKind, Features, Mood, Pick, Sign, Track, Vibe
from core.ranking.reasons import reasons
from core.vocabulary import EMOTIONS, LANGUAGES, SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.studio import Compose, OpenStudio

VIBES: Final = [
    "feeling sunny and lazy", "heartbroken at 3am", "gym, pump me up", "cooking dinner with a glass of wine", "study",
    "road trip with friends", "rainy sunday morning", "party with friends", "can't sleep",
    "rush hour, make it bearable",
    "nostalgic for summers I never had", "furious at my boss", "wedding first dance", "estoy triste y llueve", "😭",
    "songs from the 80s", "late 60s, dreamy", "since 2015, confident", "1994", "songs in Spanish for dancing",
    "french songs for dinner", "in Japanese, at night", "Portuguese-language music, sunset", "jazz for reading",
    "punk rock for running", "slow soul music, romantic", "instrumental focus music", "female vocals, lonely",
    "male singers, hopeful", "like Radiohead", "something like Nina Simone", "songs by Radiohead",
    "acoustic guitar, calm",
    "saxophone at midnight", "piano and strings, grief", "disco, nothing by ABBA", "sad but not depressing",
    "winter walk alone", "meditation", "house music, euphoric", "rap with swagger", "explicit rap", "x", "悲しい夜",
    "morning coffee, no vocals", "celebration with brass", "drum and bass for the commute", "spooky",
]  # fmt: skip

# A word for how a song sounds, and when it may be used.
SOUNDS: Final[dict[str, Callable[[Features], bool]]] = {
    "calm": lambda f: f.energy is not None and f.energy < 0.5,
    "energetic": lambda f: f.energy is not None and f.energy > 0.55,
    "sombre": lambda f: f.valence is not None and f.valence < 0.4,
    "bright": lambda f: f.valence is not None and f.valence > 0.55,
    "danceable": lambda f: f.danceability is not None and f.danceability > 0.6,
    "acoustic": lambda f: f.acousticness is not None and f.acousticness > 0.6,
    "instrumental": lambda f: f.instrumentalness is not None and f.instrumentalness > 0.5,
    "spoken or rapped": lambda f: f.speechiness is not None and f.speechiness > 0.2,
    "slow": lambda f: f.tempo_bpm is not None and f.tempo_bpm < 95,
    "fast": lambda f: f.tempo_bpm is not None and f.tempo_bpm > 120,
}
PLACES: Final = {
    "the gym": "gym", "the road": "road", "the night": "night", "rainy days": "rain", "mornings": "morning",
    "Sunday mornings": "sunday morning", "parties": "party", "winter days": "winter", "summer days": "summer",
    "a walk": "walk", "time with friends": "friends", "time alone": "alone", "weddings": "wedding",
    "times of grief": "grief", "the sunset": "sunset", "the commute": "commute", "focused work": "focus",
    "studying": "study",
}  # fmt: skip


def holds(reason: str, pick: Pick, vibe: Vibe, near: Callable[[str, Track], bool]) -> bool:  # noqa: C901, PLR0911 - a table
    """Whether what a reason claims is stored about the song, and was asked for where it says so."""
    track = pick.track
    if match := re.fullmatch(r"from (\d{4})", reason):
        year = int(match[1])
        return year == track.year and any(
            c.years and c.years[0] <= year <= c.years[1] for c in vibe.wanted(ClauseKind.ERA)
        )
    if match := re.fullmatch(r"sung in (.+)", reason):
        return LANGUAGES[match[1].lower()] in track.languages
    if match := re.fullmatch(r"(female|male|mixed) voice", reason):
        return match[1] == track.voice
    if match := re.fullmatch(r"goes with (.+)", reason):
        situation = PLACES.get(match[1], match[1])
        return situation in SITUATIONS and situation in track.situations
    if match := re.fullmatch(r"carries (.+)", reason):
        named = match[1].split(" and ")
        return all(emotion in track.emotions and emotion in EMOTIONS for emotion in named)
    if match := re.fullmatch(r"close to (.+) in mood and style", reason):
        return artist_key(match[1]) not in artist_keys(track) and near(match[1], track)
    if match := re.fullmatch(r"(.+) was asked for", reason):
        return match[1] in track.artists and artist_key(match[1]) in artist_key(vibe.text)
    if match := re.fullmatch(r"with (.+), who was asked for", reason):
        return artist_key(match[1]) in artist_keys(track)
    if match := re.fullmatch(r"with (.+)", reason):
        return match[1] in track.instruments
    if match := re.fullmatch(r"near in overall feel(?: \((.+)\))?", reason):
        facts = match[1].split(", ") if match[1] else []
        return all(fact in (*track.genres, str(track.year)) for fact in facts)
    if match := re.fullmatch(r"“(.+)”", reason):
        return match[1] in (track.description or "")
    if reason in track.genres:
        return True
    words = re.split(r" and ", reason)
    return all(word in SOUNDS and SOUNDS[word](track.features) for word in words)


@pytest.mark.parametrize("text", VIBES)
def test_every_claim_of_every_reason_is_stored_about_the_song(compose: Compose, starter: OpenStudio, text: str) -> None:
    store, index = starter.studio.store, starter.generation.index

    def near(name: str, track: Track) -> bool:
        rows = store.rows_of_artist(artist_key(name))
        model = np.mean(list(index.vectors(rows).values()), axis=0)
        (vector,) = index.vectors([store.ids()[track.id]]).values()
        return float(model @ vector / (np.linalg.norm(model) * np.linalg.norm(vector))) >= 0.499

    playlist = compose(text)
    stored = store.tracks([store.ids()[pick.track.id] for pick in playlist.picks])
    assert {pick.track.id: pick.track for pick in playlist.picks} == {t.id: t for t in stored.values()}
    false = [
        (pick.track.title, reason)
        for pick in playlist.picks
        for reason in pick.reasons
        if not holds(reason, pick, playlist.vibe, near)
    ]
    assert false == []


@pytest.mark.parametrize("text", VIBES)
def test_no_reason_praises_what_was_refused(compose: Compose, text: str) -> None:
    playlist = compose(text)
    refused = {c.value for c in playlist.vibe.clauses if c.sign is Sign.UNWANTED}
    told = {word for pick in playlist.picks for r in pick.reasons for word in (r, *re.split(r"carries | and ", r))}
    assert not refused & told


def test_reasons_are_mostly_telling(compose: Compose) -> None:
    told = [pick.reasons for text in VIBES[:14] for pick in compose(text).picks]
    plain = [r for r in told if r[0].startswith("near in overall feel")]
    assert len(plain) < 0.1 * len(told)
    assert all(len(set(r)) == len(r) <= 3 for r in told)


def test_what_was_asked_for_is_told_first(compose: Compose) -> None:
    assert all(p.reasons[0] == f"from {p.track.year}" for p in compose("songs from the 80s").picks)
    assert all(p.reasons[0] == "sung in Spanish" for p in compose("songs in Spanish for dancing").picks)


SONG: Final = Track(
    "1", "Blue Door", ("Anna Example",), year=1984, genres=("synth-pop",), languages=("es",), voice="female",
    instruments=("piano",), situations=("night",), emotions=("longing", "hope"),
    features=Features(energy=0.52, valence=0.5, tempo_bpm=100.0),
)  # fmt: skip


def test_a_song_of_which_little_is_known_gets_a_plain_reason(starter: OpenStudio) -> None:
    space = starter.generation.space
    bare = Track("2", "Nameless", ("Nobody",))
    everything = Vibe("x", Mood(features=(2.0,) * 7, emotions=(("joy", 1.0),), genres=(("pop", 1.0),)))
    assert reasons(everything, bare, space) == ("near in overall feel",)
    assert reasons(Vibe("x"), SONG, space) == ("near in overall feel (synth-pop, 1984)",)


def test_a_middling_value_is_given_no_word_however_odd_the_catalogue(starter: OpenStudio) -> None:
    for lean in (-2.0, 2.0):
        told = reasons(Vibe("x", Mood(features=(lean,) * 7)), SONG, starter.generation.space)
        assert told == ("near in overall feel (synth-pop, 1984)",)


def test_an_artist_that_a_song_is_near_to_is_named_unless_it_is_the_artists_own(starter: OpenStudio) -> None:
    space = starter.generation.space
    assert "close to ABBA in mood and style" in reasons(Vibe("x"), SONG, space, ["ABBA"])
    assert not any("close to" in r for r in reasons(Vibe("x"), SONG, space, ["anna example"]))
