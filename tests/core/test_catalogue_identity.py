"""When two recordings are one song, whose it is, and what kind of recording it is."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.catalogue.identity import VERSIONS, artist_key, artist_keys, song_key, title_key, version
from core.text import fold, printable
from tests.core.made_up import song

SAME_SONG = [
    ("Heroes", "Heroes - 2017 Remaster"),
    ("Heroes", '"Heroes" - Remastered 2011'),
    ("Crazy in Love", "Crazy In Love (feat. JAY-Z)"),
    ("Crazy in Love", "Crazy in Love feat. Jay-Z"),
    ("Crazy in Love", "Crazy in Love ft. Jay-Z - Radio Edit"),
    ("Wish You Were Here", "Wish You Were Here [Live at Knebworth, 1990]"),
    ("Wish You Were Here", "Wish You Were Here (2011 Remaster) [Deluxe]"),
    ("Mr. Brightside", "Mr Brightside"),
    ("Ob-La-Di, Ob-La-Da", "Ob La Di Ob La Da – Remastered 2009"),
    ("Me & Mrs. Jones", "Me and Mrs. Jones"),
    ("Déjà Vu", "Deja Vu"),
    ("Smørrebrød", "smorrebrod"),
    ("Don’t Speak", "Don't Speak"),
    ("上を向いて歩こう", "上を向いて歩こう (2021 Remaster)"),
    ("Подмосковные вечера", "ПОДМОСКОВНЫЕ ВЕЧЕРА — Live"),
    ("하루하루", "하루하루 (Acoustic Ver.)"),
    ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
    ("Ｈｅｌｌｏ", "hello"),
]

OTHER_SONG = [
    ("Live and Let Die", "Live"),
    ("Love-Hate", "Love"),
    ("1-800-273-8255", "1"),
    ("Alive", "Live"),
    ("÷", "×"),
    ("上を向いて歩こう", "見上げてごらん夜の星を"),
    ("Part of Your World", "Part of Your World Reprise"),
    ("दिल", "दल"),
    ("เพลงรัก", "เพลงเศร้า"),
    ("שיר", "שיר אהבה"),
]


@pytest.mark.parametrize(("one", "other"), SAME_SONG)
def test_a_title_keeps_its_key_whatever_release_it_is_on(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)
    assert song_key(song(title=one)) == song_key(song(title=other))


@pytest.mark.parametrize(("one", "other"), OTHER_SONG)
def test_different_songs_have_different_keys(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize("title", ["(Intro)", "[untitled]", "- x", "( )", "!!!", "÷", "...", "feat. nobody", "?"])
def test_a_title_that_is_all_suffix_or_all_signs_still_has_a_key(title: str) -> None:
    assert title_key(title)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Beatles", "beatles"),
        ("Beyoncé", "Beyonce"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("AC/DC", "ACDC"),
        ("Sigur Rós", "sigur ros"),
        ("Mötley Crüe", "Motley Crue"),
        ("N.W.A.", "NWA"),
    ],
)
def test_an_artist_is_the_same_however_the_name_is_written(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("!!!", "???"), ("The The", "Them"), ("Theory of a Deadman", "Ory of a Deadman"), ("米津玄師", "")],
)
def test_names_that_are_mostly_signs_or_the_are_kept_apart(one: str, other: str) -> None:
    assert artist_key(one) != artist_key(other)
    assert artist_key(one)


def test_everybody_in_one_credit_is_an_artist_of_the_track() -> None:
    track = song(artists=("Queen & David Bowie", "Rosalía feat. J Balvin"))
    assert {"queen", "davidbowie", "rosalia", "jbalvin", "queenanddavidbowie"} <= artist_keys(track)
    assert "" not in artist_keys(song(artists=("& Friends",)))


def test_a_duet_is_one_song_whether_credited_as_one_artist_or_two() -> None:
    together, apart = song(artists=("Queen & David Bowie",)), song(artists=("Queen", "David Bowie"))
    assert song_key(together) == song_key(apart)
    assert song_key(together) != song_key(song(artists=("David Bowie",)))


def test_a_band_whose_name_begins_with_and_is_not_nobody() -> None:
    assert song_key(song(artists=("And Also the Trees",))) != song_key(song(artists=("And One",)))


@pytest.mark.parametrize(
    ("title", "artist", "kind"),
    [
        ("Live and Let Die", "Wings", None),
        ("Live Forever", "Oasis", None),
        ("Live Your Life (feat. Rihanna)", "T.I.", None),
        ("Heroes - 2017 Remaster", "David Bowie", None),
        ("Demons", "Imagine Dragons", None),
        ("Live Wire - Remastered", "Mötley Crüe", None),
        ("Song (Live Forever Tour)", "Somebody", None),
        ("Remix to Ignition", "Somebody", None),
        ("Hey Jude - Live at Hyde Park", "Paul McCartney", "live"),
        ("Wish You Were Here [Live at Knebworth, 1990]", "Pink Floyd", "live"),
        ("About a Girl (MTV Unplugged)", "Nirvana", "live"),
        ("La Flaca - En Vivo", "Jarabe de Palo", "live"),
        ("Garota de Ipanema (Ao Vivo)", "Somebody", "live"),
        ("Blue Monday - 12'' Club Mix", "New Order", "remix"),
        ("Crave You (Adventure Club Remix)", "Flight Facilities", "remix"),
        ("Creep (Demo)", "Radiohead", "demo"),
        ("Running Up That Hill (Sped Up)", "Somebody", "sped up"),
        ("Skyfall (Slowed + Reverb)", "Somebody", "sped up"),
        ("Halo", "Karaoke Superstars", "karaoke"),
        ("Halo (Karaoke Version)", "Zoom", "karaoke"),
        ("Halo (In the Style of Beyoncé)", "Sing King", "karaoke"),
        ("Halo", "The Beyoncé Tribute Band", "tribute"),
    ],
)
def test_the_kind_of_recording_is_read_from_what_follows_the_title_or_from_the_maker(
    title: str, artist: str, kind: str | None
) -> None:
    assert version(song(title=title, artists=(artist,))) == kind


# --- for any text at all --------------------------------------------------------------------------------------------

any_text = st.text(max_size=60)
suffixed = st.from_regex(r"\w{1,9}( (-|–) \w{1,9}| \(feat\. \w{1,9}\)| \[Live\]){0,3}", fullmatch=True)
titles = st.one_of(any_text, suffixed)
# Letters that fall apart into a sign, capitals, or one more accent; and signs that are nothing but an accent.
odd = ["ℌ", "Ǿ", "\u00a8", "\u0301", "㎒", "№", "ﬁn", "½", "İ"]


def test_every_character_is_folded_in_one_go() -> None:
    again = {chr(n) for n in range(0x20000) if fold(fold(chr(n))) != fold(chr(n))}
    capital = {chr(n) for n in range(0x20000) if fold(chr(n)).lower() != fold(chr(n))}
    assert (again, capital) == (set(), set())


@given(titles)
@settings(deadline=None)
def test_keys_are_keys_of_themselves(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert title_key(title_key(text)) == title_key(text)


@pytest.mark.parametrize("text", odd)
def test_odd_letters_have_keys_that_are_keys_of_themselves(text: str) -> None:
    assert title_key(text)
    assert artist_key(text)
    assert title_key(title_key(text)) == title_key(text)
    assert artist_key(artist_key(text)) == artist_key(text)


@given(titles)
@example("\u00a8")
@settings(deadline=None)
def test_whatever_can_be_printed_has_a_key(text: str) -> None:
    shown = printable(text)
    assert bool(title_key(shown)) == bool(shown)
    assert bool(artist_key(shown)) == bool(shown)


@given(any_text, any_text)
@settings(deadline=None)
def test_any_credit_gives_keys_and_a_song(title: str, artist: str) -> None:
    track = song(title=printable(title) or "x", artists=(printable(artist) or "x",))
    assert artist_keys(track)
    assert all(artist_keys(track))
    assert version(track) in {None, *VERSIONS}
    left, _, right = song_key(track).rpartition("|")
    assert left
    assert right


@given(st.text(st.characters(max_codepoint=0x17F, categories=["Lu", "Ll", "Nd", "Zs"]), max_size=30))
@settings(deadline=None)
def test_capitals_never_make_another_song(text: str) -> None:
    assert title_key(text) == title_key(text.upper())
