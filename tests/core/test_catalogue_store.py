"""The catalogue on disk: what it holds after any history, its fingerprint, and who sees what when."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue.identity import artist_key
from core.catalogue.store import CatalogueStore, StoreCounts, row_number
from core.errors import CatalogueError
from core.models import Features, Track
from tests.core.made_up import fill, song, songs

_LOOK = """
import sys
from pathlib import Path
from core.catalogue.store import CatalogueStore
with CatalogueStore(Path(sys.argv[1])) as store:
    print(len(store), store.fingerprint, sum(1 for _ in store.rows()))
"""
_FILL = """
import sys
from pathlib import Path
from tests.core.made_up import fill, songs
print(fill(Path(sys.argv[1]), reversed(songs(50)), "another source"))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "catalogue.db"


@pytest.fixture
def store(path: Path) -> Iterator[CatalogueStore]:
    with CatalogueStore(path) as opened:
        yield opened


def write(store: CatalogueStore, tracks: Sequence[Track], source: str = "mine") -> StoreCounts:
    with store.transaction():
        return store.write(tracks, source)


def held(store: CatalogueStore) -> dict[str, Track]:
    return {track.id: track for _, track in store.rows()}


def in_another_process(code: str, path: Path, hash_seed: str = "0") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    return done.stdout.split()


# --- what it holds --------------------------------------------------------------------------------------------------


def test_tracks_come_back_as_they_were_written(store: CatalogueStore) -> None:
    whole = Track(
        id="x", title="A Song", artists=("A", "B"), album="C", year=1971, popularity=3.5, genres=("rock",),
        languages=("es",), country="AR", duration_ms=1000, explicit=False, voice="female", instruments=("piano",),
        situations=("rain",), emotions=("hope", "love"), description="Wörds.", features=Features(energy=0.0),
    )  # fmt: skip
    bare = Track("y", "B", ("C",))
    write(store, [whole, bare])
    assert held(store) == {"x": whole, "y": bare}
    assert store.ids() == {"x": row_number("x"), "y": row_number("y")}
    assert store.tracks([row_number("y"), 5]) == {row_number("y"): bare}


def test_more_tracks_than_a_batch_all_come_back_by_row(store: CatalogueStore) -> None:
    many = songs(2500)
    assert write(store, many) == StoreCounts(added=2500)
    found = list(store.rows())
    assert [row for row, _ in found] == sorted(row_number(t.id) for t in many)
    assert len(store.tracks([row for row, _ in found])) == len(store) == 2500


def test_an_import_tells_what_is_new_what_changed_and_what_did_not(store: CatalogueStore) -> None:
    assert write(store, songs(5)) == StoreCounts(added=5)
    changed = [replace(t, year=1900) for t in songs(2)]
    assert write(store, [*changed, *songs(3, first=3), song("new")]) == StoreCounts(added=2, updated=2, unchanged=2)
    assert held(store)["id1"].year == 1900
    assert len(store) == 7


def test_the_last_of_two_rows_with_one_id_counts(store: CatalogueStore) -> None:
    filler = songs(1500)
    write(store, [song(year=1), *filler, song(year=2), song(year=3)])
    assert held(store)["1"].year == 3
    assert len(store) == 1501


def test_row_numbers_depend_on_the_id_alone_and_fit_the_index() -> None:
    numbers = {row_number(f"id{n}") for n in range(5000)}
    assert len(numbers) == 5000
    assert all(0 <= n < 2**63 for n in numbers)
    assert row_number("12hJJLMMbJDK0F9I3g5SLv") == 1610344963970232027


def test_credits_follow_their_tracks(store: CatalogueStore) -> None:
    write(store, [song("1", artists=("Queen & David Bowie",)), song("2", artists=("Queen",))], "one")
    write(store, [song("3", artists=("Queen", "Björk"))], "two")
    keys = ["queen", "davidbowie", "bjork", "nobody"]
    assert store.artist_counts(keys) == {"queen": 3, "davidbowie": 1, "bjork": 1}
    assert store.rows_of_artist("queen") == sorted(map(row_number, "123"))
    write(store, [song("1", artists=("Björk",))], "one")
    assert store.artist_counts(keys) == {"queen": 2, "bjork": 2}
    with store.transaction():
        store.remove_source("two")
    assert store.artist_counts(keys) == {"queen": 1, "bjork": 1}
    assert store.rows_of_artist("davidbowie") == []
    assert store.artist_counts([]) == {}


