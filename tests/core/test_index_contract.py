"""What every search engine of ours must do: one suite on Qdrant Edge and on a Qdrant server's double."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.errors import SearchIndexError
from core.index.backend import (
    PAYLOAD_FIELDS,
    SATURATION,
    AnyOf,
    Between,
    Condition,
    Filter,
    OneOf,
    Point,
    Query,
    RowsIn,
    SparseVector,
    VectorIndex,
)
from core.index.edge import EdgeIndex
from core.index.server import ServerIndex
from tests import contracts
from tests.qdrant_double import QDRANT, Handler, QdrantDouble, client_of, failing, qdrant_contract

MakeIndex = Callable[[int], VectorIndex]
BACKENDS = ("edge", "server")
NO_WORDS = SparseVector()
BIG = 2**63 - 1  # row numbers have 63 bits


@contextmanager
def backend(name: str, folder: Path) -> Iterator[MakeIndex]:
    """Makes empty indexes for vectors of a dimension, and closes them at the end."""
    double = QdrantDouble(qdrant_contract())
    with ExitStack() as stack:
        stack.callback(double.close)
        made = 0

        def make(dimension: int) -> VectorIndex:
            nonlocal made
            made += 1
            index: VectorIndex = (
                EdgeIndex.create(folder / f"index-{made}", dimension)
                if name == "edge"
                else ServerIndex.create(double.client(), f"songs-{made}", dimension)
            )
            stack.callback(index.close)
            return index

        yield make
    assert double.broken == []


@pytest.fixture(params=BACKENDS)
def new_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeIndex]:
    with backend(request.param, tmp_path) as make:
        yield make


def point(
    row: int, dense: list[float], words: dict[int, float] | None = None, **payload: str | float | list[str]
) -> Point:
    words = words or {1: 1.0}
    return Point(
        row, np.array(dense, dtype=np.float32), SparseVector(tuple(words), tuple(words.values())), payload
    )  # fmt: skip


def ask(
    index: VectorIndex,
    dense: list[float],
    *,
    words: dict[int, float] | None = None,
    weight: float = 0.0,
    limit: int = 100,
    where: Filter | None = None,
    exact: bool = True,
) -> list[tuple[int, float]]:
    """The hits as (row, score)."""
    sparse = SparseVector(tuple(words), tuple(words.values())) if words else NO_WORDS
    query = Query(np.array(dense, dtype=np.float32), sparse, weight, limit, where or Filter(), exact)
    return [(hit.row, hit.score) for hit in index.search(query)]


def rows(hits: list[tuple[int, float]]) -> list[int]:
    return [row for row, _ in hits]


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_new_index_holds_nothing_and_finds_nothing(new_index: MakeIndex) -> None:
    index = new_index(2)
    assert index.count() == 0
    assert index.vectors([1]) == {}
    assert ask(index, [1.0, 0.0]) == []
    assert ask(index, [1.0, 0.0], words={1: 1.0}, weight=1.0) == []


def test_a_point_written_again_replaces_its_vector_its_words_and_its_payload(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert([point(1, [1.0, 0.0], {5: 4.0}, year=1990, genres=["rock"]), point(2, [0.0, 0.5], {6: 1.0})])
    index.upsert([point(1, [0.0, 1.0], {7: 4.0}, year=2020)])
    index.seal()
    assert index.count() == 2
    assert index.vectors([1])[1].tolist() == [0.0, 1.0]
    assert index.count(Filter((AnyOf("genres", ("rock",)),))) == 0
    assert index.count(Filter((Between("year", 2020, 2020),))) == 1
    plain = dict(ask(index, [1.0, 1.0]))
    assert dict(ask(index, [1.0, 1.0], words={5: 1.0}, weight=1.0)) == pytest.approx(plain)
    assert dict(ask(index, [1.0, 1.0], words={7: 1.0}, weight=1.0))[1] > plain[1]


def test_more_points_than_one_request_holds_all_arrive(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert(point(row, [1.0, row / 1000], year=1900 + row % 100) for row in range(520))
    index.seal()
    assert index.count() == 520
    assert rows(ask(index, [0.0, 1.0], limit=3)) == [519, 518, 517]
    assert len(index.vectors(range(520))) == 520


def test_writing_nothing_changes_nothing(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert([])
    index.seal()
    assert index.count() == 0


def test_a_song_without_any_word_is_found_by_its_vector(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert([Point(1, np.array([1.0, 0.0], dtype=np.float32), NO_WORDS, {}), point(2, [0.5, 0.0], {3: 1.0})])
    index.seal()
    assert rows(ask(index, [1.0, 0.0], words={3: 1.0}, weight=0.1)) == [1, 2]


def test_vectors_come_back_as_written_and_missing_rows_are_left_out(new_index: MakeIndex) -> None:
    index = new_index(3)
    index.upsert([point(7, [0.25, -2.0, 0.5]), point(BIG, [0.0, 0.0, 1.0])])
    found = index.vectors([7, 8, BIG])
    assert {row: vector.tolist() for row, vector in found.items()} == {7: [0.25, -2.0, 0.5], BIG: [0.0, 0.0, 1.0]}
    assert all(vector.dtype == np.float32 for vector in found.values())
    assert index.vectors([]) == {}


# --- scores ---------------------------------------------------------------------------------------------------------


def test_without_words_the_score_is_the_dot_product(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert([point(1, [1.0, 0.0]), point(2, [0.5, 2.0]), point(3, [0.0, 0.0]), point(4, [-1.0, 0.0])])
    index.seal()
    assert ask(index, [2.0, 0.5]) == [(1, 2.0), (2, 2.0), (3, 0.0), (4, -2.0)]


@pytest.mark.parametrize("exact", [True, False])
def test_at_most_as_many_as_asked_come_and_the_best_of_all(new_index: MakeIndex, *, exact: bool) -> None:
    index = new_index(2)
    index.upsert(point(row, [float(row), 1.0]) for row in range(50))
    index.seal()
    assert rows(ask(index, [1.0, 0.0], limit=4, exact=exact)) == [49, 48, 47, 46]


def test_equal_scores_stand_by_row(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert(point(row, [1.0, 0.0]) for row in (BIG, 9, 2, 2**40, 5))
    index.seal()
    assert rows(ask(index, [1.0, 0.0])) == [2, 5, 9, 2**40, BIG]
    assert rows(ask(index, [1.0, 0.0], words={1: 1.0}, weight=0.5)) == [2, 5, 9, 2**40, BIG]


def test_a_fused_score_is_the_fit_plus_the_weighted_saturated_words_by_their_rarity(new_index: MakeIndex) -> None:
    rng = np.random.default_rng(5)
    songs = [
        point(
            row,
            rng.normal(size=4).round(2).tolist(),
            {int(w): float(rng.uniform(0.5, 2)) for w in rng.choice(12, size=3, replace=False)},
        )
        for row in range(40)
    ]
    index = new_index(4)
    index.upsert(songs)
    index.seal()
    dense, words, weight = [0.5, -1.0, 0.25, 2.0], {0: 1.0, 3: 0.5, 11: 2.0, 99: 1.0}, 0.7

    holders = Counter(word for song in songs for word in song.sparse.indices)
    rarity = {w: math.log(1 + (len(songs) - holders[w] + 0.5) / (holders[w] + 0.5)) for w in words}

    def expected(song: Point) -> float:
        held = dict(zip(song.sparse.indices, song.sparse.values, strict=True))
        w = sum(weight * rarity[word] * held.get(word, 0.0) for word, weight in words.items())
        return float(song.dense @ np.array(dense)) + weight * w / (w + SATURATION)

    found = ask(index, dense, words=words, weight=weight)
    assert dict(found) == pytest.approx({song.row: expected(song) for song in songs}, abs=1e-5)
    assert found == sorted(found, key=lambda hit: (-hit[1], hit[0]))


def test_a_rarer_word_counts_more_and_no_word_more_than_the_weight(new_index: MakeIndex) -> None:
    index = new_index(1)
    index.upsert([point(row, [0.0], {1: 1.0} if row else {2: 1.0, 3: 1000.0}) for row in range(20)])
    index.seal()
    common, rare = (dict(ask(index, [1.0], words={w: 1.0}, weight=0.3)) for w in (1, 2))
    assert 0 < common[5] < rare[0] < 0.3
    assert rare[0] < dict(ask(index, [1.0], words={3: 1.0}, weight=0.3))[0] < 0.3


def test_a_direction_that_does_not_find_a_song_within_the_limit_gives_it_nothing(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert([point(1, [1.0, 0.0], {1: 1.0}), point(2, [0.9, 0.0], {2: 1.0}), point(3, [0.8, 0.0], {3: 4.0})])
    index.seal()
    ((row, score),) = ask(index, [1.0, 0.0], words={3: 4.0}, weight=1.0, limit=1)
    assert (row, score) == (1, 1.0)  # song 3 is found by its word alone, without its .8
    assert rows(ask(index, [1.0, 0.0], words={3: 4.0}, weight=1.0, limit=3))[0] == 3


def test_words_that_no_song_has_or_that_weigh_nothing_change_nothing(new_index: MakeIndex) -> None:
    index = new_index(2)
    index.upsert([point(1, [1.0, 0.0]), point(2, [0.5, 0.5])])
    index.seal()
    plain = ask(index, [1.0, 0.0])
    assert ask(index, [1.0, 0.0], words={4_294_967_295: 1.0}, weight=1.0) == plain
    assert ask(index, [1.0, 0.0], words={1: 1.0}, weight=0.0) == plain


# --- filters --------------------------------------------------------------------------------------------------------

SHELF = (
    point(1, [1.0, 0.0], {1: 1.0}, year=1969, genres=["rock", "folk"], languages=["en"], explicit="no", popularity=81),
    point(2, [0.9, 0.0], {1: 1.0}, year=1999, genres=["rock"], languages=["es", "en"], explicit="yes", popularity=40.0),
    point(3, [0.8, 0.0], {2: 1.0}, year=2000, genres=["nueva canción"], languages=["es"], voice="female", tempo_bpm=90),
    point(4, [0.7, 0.0], {2: 1.0}, year=2021, genres=["folk"], country="AR", instrumentalness=0.9, duration_ms=61000),
    point(5, [0.6, 0.0], {3: 1.0}, artists=["björk", "the the"]),
    point(BIG, [0.5, 0.0], {3: 1.0}),
)  # fmt: skip
ALL = [1, 2, 3, 4, 5, BIG]

MEETS: list[tuple[Condition, list[int]]] = [
    (AnyOf("genres", ("rock",)), [1, 2]),
    (AnyOf("genres", ("folk", "nueva canción", "polka")), [1, 3, 4]),
    (AnyOf("genres", ("roc",)), []),
    (AnyOf("genres", ()), []),
    (AnyOf("languages", ("es",)), [2, 3]),
    (AnyOf("country", ("AR",)), [4]),
    (AnyOf("voice", ("female", "male")), [3]),
    (AnyOf("explicit", ("yes",)), [2]),
    (AnyOf("explicit", ("no",)), [1]),
    (AnyOf("artists", ("the the",)), [5]),
    (Between("year", 1969, 1999), [1, 2]),
    (Between("year", 2000), [3, 4]),
    (Between("year", high=1999), [1, 2]),
    (Between("year"), [1, 2, 3, 4]),
    (Between("year", 2005, 2001), []),
    (Between("year", 1999.5, 2000.5), [3]),
    (Between("popularity", 40.0, 80.5), [2]),
    (Between("tempo_bpm", 90, 90), [3]),
    (Between("instrumentalness", low=0.5), [4]),
    (Between("duration_ms", high=61000), [4]),
    (RowsIn(frozenset({1, 5, BIG, 77})), [1, 5, BIG]),
    (RowsIn(frozenset(range(3, 2000))), [3, 4, 5]),
    (RowsIn(frozenset()), []),
    (OneOf((AnyOf("genres", ("rock",)), Between("year", 2021))), [1, 2, 4]),
    (OneOf((Between("year", 1960, 1969), Between("year", 2000, 2009))), [1, 3]),
    (OneOf((AnyOf("voice", ("female",)),)), [3]),
    (OneOf(()), []),
]

COMBINED: list[tuple[Filter, list[int]]] = [
    (Filter(), ALL),
    (Filter((AnyOf("genres", ("rock",)), Between("year", 1990))), [2]),
    (Filter((AnyOf("languages", ("en",)), AnyOf("languages", ("es",)))), [2]),
    (Filter((), (AnyOf("genres", ("rock",)), AnyOf("artists", ("björk",)))), [3, 4, BIG]),
    (Filter((Between("year"),), (RowsIn(frozenset({1, 4})), AnyOf("explicit", ("yes",)))), [3]),
    (Filter((RowsIn(frozenset({1, 2, 3})), OneOf((Between("year", high=1970), AnyOf("voice", ("female",)))))), [1, 3]),
    (Filter((AnyOf("genres", ("folk",)),), (OneOf((Between("year", 2020), AnyOf("country", ("FR",)))),)), [1]),
    (Filter((AnyOf("genres", ("rock",)),)).and_(Filter((), (Between("year", 1990),))), [1]),
    (Filter((Between("year", 1990),), (Between("year", 1990),)), []),
]  # fmt: skip


@pytest.fixture(scope="module", params=BACKENDS)
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    """Six songs, to be read only."""
    with backend(request.param, tmp_path_factory.mktemp("shelf")) as make:
        index = make(2)
        index.upsert(SHELF)
        index.seal()
        yield index


def found_under(index: VectorIndex, where: Filter) -> list[int]:
    """What a filter lets through, if the three ways to ask agree."""
    dense = rows(ask(index, [1.0, 0.0], where=where))
    assert rows(ask(index, [1.0, 0.0], words={2: 1.0}, weight=0.001, where=where)) == dense
    assert rows(ask(index, [1.0, 0.0], where=where, exact=False)) == dense
    assert index.count(where) == len(dense)
    return dense


@pytest.mark.parametrize(("condition", "met"), MEETS, ids=[repr(c)[:60] for c, _ in MEETS])
def test_a_condition_lets_through_the_songs_that_meet_it_and_refused_all_others(
    shelf: VectorIndex, condition: Condition, met: list[int]
) -> None:
    assert found_under(shelf, Filter((condition,))) == met
    assert found_under(shelf, Filter((), (condition,))) == [row for row in ALL if row not in met]


@pytest.mark.parametrize(("where", "met"), COMBINED)
def test_conditions_together_hold_all_at_once(shelf: VectorIndex, where: Filter, met: list[int]) -> None:
    assert found_under(shelf, where) == met


def test_a_filter_narrows_before_the_limit_counts(shelf: VectorIndex) -> None:
    last = Filter((RowsIn(frozenset({5, BIG})),))
    assert rows(ask(shelf, [1.0, 0.0], limit=2, where=last)) == [5, BIG]
    assert rows(ask(shelf, [1.0, 0.0], words={2: 1.0}, weight=0.5, limit=2, where=last)) == [5, BIG]


def test_every_field_that_a_filter_may_speak_of_is_on_the_shelf() -> None:
    assert {field for song in SHELF for field in song.payload} == set(PAYLOAD_FIELDS)


# --- errors ---------------------------------------------------------------------------------------------------------


def test_a_vector_of_another_dimension_is_refused_in_words_of_ours(new_index: MakeIndex) -> None:
    index = new_index(3)
    with pytest.raises(SearchIndexError, match="could not be written"):
        index.upsert([point(1, [1.0, 0.0])])
    index.upsert([point(1, [1.0, 0.0, 0.0])])
    with pytest.raises(SearchIndexError, match="could not be asked"):
        ask(index, [1.0, 0.0])
    assert index.count() == 1


def test_an_index_that_was_closed_says_so_in_words_of_ours(new_index: MakeIndex) -> None:
    index = new_index(1)
    index.close()
    for call in (
        index.count,
        lambda: ask(index, [1.0]),
        lambda: index.vectors([1]),
        lambda: index.upsert([point(1, [1.0])]),
    ):
        with pytest.raises(SearchIndexError):
            call()
    index.close()  # twice does no harm


def test_an_error_of_who_hands_in_the_points_stays_what_it_was(new_index: MakeIndex) -> None:
    def torn() -> Iterator[Point]:
        yield point(1, [1.0])
        raise KeyError("embedding")

    with pytest.raises(KeyError, match="embedding"):
        new_index(1).upsert(torn())


def _unreachable(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused")


def _too_slow(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("timed out")


SERVER_FAULTS: dict[str, Handler] = {
    "unreachable": _unreachable,
    "timeout": _too_slow,
    "internal error": failing(500),
    "unauthorised": failing(401),
    "too many requests": failing(429, {"Retry-After": "3"}),
    "too many requests, no word when": failing(429),
    "no collection": failing(404),
    "not JSON": lambda _: httpx.Response(200, content=b"<html>welcome to the proxy</html>"),
    "foreign JSON": lambda _: httpx.Response(200, json={"hello": "world"}),
}


@pytest.mark.parametrize("fault", SERVER_FAULTS)
def test_a_server_in_trouble_is_an_error_that_says_what_to_do(fault: str) -> None:
    client = client_of(SERVER_FAULTS[fault])
    index = ServerIndex(client, "songs")
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: ServerIndex.create(client, "songs", 2),
        "upsert": lambda: index.upsert([point(1, [1.0, 0.0])]),
        "search": lambda: ask(index, [1.0, 0.0]),
        "fused search": lambda: ask(index, [1.0, 0.0], words={1: 1.0}, weight=1.0),
        "vectors": lambda: index.vectors([1]),
        "count": index.count,
    }
    for name, call in calls.items():
        with pytest.raises(SearchIndexError) as caught:
            call()
        assert "QDRANT_URL" in caught.value.hint, name
        assert "qdrant.test" not in str(caught.value), name
    index.close()


def test_a_point_that_is_not_ours_is_told_apart() -> None:
    stranger = "550e8400-e29b-41d4-a716-446655440000"
    answer = {"result": {"points": [{"id": stranger, "version": 0, "score": 1.0}]}, "status": "ok", "time": 0.0}
    index = ServerIndex(client_of(lambda _: httpx.Response(200, json=answer)), "songs")
    with pytest.raises(SearchIndexError, match="not ours"):
        ask(index, [1.0])
    index.close()


# --- the server's own contract, and the shard's own folder ----------------------------------------------------------


def test_every_call_keeps_to_the_servers_own_document() -> None:
    contracts.needed(QDRANT)
    double = QdrantDouble(qdrant_contract())
    index = ServerIndex.create(double.client(), "songs", 2)
    index.upsert(SHELF)
    ask(index, [1.0, 0.0], words={1: 1.0}, weight=1.0, where=COMBINED[6][0])
    index.vectors([1])
    index.count(COMBINED[5][0])
    index.close()
    double.close()
    assert double.broken == []
    assert {path for _, path in double.asked} == {
        "/collections/songs", "/collections/songs/index", "/collections/songs/points",
        "/collections/songs/points/query", "/collections/songs/points/count",
    }  # fmt: skip


def test_the_double_refuses_what_the_servers_document_does_not_allow() -> None:
    contracts.needed(QDRANT)
    double = QdrantDouble(qdrant_contract())
    double.handle(httpx.Request("PUT", "http://q/collections/songs", json={"vectors": {"size": 2, "distance": "Dot"}}))
    for path, body in (
        ("/collections/songs/points/count", {"filter": {"must": [{"key": "year", "range": {"gte": "soon"}}]}}),
        ("/collections/songs/points/query", {"query": [1.0, 0.0], "limit": 0}),
        ("/collections/songs/points/query?order=random", {"query": [1.0, 0.0]}),
        ("/collections/songs/points/guess", {}),
    ):
        with pytest.raises(AssertionError):
            double.handle(httpx.Request("POST", f"http://q{path}", json=body))
    assert len(double.broken) == 4
    double.close()


def test_a_sealed_shard_opens_again_as_it_was_and_twice_at_once(tmp_path: Path) -> None:
    made = EdgeIndex.create(tmp_path / "shard", 2)
    made.upsert(SHELF)
    made.seal()
    made.close()
    one, other = EdgeIndex.open(tmp_path / "shard"), EdgeIndex.open(tmp_path / "shard")
    for index in (one, other):
        assert index.count() == len(SHELF)
        assert rows(ask(index, [1.0, 0.0])) == ALL
        assert index.vectors([BIG])[BIG].tolist() == [0.5, 0.0]
        assert index.count(Filter((AnyOf("genres", ("folk",)),))) == 2
    one.close()
    other.close()


@pytest.mark.parametrize("state", ["missing", "empty", "no configuration"])
def test_a_folder_that_holds_no_shard_is_refused(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "shard"
    if state != "missing":
        folder.mkdir()
    if state == "no configuration":
        (folder / "edge_config.json").write_text("{")
    with pytest.raises(SearchIndexError, match="cannot be opened"):
        EdgeIndex.open(folder)
