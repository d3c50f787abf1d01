"""Which clauses are found in what people write, with what sign, and from which words."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue.identity import artist_key
from core.models import Clause, ClauseKind, Sign
from core.vibe.gazetteer import EMOJI, INSTRUMENTS, MOODS, SITUATIONS, VOICES
from core.vibe.interpreter import is_common
from core.vibe.rules import Rules, tokens
from core.vocabulary import EMOTIONS, GENRE_ALIASES, GENRES, LANGUAGES
from core.vocabulary import SITUATIONS as KNOWN_SITUATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

ARTISTS: Final = {
    "Happy": 3, "Sunny": 3, "Love": 5, "Queen": 9, "Boss": 4, "Drive": 3, "Air": 4, "Rain": 3, "Oasis": 5, "The The": 4,
    "The Cure": 7, "Sea": 4, "The Fire": 4,
    "The Beatles": 40, "Radiohead": 12, "ABBA": 8, "Daft Punk": 9, "Taylor Swift": 9, "Björk": 4,
    "Rosalía": 5, "AC/DC": 9, "Earth, Wind & Fire": 5, "Guns N' Roses": 6, "Destiny's Child": 4, "Blur": 4,
}  # fmt: skip
COUNTS: Final = {artist_key(name): songs for name, songs in ARTISTS.items()}


def artist_counts(keys: Iterable[str]) -> dict[str, int]:
    return {key: COUNTS[key] for key in keys if key in COUNTS}


RULES: Final = Rules(artist_counts, is_common)


def found(text: str, kind: ClauseKind) -> list[tuple[str, str, str]]:
    """(value, sign, the words it came from) of each clause of a kind."""
    return [(c.value, c.sign.value, text[c.start : c.end]) for c in RULES.clauses(text) if c.kind is kind]


def eras(text: str) -> list[tuple[tuple[int, int] | None, str]]:
    return [(c.years, text[c.start : c.end]) for c in RULES.clauses(text) if c.kind is ClauseKind.ERA]


@pytest.mark.parametrize(
    ("text", "years", "words"),
    [
        ("songs from 1994", (1994, 1994), "1994"),
        ("1999 songs", (1999, 1999), "1999"),
        ("90s rock", (1990, 1999), "90s"),
        ("'80s synth", (1980, 1989), "'80s"),
        ("in the ’80s", (1980, 1989), "the ’80s"),
        ("it is the 60's again", (1960, 1969), "the 60's"),
        ("the 1950s", (1950, 1959), "the 1950s"),
        ("1990's house", (1990, 1999), "1990's"),
        ("00s emo", (2000, 2009), "00s"),
        ("2000s hits", (2000, 2009), "2000s"),
        ("20s", (2020, 2029), "20s"),
        ("30s", (1930, 1939), "30s"),
        ("early 2000s", (2000, 2004), "early 2000s"),
        ("mid-90s r&b", (1993, 1997), "mid-90s"),
        ("late 70s", (1975, 1979), "late 70s"),
        ("late nineties", (1995, 1999), "late nineties"),
        ("nineties", (1990, 1999), "nineties"),
        ("the roaring twenties", (1920, 1929), "twenties"),
        ("from the two thousands", (2000, 2009), "the two thousands"),
        ("between 1980 and 1989", (1980, 1989), "between 1980 and 1989"),
        ("from 1970 to 1975", (1970, 1975), "from 1970 to 1975"),
        ("1965-1972", (1965, 1972), "1965-1972"),
        ("1989 – 1980", (1980, 1989), "1989 – 1980"),
        ("before 1990", (1900, 1989), "before 1990"),
        ("pre-1960", (1900, 1959), "pre-1960"),
        ("until 1999", (1900, 1999), "until 1999"),
        ("after 2010", (2011, 2100), "after 2010"),
        ("since 2015", (2015, 2100), "since 2015"),
        ("canciones de los 80", (1980, 1989), "los 80"),
        ("los 2000", (2000, 2009), "los 2000"),
        ("años 80", (1980, 1989), "años 80"),
        ("música de los años noventa", (1990, 1999), "los años noventa"),
    ],
)
def test_an_era_is_read_as_its_years(text: str, years: tuple[int, int], words: str) -> None:
    assert eras(text) == [(years, words)]


@pytest.mark.parametrize(
    "text",
    ["in my 20s", "my mid 20s", "run 2000 m", "5000", "100s of songs", "the year of the cat", "room 101", "1890"],
)
def test_what_is_no_era_is_not_read_as_one(text: str) -> None:
    assert eras(text) == []


def test_several_eras_stand_beside_each_other() -> None:
    assert eras("80s and early 90s") == [((1980, 1989), "80s"), ((1990, 1994), "early 90s")]


def test_the_value_of_an_era_is_for_a_person_to_read() -> None:
    values = [c.value for text in ("90s", "1994", "1970 to 1975") for c in RULES.clauses(text)]
    assert values == ["1990s", "1994", "1970-1975"]


@pytest.mark.parametrize(
    ("text", "count", "words"),
    [
        ("20 songs", "20", "20 songs"),
        ("ten songs", "10", "ten songs"),
        ("give me 5 upbeat tracks", "5", "5 upbeat tracks"),
        ("twenty five songs", "25", "twenty five songs"),
        ("a dozen songs", "12", "a dozen songs"),
        ("a 20-song playlist", "20", "20-song"),
        ("diez canciones", "10", "diez canciones"),
        ("15 Lieder", "15", "15 Lieder"),
    ],
)
def test_a_number_of_songs_is_understood(text: str, count: str, words: str) -> None:
    assert found(text, ClauseKind.COUNT) == [(count, "+", words)]


@pytest.mark.parametrize(
    "text", ["one song", "a song for you", "0 songs", "1999 songs", "songs", "12 monkeys", "1.5 songs"]
)
def test_what_is_no_number_of_songs_is_not_read_as_one(text: str) -> None:
    assert found(text, ClauseKind.COUNT) == []


@pytest.mark.parametrize(
    ("text", "minutes", "words"),
    [
        ("45 minutes", "45", "45 minutes"),
        ("a 30-minute run", "30", "30-minute"),
        ("45min of calm", "45", "45min"),
        ("90 mins", "90", "90 mins"),
        ("an hour", "60", "an hour"),
        ("half an hour", "30", "half an hour"),
        ("2 hours", "120", "2 hours"),
        ("1 hr drive", "60", "1 hr"),
        ("2h", "120", "2h"),
        ("an hour and a half", "90", "an hour and a half"),
        ("two and a half hours", "150", "two and a half hours"),
        ("1.5 hours", "90", "1.5 hours"),
        ("una hora", "60", "una hora"),
        ("media hora", "30", "media hora"),
        ("una hora y media", "90", "una hora y media"),
        ("dos horas", "120", "dos horas"),
        ("30 Minuten", "30", "30 Minuten"),
    ],
)
def test_a_length_is_understood(text: str, minutes: str, words: str) -> None:
    assert found(text, ClauseKind.MINUTES) == [(minutes, "+", words)]


@pytest.mark.parametrize(
    "text", ["happy hour", "rush hour", "0 minutes", "2.25 hours", "minutes to midnight", "99 hours"]
)
def test_what_is_no_length_is_not_read_as_one(text: str) -> None:
    assert found(text, ClauseKind.MINUTES) == []


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("90s rock", [("rock", "+", "rock")]),
        ("indie pop", [("indie pop", "+", "indie pop")]),
        ("drum and bass", [("drum and bass", "+", "drum and bass")]),
        ("drum & bass", [("drum and bass", "+", "drum & bass")]),
        ("d&b set", [("drum and bass", "+", "d&b")]),
        ("hip-hop", [("hip hop", "+", "hip-hop")]),
        ("hip hop and R&B", [("hip hop", "+", "hip hop"), ("r&b", "+", "R&B")]),
        ("rnb", [("r&b", "+", "rnb")]),
        ("lo-fi beats", [("lo-fi hip hop", "+", "lo-fi beats")]),
        ("rock'n'roll", [("rock and roll", "+", "rock'n'roll")]),
        ("rock & roll", [("rock and roll", "+", "rock & roll")]),
        ("post-punk revival", [("post-punk", "+", "post-punk")]),
        ("synth pop please", [("synth-pop", "+", "synth pop")]),
        ("K-Pop", [("k-pop", "+", "K-Pop")]),
        ("classic rock anthems", [("classic rock", "+", "classic rock")]),
        ("Música nueva canción", [("nueva canción", "+", "nueva canción")]),
        ("soul", [("soul", "+", "soul")]),
        ("some soul music please", [("soul", "+", "soul")]),
        ("house music for the night", [("house", "+", "house")]),
        ("deep house for the night", [("deep house", "+", "deep house")]),
        ("a soul-crushing day at work", []),
        ("a house party tonight", []),
        ("dance with me tonight", []),
        ("the whole world is mine", []),
        ("my son is one today", []),
        ("a walk in the garage", []),
        ("bluesy", []),
        ("the popular kids", []),
    ],
)
def test_genres_are_found_by_name_and_alias_the_longest_first(text: str, genres: list[tuple[str, str, str]]) -> None:
    assert found(text, ClauseKind.GENRE) == genres


def test_every_genre_is_understood_by_its_own_name() -> None:
    # "german pop" is read as a language and a genre.
    own = [g for g in GENRES if g.split()[0] not in LANGUAGES]
    assert [g for g in own if [v for v, _, _ in found(f"{g} music", ClauseKind.GENRE)] != [g]] == []


def test_a_language_before_a_genre_is_a_wish_of_its_own() -> None:
    assert found("german pop", ClauseKind.LANGUAGE) == [("de", "+", "german")]
    assert found("german pop", ClauseKind.GENRE) == [("pop", "+", "pop")]


M, S, G, A = ClauseKind.MOOD, ClauseKind.SITUATION, ClauseKind.GENRE, ClauseKind.ARTIST
V, T, L, E = ClauseKind.VOICE, ClauseKind.INSTRUMENT, ClauseKind.LANGUAGE, ClauseKind.ERA


@pytest.mark.parametrize(
    ("text", "kind", "clauses"),
    [
        ("no rap", G, [("hip hop", "-", "rap")]),
        ("happy, no rap", M, [("joy", "+", "happy")]),
        ("no jazz, rock", G, [("jazz", "-", "jazz"), ("rock", "+", "rock")]),
        ("no jazz or rock", G, [("jazz", "-", "jazz"), ("rock", "-", "rock")]),
        ("everything except jazz", G, [("jazz", "-", "jazz")]),
        ("anything but country", G, [("country", "-", "country")]),
        ("nothing but jazz", G, [("jazz", "+", "jazz")]),
        ("i don't like metal", G, [("heavy metal", "-", "metal")]),
        ("I don’t want country", G, [("country", "-", "country")]),
        ("kein Techno", G, [("techno", "-", "Techno")]),
        ("todo menos reggaeton", G, [("reggaeton", "-", "reggaeton")]),
        ("not too sad", M, [("sadness", "-", "sad")]),
        ("not too much of the sad stuff", M, [("sadness", "-", "sad")]),
        ("no sad or slow songs", M, [("sadness", "-", "sad")]),
        ("happy, nothing sad or angry", M, [("joy", "+", "happy"), ("sadness", "-", "sad"), ("anger", "-", "angry")]),
        ("sad but not depressing", M, [("sadness", "+", "sad"), ("despair", "-", "depressing")]),
        ("not angry, just calm", M, [("anger", "-", "angry"), ("calm", "+", "calm")]),
        ("no quiero nada triste", M, [("sadness", "-", "triste")]),
        ("pas trop triste", M, [("sadness", "-", "triste")]),
        ("no party", S, [("party", "-", "party")]),
        ("without any screaming", T, [("screaming", "-", "screaming")]),
        ("not in English", L, [("en", "-", "English")]),
        ("no french songs", L, [("fr", "-", "french")]),
        ("nothing from the 80s", E, [("1980s", "-", "the 80s")]),
        ("nothing by ABBA", A, [("ABBA", "-", "ABBA")]),
        ("no Taylor Swift", A, [("Taylor Swift", "-", "Taylor Swift")]),
        ("no songs by ABBA or Queen", A, [("ABBA", "-", "ABBA"), ("Queen", "-", "Queen")]),
        ("not now. sad songs", M, [("sadness", "+", "sad")]),
    ],
)
def test_a_negation_reaches_what_it_denies_and_no_further(
    text: str, kind: ClauseKind, clauses: list[tuple[str, str, str]]
) -> None:
    assert found(text, kind) == clauses


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("female vocals", ("female", "+", "female vocals")),
        ("Male singers only", ("male", "+", "Male singers")),
        ("voz femenina", ("female", "+", "voz femenina")),
        ("without female vocals", ("female", "-", "female vocals")),
        ("instrumental jazz", ("none", "+", "instrumental")),
        ("not instrumental", ("none", "-", "instrumental")),
        ("no vocals", ("none", "+", "no vocals")),
        ("focus, without lyrics", ("none", "+", "without lyrics")),
        ("algo sin letra", ("none", "+", "sin letra")),
        ("ohne Gesang", ("none", "+", "ohne Gesang")),
        ("sans paroles", ("none", "+", "sans paroles")),
    ],
)
def test_a_voice_is_understood_and_no_voice_too(text: str, voice: tuple[str, str, str]) -> None:
    assert found(text, ClauseKind.VOICE) == [voice]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("songs in Spanish", ("es", "+", "Spanish")),
        ("en español", ("es", "+", "español")),
        ("french songs", ("fr", "+", "french")),
        ("German rock", ("de", "+", "German")),
        ("auf Deutsch", ("de", "+", "Deutsch")),
        ("Japanese-language ballads", ("ja", "+", "Japanese")),
        ("en francés", ("fr", "+", "francés")),
        ("sung in Portuguese", ("pt", "+", "Portuguese")),
    ],
)
def test_a_language_is_understood(text: str, language: tuple[str, str, str]) -> None:
    assert found(text, ClauseKind.LANGUAGE) == [language]


@pytest.mark.parametrize("text", ["in the mood", "french fries", "polish my shoes", "en la playa", "in love"])
def test_what_is_no_language_is_not_read_as_one(text: str) -> None:
    assert found(text, ClauseKind.LANGUAGE) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("clean only", "clean"),
        ("kid-friendly", "clean"),
        ("family friendly bangers", "clean"),
        ("no explicit lyrics", "clean"),
        ("not explicit", "clean"),
        ("no swearing please", "clean"),
        ("safe for work", "clean"),
        ("explicit rap", "explicit"),
        ("uncensored", "explicit"),
    ],
)
def test_clean_and_explicit_are_understood(text: str, value: str) -> None:
    assert [(v, sign) for v, sign, _ in found(text, ClauseKind.EXPLICIT)] == [(value, "+")]


@pytest.mark.parametrize(
    ("text", "artists"),
    [
        ("songs by Queen", [("+", "Queen")]),
        ("songs by queen", [("+", "queen")]),
        ("songs by taylor swift", [("+", "taylor swift")]),
        ("Taylor Swift songs", [("+", "Taylor Swift")]),
        ("play Queen", [("+", "Queen")]),
        ("I want Radiohead", [("+", "Radiohead")]),
        ("radiohead", [("+", "radiohead")]),
        ("bjork and rosalia", [("+", "bjork"), ("+", "rosalia")]),
        ("canciones de Rosalía", [("+", "Rosalía")]),
        ("AC/DC", [("+", "AC/DC")]),
        ("Earth, Wind & Fire", [("+", "Earth, Wind & Fire")]),
        ("songs by earth, wind & fire", [("+", "earth, wind & fire")]),
        ("songs by guns n' roses", [("+", "guns n' roses")]),
        ("destiny's child", [("+", "destiny's child")]),
        ("songs like Queen", [("~", "Queen")]),
        ("something like Radiohead but happier", [("~", "Radiohead")]),
        ("similar to Daft Punk", [("~", "Daft Punk")]),
        ("in the style of the beatles", [("~", "the beatles")]),
        ("como Rosalía", [("~", "Rosalía")]),
        ("like Queen and The Beatles", [("~", "Queen"), ("~", "The Beatles")]),
        ("like Radiohead, Blur or Oasis", [("~", "Radiohead"), ("~", "Blur"), ("~", "Oasis")]),
        ("I feel like Björk today", [("~", "Björk")]),
    ],
)
def test_an_artist_is_found_where_one_is_meant(text: str, artists: list[tuple[str, str]]) -> None:
    assert [(sign, words) for _, sign, words in found(text, ClauseKind.ARTIST)] == artists


@pytest.mark.parametrize(
    "text",
    [
        "happy", "Happy", "HAPPY", "sunny", "feeling sunny and lazy", "love", "Love", "drive", "a night drive",
        "Drive at night", "queen of the night", "I feel like a queen", "my Queen", "I am the boss", "I Am The Boss",
        "like a boss", "I am the Boss", "love is in the air", "fresh air", "rain on the window",
        "an oasis in the desert", "songs of the sun", "the cure for loneliness", "songs about love",
        "happy songs by the sea",
        "songs by the sea", "stand by me", "Happy New Year", "songs like this", "with love", "happy, happy",
        "sunny. love", "some love",
        "and rain", "music by the fire",
    ],
)  # fmt: skip
def test_ordinary_words_are_no_artists_though_artists_bear_them(text: str) -> None:
    assert found(text, ClauseKind.ARTIST) == []


def test_moods_and_situations_may_share_words_and_all_else_does_not_overlap() -> None:
    clauses = RULES.clauses("a rainy night, 90s indie pop by Radiohead, 20 songs, no rap")
    assert [(c.kind, c.value) for c in clauses if c.start == 2] == [(M, "melancholy"), (S, "rain")]
    spans = sorted({(c.start, c.end) for c in clauses})
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in pairwise(spans))
    assert {c.kind for c in clauses} >= {M, S, E, G, A, ClauseKind.COUNT}


def test_accents_and_capitals_do_not_matter() -> None:
    assert found("MELANCÓLICO", M) == [("melancholy", "+", "MELANCÓLICO")]
    assert found("corazón roto", M) == [("heartbreak", "+", "corazón roto")]


# --- the word lists themselves ----------------------------------------------------------------------------------------


def test_word_lists_name_only_what_the_vocabularies_know() -> None:
    assert set(MOODS.values()) <= set(EMOTIONS)
    assert set(SITUATIONS.values()) <= set(KNOWN_SITUATIONS)
    assert set(GENRE_ALIASES.values()) <= set(GENRES)
    assert set(VOICES.values()) == {"female", "male", "none"}
    assert all(2 <= len(code) <= 3 for code in LANGUAGES.values())


@pytest.mark.parametrize("table", [MOODS, SITUATIONS, INSTRUMENTS, VOICES, GENRE_ALIASES, LANGUAGES])
def test_the_words_of_a_list_are_folded_so_that_they_can_be_met(table: dict[str, str]) -> None:
    from core.text import fold

    assert [word for word in table if word != fold(word).strip() or not word] == []


def test_each_emoji_is_one_character_with_one_meaning() -> None:
    assert all(len(emoji) == 1 and meaning for emoji, meaning in EMOJI.items())


# --- any text at all -------------------------------------------------------------------------------------------------

WORDS: Final = [
    "no", "not", "nothing", "by", "like", "but", "and", "the", "a", "90s", "'80s", "early", "1999", "to", "2005", "20",
    "songs", "an", "hour", "half", "los", "años", "80", "sin",
    *MOODS, *GENRES, *ARTISTS, *VOICES, "💔", "…", "\n", "ß", "İ", "ﬁ", "Ⅳ", "²", "١٩٩٩",
]  # fmt: skip
texts = st.text(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)


@given(texts)
@settings(max_examples=250, deadline=None)
def test_every_clause_of_any_text_lies_within_it_and_is_in_order(text: str) -> None:
    clauses = RULES.clauses(text)
    for clause in clauses:
        assert 0 <= clause.start < clause.end <= len(text)
        words = text[clause.start : clause.end]
        assert words == words.strip()
        assert clause.value
        assert (clause.years is not None) == (clause.kind is ClauseKind.ERA)
        assert clause.sign in Sign
    assert [c.start for c in clauses] == sorted(c.start for c in clauses)


@given(texts)
@settings(max_examples=60, deadline=None)
def test_the_same_text_is_always_read_the_same(text: str) -> None:
    assert RULES.clauses(text) == RULES.clauses(text)


@given(st.sampled_from(sorted(MOODS)), st.sampled_from(["", "please", "today", "🙂"]))
@settings(max_examples=60, deadline=None)
def test_any_mood_is_wanted_alone_and_unwanted_after_no(mood: str, after: str) -> None:
    def signs(text: str) -> set[Sign]:
        return {c.sign for c in RULES.clauses(text) if c.kind is M and text[c.start : c.end] == mood}

    assert signs(f"{mood} {after}") == {Sign.WANTED}
    assert signs(f"no {mood} {after}") == {Sign.UNWANTED}


@pytest.mark.parametrize(
    "piece",
    [
        "a ", "happy ", "no ", "the ", "1999 ", "'", "-", "early ", "20 songs ", " ", "not too sad, ", "and a half ",
        "los ", "x", "&",
    ],
)  # fmt: skip
def test_two_thousand_characters_of_anything_are_read_in_no_time(piece: str) -> None:
    text = (piece * 2000)[:2000]
    began = time.process_time()
    RULES.clauses(text)
    assert time.process_time() - began < 1.5


def test_tokens_know_their_places() -> None:
    text = "Don’t stop—R&B, ’til Übermorgen"
    assert [(t.word, text[t.start : t.end]) for t in tokens(text)] == [
        ("don't", "Don’t"), ("stop", "stop"), ("r&b", "R&B"), ("til", "til"), ("ubermorgen", "Übermorgen"),
    ]  # fmt: skip


def test_a_clause_says_what_it_came_from() -> None:
    text = "something calm from the 70s"
    assert RULES.clauses(text) == [
        Clause(M, "calm", Sign.WANTED, 10, 14),
        Clause(E, "1970s", Sign.WANTED, 20, 27, years=(1970, 1979)),
    ]