def test_sources_are_told_with_their_tracks(store: CatalogueStore) -> None:
    write(store, songs(2), "few")
    write(store, songs(3, first=10), "many")
    assert [(s.name, s.tracks) for s in store.sources()] == [("many", 3), ("few", 2)]
    assert all(s.imported_at.endswith("Z") for s in store.sources())
    with store.transaction():
        assert store.keep_only("few") == 3
    assert [(s.name, s.tracks) for s in store.sources()] == [("few", 2)]
    with store.transaction():
        assert store.remove_source("few") == 2
        assert store.remove_source("unknown") == 0
    assert (len(store), store.sources()) == (0, [])


def test_a_track_belongs_to_the_source_that_wrote_it_last(store: CatalogueStore) -> None:
    write(store, songs(3), "old")
    write(store, [replace(songs(1)[0], year=1900), songs(2)[1]], "new")  # one changed, one the same
    with store.transaction():
        store.keep_only("new")
    assert sorted(held(store)) == ["id0", "id1"]


def test_notes_and_versions_are_kept(store: CatalogueStore, path: Path) -> None:
    assert store.meta("note") is None
    store.set_meta("note", "one")
    store.set_meta("note", "two")
    with store.transaction():
        store.write(songs(1), "starter", source_version="7")
    with CatalogueStore(path) as again:
        assert (again.meta("note"), again.source_version("starter"), again.source_version("x")) == ("two", "7", None)


# --- the fingerprint ------------------------------------------------------------------------------------------------


def fingerprint_of(folder: Path, *batches: Sequence[Track]) -> str:
    with CatalogueStore(folder / f"{random.random()}.db") as store:
        for number, batch in enumerate(batches):
            write(store, batch, f"source {number}")
        return store.fingerprint


def test_equal_catalogues_have_equal_fingerprints_whatever_their_history(tmp_path: Path) -> None:
    tracks = songs(1200)
    plain = fingerprint_of(tmp_path, tracks)
    shuffled = random.Random(1).sample(tracks, len(tracks))
    assert fingerprint_of(tmp_path, shuffled) == plain
    assert fingerprint_of(tmp_path, *(tracks[n : n + 171] for n in range(0, 1200, 171))) == plain
    assert fingerprint_of(tmp_path, tracks, tracks) == plain
    assert fingerprint_of(tmp_path, [replace(t, year=1) for t in tracks], tracks) == plain
    assert fingerprint_of(tmp_path, [*tracks[:5], replace(tracks[0], year=1), *tracks]) == plain


def test_the_fingerprint_is_the_same_in_another_process(tmp_path: Path) -> None:
    here = fill(tmp_path / "here.db", songs(50))
    there = [in_another_process(_FILL, tmp_path / f"{seed}.db", seed) for seed in ("1", "2")]
    assert there == [[here], [here]]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"}, {"year": 1}, {"year": None}, {"artists": ("B", "A")}, {"description": "new"},
        {"features": Features(energy=0.1)}, {"emotions": ("joy",)}, {"explicit": True}, {"popularity": 0.0},
    ],
)  # fmt: skip
def test_any_change_of_any_track_changes_the_fingerprint(store: CatalogueStore, change: dict[str, object]) -> None:
    write(store, [song("1", artists=("A", "B")), song("2")])
    before = store.fingerprint
    write(store, [replace(song("1", artists=("A", "B")), **change)])  # type: ignore[arg-type]  # each is a field's own type
    assert store.fingerprint != before


def test_removing_what_was_added_brings_the_fingerprint_back(store: CatalogueStore) -> None:
    empty = store.fingerprint
    write(store, songs(5), "one")
    one = store.fingerprint
    write(store, songs(5, first=5), "two")
    with store.transaction():
        store.remove_source("two")
    assert store.fingerprint == one
    with store.transaction():
        store.keep_only("none of them")
    assert store.fingerprint == empty


steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "keep", "remove"]), st.sampled_from("ab"), st.integers(0, 6), st.integers(1, 3)
    ),
    max_size=8,
)


