"""One song under many names: karaoke, live, remaster, and what is picked where all of them are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.app import make_composer
from core.catalogue.identity import song_key
from core.catalogue.store import CatalogueStore
from core.index.build import build
from core.index.generation import Generation
from core.models import Features, Track
from core.ranking.composer import Composer, VibeRequest
from core.ranking.selection import Candidate, distinct, fit_minutes, in_order
from tests.core.made_up import songs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.index.embedding import Embedder

SOUND = Features(energy=0.9, valence=0.9, danceability=0.9, tempo_bpm=120.0)


def version_of(track_id: str, title: str, artist: str = "Anna Example") -> Track:
    return Track(track_id, title, (artist,), year=1999, genres=("pop",), duration_ms=200_000, features=SOUND)


TWINS = [
    version_of("original", "Blue Door"),
    version_of("remaster", "Blue Door - Remastered 2011"),
    version_of("live", "Blue Door (Live at the Opera)"),
    version_of("karaoke", "Blue Door (Karaoke Version)", "Party Tyme Karaoke"),
    version_of("tribute", "Blue Door", "A Tribute to Anna Example"),
    version_of("feat", "Blue Door (feat. Bert Sample)"),
    version_of("live only", "Red Window - Live"),
    version_of("karaoke only", "Green Roof (In the Style of Carla Model) [Karaoke]", "Sing King Karaoke"),
]


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Composer]:
    home = tmp_path_factory.mktemp("versions")
    with CatalogueStore(home / "catalogue.db") as store:
        with store.transaction():
            store.write([*TWINS, *songs(25)], "made up")
        generation = Generation.open(build(store, embedder, home / "index", lambda _done, _total: None))
        yield make_composer(generation, embedder)
        generation.close()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_one_song_the_original_comes_and_no_other(composer: Composer, seed: int) -> None:
    picks = composer.compose(VibeRequest("happy pop, blue door", seed=seed)).picks
    named = [pick.track.id for pick in picks if pick.track.title.startswith("Blue Door")]
    assert len(named) == 1
    assert named[0] in ("original", "remaster", "feat")
    assert len({song_key(pick.track) for pick in picks}) == len(picks)


def test_a_live_recording_comes_where_there_is_no_other_and_karaoke_never(composer: Composer) -> None:
    found = {pick.track.id for pick in composer.compose(VibeRequest("happy pop", count=100)).picks}
    assert "live only" in found
    assert not {"karaoke", "tribute", "karaoke only"} & found


def test_a_song_that_was_heard_does_not_come_back_under_another_name(composer: Composer) -> None:
    for heard in ("original", "live", "remaster"):
        request = VibeRequest("happy pop, blue door", exclude=frozenset([heard]))
        assert not [p.track.title for p in composer.compose(request).picks if p.track.title.startswith("Blue Door")]


def test_the_whole_catalogue_can_be_asked_for_and_no_more_comes(composer: Composer) -> None:
    picks = composer.compose(VibeRequest("anything", count=100)).picks
    assert len(picks) == 25 + 2


# --- the parts --------------------------------------------------------------------------------------------------------


def candidate(track: Track, score: float) -> Candidate:
    return Candidate(hash(track.id), track, score)


def test_the_original_is_kept_though_another_version_scores_better() -> None:
    original, live = (next(t for t in TWINS if t.id == name) for name in ("original", "live"))
    assert [c.track.id for c in distinct([candidate(live, 0.9), candidate(original, 0.5)])] == ["original"]
    (kept,) = distinct([candidate(live, 0.9)])
    assert kept.score == pytest.approx(0.75)


def test_a_length_is_met_by_swapping_and_nothing_is_known_of_no_length() -> None:
    def lasting(name: str, minutes: float) -> Candidate:
        return candidate(Track(name, f"Song {name}", (f"By {name}",), duration_ms=int(minutes * 60_000)), 1.0)

    chosen = [lasting(name, 4.0) for name in "abcd"]
    spare = [*chosen, lasting("e", 2.0), lasting("f", 3.0)]
    kept = fit_minutes(chosen, spare, 15)
    assert sum(c.track.duration_ms or 0 for c in kept) == 15 * 60_000
    assert kept[0] is chosen[0]
    unknown = [candidate(Track("x", "Y", ("Z",)), 1.0)]
    assert fit_minutes(unknown, unknown, 30) == unknown


def test_an_order_keeps_every_song_and_parts_an_artists_songs() -> None:
    tracks = [
        Track(
            str(n), f"Song {n}", ("Same" if n < 2 else f"Artist {n}",), features=Features(energy=n / 9, tempo_bpm=100.0)
        )
        for n in range(9)
    ]
    ordered = in_order([candidate(track, 1 - n / 10) for n, track in enumerate(tracks)])
    assert {c.track.id for c in ordered} == {t.id for t in tracks}
    assert ordered[0].track.id == "0"
    assert ordered[1].track.id != "1"
    assert in_order([]) == []