@given(steps)
@settings(deadline=None, max_examples=40)
def test_after_any_history_the_fingerprint_is_that_of_the_content(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    with CatalogueStore(folder / "a.db") as store:
        for step, source, first, year in history:
            with store.transaction():
                if step == "write":
                    store.write([song(str(n), year=year) for n in range(first, first + 3)], source)
                else:
                    (store.keep_only if step == "keep" else store.remove_source)(source)
        content = list(held(store).values())
        assert store.fingerprint == fill(folder / "b.db", content)
        credited = store.artist_counts([artist_key("Anna Example")]).get("annaexample", 0)
        assert credited == len(content) == len(store) == sum(s.tracks for s in store.sources())


# --- all or nothing -------------------------------------------------------------------------------------------------


def state(store: CatalogueStore) -> object:
    return (
        held(store), store.fingerprint, len(store), [(s.name, s.tracks) for s in store.sources()],
        store.artist_counts(["annaexample", "singer1"]), store.source_version("mine"),
    )  # fmt: skip


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_inside_a_transaction_undoes_all_of_it(store: CatalogueStore, error: type[BaseException]) -> None:
    write(store, [song("1"), song("2")])
    before = state(store)

    def torn() -> Iterator[Track]:
        yield from songs(2200)
        yield song("1", year=1)
        raise error

    def half_done() -> None:
        with store.transaction():
            store.keep_only("other")
            store.write(torn(), "mine", source_version="9")

    with pytest.raises(error):
        half_done()
    assert state(store) == before
    write(store, [song("3")])  # and the store is as usable as before
    assert len(store) == 3


def test_a_process_that_dies_while_writing_leaves_what_was_there(path: Path) -> None:
    before = fill(path, songs(10))
    dying = (
        "import os, sys\nfrom pathlib import Path\nfrom core.catalogue.store import CatalogueStore\n"
        "from tests.core.made_up import songs\nstore = CatalogueStore(Path(sys.argv[1]))\n"
        "with store.transaction():\n    store.keep_only('x')\n    store.write(songs(3000), 'y')\n    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", dying, str(path)], check=False, timeout=60).returncode == 9
    with CatalogueStore(path) as store:
        assert (store.fingerprint, len(store)) == (before, 10)


# --- several at once ------------------------------------------------------------------------------------------------


def test_other_processes_and_connections_read_the_old_state_while_one_writes(store: CatalogueStore, path: Path) -> None:
    write(store, songs(20))
    old = store.fingerprint
    with CatalogueStore(path) as reader:
        with store.transaction():
            store.write(songs(30, first=20), "mine")
            assert (len(reader), reader.fingerprint, len(held(reader))) == (20, old, 20)
            assert in_another_process(_LOOK, path) == ["20", old, "20"]
        assert (len(reader), reader.fingerprint) == (50, store.fingerprint)
        assert in_another_process(_LOOK, path) == ["50", store.fingerprint, "50"]


def test_a_second_writer_waits_for_the_first(store: CatalogueStore, path: Path) -> None:
    begun = threading.Event()

    def second() -> int:
        with CatalogueStore(path) as other:
            begun.set()
            write(other, songs(10, first=10))
            return len(other)

    with ThreadPoolExecutor(1) as pool:
        with store.transaction():
            store.write(songs(10), "mine")
            seen = pool.submit(second)
            assert begun.wait(10)
            store.write(songs(1, first=99), "mine")
        assert seen.result(20) == 21
    assert store.fingerprint == fill(path.with_name("plain.db"), [*songs(20), *songs(1, first=99)])


def test_threads_may_share_a_store(store: CatalogueStore) -> None:
    write(store, songs(1100))

    def read(_: int) -> int:
        return len(held(store)) + len(store.tracks([row_number("id1")])) + store.artist_counts(["singer1"])["singer1"]

    with ThreadPoolExecutor(4) as pool:
        reading = pool.map(read, range(8))
        for n in range(5):
            write(store, [replace(songs(1)[0], year=n)])
        assert set(reading) == {1102}


# --- a damaged file -------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_catalogue_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "catalogue.db").write_bytes(b"this was once something else" * 200)
    with pytest.raises(CatalogueError, match="cannot be opened") as caught:
        CatalogueStore(tmp_path / "catalogue.db")
    assert caught.value.hint
    with pytest.raises(CatalogueError):
        CatalogueStore(tmp_path)  # a folder


def test_the_file_stays_a_plain_database_that_others_can_look_into(store: CatalogueStore, path: Path) -> None:
    write(store, songs(3))
    look = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert look.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert look.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        look.close()
