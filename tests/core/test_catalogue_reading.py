"""Reading catalogue files: what is a song, what is skipped with its line and reason, and what ends the reading."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue.reading import CatalogueFile, Rejected
from core.errors import CatalogueError
from core.models import FEATURES, Features, Track

HEADER = (
    "id,name,artists,album,year,popularity,genres,danceability,energy,speechiness,acousticness,instrumentalness,"
    "valence,tempo,duration_ms,explicit"
)


def write(folder: Path, content: str | bytes, name: str = "songs.csv") -> Path:
    data = content.encode() if isinstance(content, str) else content
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def read(path: Path) -> list[Track | Rejected]:
    with CatalogueFile(path) as file:
        return list(file)


def row(**columns: object) -> str:
    """A CSV line with these columns, and the required ones."""
    values = {"id": "x", "name": "A Song", "artists": "Somebody"} | columns
    return ",".join(str(values.get(name, "")) for name in HEADER.split(","))


def csv_track(folder: Path, **columns: object) -> Track:
    (found,) = read(write(folder, f"{HEADER}\n{row(**columns)}\n"))
    assert isinstance(found, Track), found
    return found


def json_line(**fields: Any) -> str:
    return json.dumps({"id": "x", "title": "A Song", "artists": ["Somebody"]} | fields)


# --- songs ----------------------------------------------------------------------------------------------------------


def test_every_column_finds_its_place(tmp_path: Path) -> None:
    track = csv_track(
        tmp_path, id="12hJJLMMbJDK0F9I3g5SLv", name='"Hello, World"', artists='"Anna; Björk & Co"', album="First",
        year="1999", popularity="61.5", genres='"Rock, pop;rock"', danceability="0.1", energy="0.2",
        speechiness="0.3", acousticness="0.4", instrumentalness="0.5", valence="0.6", tempo="120.5",
        duration_ms="180000.0", explicit="True",
    )  # fmt: skip
    assert track == Track(
        id="12hJJLMMbJDK0F9I3g5SLv", title="Hello, World", artists=("Anna", "Björk & Co"), album="First", year=1999,
        popularity=61.5, genres=("rock", "pop"), duration_ms=180000, explicit=True,
        features=Features(
            danceability=0.1, energy=0.2, speechiness=0.3, acousticness=0.4, instrumentalness=0.5, valence=0.6,
            tempo_bpm=120.5,
        ),
    )  # fmt: skip


def test_what_is_not_there_is_unknown(tmp_path: Path) -> None:
    assert csv_track(tmp_path) == Track("x", "A Song", ("Somebody",))


@pytest.mark.parametrize("column", ["year", "tempo", "duration_ms"])
def test_a_zero_that_means_unknown_is_unknown(tmp_path: Path, column: str) -> None:
    assert csv_track(tmp_path, **{column: "0"}) == Track("x", "A Song", ("Somebody",))


def test_a_zero_that_means_none_is_kept(tmp_path: Path) -> None:
    track = csv_track(tmp_path, energy="0", instrumentalness="0.0", popularity="0")
    assert (track.features.energy, track.features.instrumentalness, track.popularity) == (0.0, 0.0, 0.0)


def test_columns_may_be_few_and_in_any_order(tmp_path: Path) -> None:
    assert read(write(tmp_path, "artists,key,id,name\nB,5,1,A\n")) == [Track("1", "A", ("B",))]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["songs.csv", "songs.CSV.gz"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_file_is_read_however_it_was_saved(tmp_path: Path, ending: str, name: str, bom: bytes) -> None:
    text = ending.join([HEADER, row(id="1"), "", row(id="2", name="Ünï")])
    path = tmp_path / name
    data = bom + text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert read(path) == [Track("1", "A Song", ("Somebody",)), Track("2", "Ünï", ("Somebody",))]


def test_wrong_bytes_cost_a_letter_and_not_the_file(tmp_path: Path) -> None:
    latin = f"{HEADER}\n{row(id='1', name='Café')}\n{row(id='2')}\n".encode("latin-1")
    first, second = read(write(tmp_path, latin))
    assert isinstance(first, Track)
    assert first.title == "Caf\N{REPLACEMENT CHARACTER}"
    assert second == Track("2", "A Song", ("Somebody",))


def test_control_and_direction_characters_do_not_get_in(tmp_path: Path) -> None:
    track = csv_track(tmp_path, name="A\x00\u202eB\u200b\x1b[31m", artists='"Some\nbody"')
    assert (track.title, track.artists) == ("AB[31m", ("Some body",))


def test_the_json_form_is_read_back_whole(tmp_path: Path) -> None:
    track = Track(
        id="x", title="A Song", artists=("A", "B"), album="C", year=1971, popularity=3.5, genres=("rock",),
        languages=("es",), country="AR", duration_ms=1000, explicit=False, voice="female", instruments=("piano",),
        situations=("rain",), emotions=("hope", "love"), description="Words.",
        features=Features(energy=0.0, tempo_bpm=99.5),
    )  # fmt: skip
    assert read(write(tmp_path, json.dumps(track.to_record()) + "\n", "a.jsonl")) == [track]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz"])
def test_empty_lines_and_a_missing_last_line_end_do_no_harm(tmp_path: Path, name: str) -> None:
    content = f"\ufeff{json_line(id='1')}\r\n\n  \n{json_line(id='2')}"
    found = read(write(tmp_path, content, name))
    assert [t.id for t in found if isinstance(t, Track)] == ["1", "2"]
    assert len(found) == 2


def test_a_line_separator_inside_a_json_text_is_no_line_end(tmp_path: Path) -> None:
    line = '{"id": "1", "title": "A\u2028B\x85C", "artists": ["D"]}\n'
    assert read(write(tmp_path, line, "a.jsonl")) == [Track("1", "A B C", ("D",))]


# --- rows that are skipped ------------------------------------------------------------------------------------------

BAD_CELLS = [
    ("year", "soon", "year"),
    ("year", "nan", "year"),
    ("year", "inf", "year"),
    ("year", "999", "year"),
    ("year", "2101", "year"),
    ("year", "-1", "year"),
    ("popularity", "101", "popularity"),
    ("popularity", "-0.1", "popularity"),
    ("energy", "1.01", "energy"),
    ("energy", "-0.1", "energy"),
    ("energy", "NaN", "energy"),
    ("valence", "loud", "valence"),
    ("tempo", "401", "tempo"),
    ("tempo", "-inf", "tempo"),
    ("duration_ms", "1e99", "duration_ms"),
    ("duration_ms", "-5", "duration_ms"),
    ("explicit", "perhaps", "explicit"),
    ("id", "", "id"),
    ("id", " \u200b ", "id"),
    ("name", "", "name"),
    ("artists", "   ", "artists"),
    ("name", "x" * 2001, "name"),
]


@pytest.mark.parametrize(("column", "cell", "named"), BAD_CELLS)
def test_a_bad_cell_skips_its_row_and_says_which_column(tmp_path: Path, column: str, cell: str, named: str) -> None:
    lines = [HEADER, row(id="1"), row(**{column: cell}), row(id="2")]
    before, bad, after = read(write(tmp_path, "\n".join(lines)))
    assert isinstance(before, Track)
    assert isinstance(after, Track)
    assert isinstance(bad, Rejected)
    assert bad.line == 3
    assert bad.reason.startswith(named)
    assert len(bad.reason) < 300


@pytest.mark.parametrize("change", [lambda line: line + ",9,9", lambda line: line.rsplit(",", 3)[0]])
def test_a_row_too_long_or_too_short_is_skipped(tmp_path: Path, change: Any) -> None:
    first, bad, last = read(write(tmp_path, "\n".join([HEADER, row(id="1"), change(row(id="2")), row(id="3")])))
    assert isinstance(first, Track)
    assert isinstance(last, Track)
    assert isinstance(bad, Rejected)
    assert bad.line == 3
    assert "columns" in bad.reason


def test_line_numbers_hold_after_line_ends_inside_quotes_and_empty_lines(tmp_path: Path) -> None:
    text = "\n".join([
        HEADER, row(id="1", name='"A\nlong\ntitle"'), "", row(id="2", year="bad"),
        row(id="3", name='"A\nB"', year="bad"), row(id="4", energy="7"),
    ])  # fmt: skip
    found = read(write(tmp_path, text))
    lines = [item.line for item in found if isinstance(item, Rejected)]
    assert lines[0] == 6
    assert lines[1] in (7, 8)  # the row has two lines
    assert lines[2] == 9


def test_a_cell_beyond_the_readers_limit_is_skipped_with_its_line(tmp_path: Path) -> None:
    text = "\n".join([HEADER, row(id="1"), row(id="2", name="x" * 200_000), row(id="3")])
    first, bad, last = read(write(tmp_path, text))
    assert [t.id for t in (first, last) if isinstance(t, Track)] == ["1", "3"]
    assert isinstance(bad, Rejected)
    assert bad.line == 3


def test_a_quote_that_never_closes_does_not_pass_as_a_song(tmp_path: Path) -> None:
    found = read(write(tmp_path, "\n".join([HEADER, row(id="1"), row(id="2", name='"A'), row(id="3")])))
    assert [t.id for t in found if isinstance(t, Track)] == ["1"]
    assert len(found) == 2


BAD_LINES = [
    "{",
    "[]",
    "5",
    "null",
    '"text"',
    "[" * 50_000,
    '{"a":' * 50_000,
    json_line(id=1),
    json_line(id=""),
    json_line(title={"a": {"b": []}}),
    json_line(title=["A"]),
    json_line(artists="Somebody"),
    json_line(artists=[]),
    json_line(artists=[""]),
    json_line(artists=[["Somebody"]]),
    json_line(genres={"rock": 1}),
    json_line(year="soon"),
    json_line(year=True),
    json_line(year=[1999]),
    json_line(explicit="maybe"),
    json_line(explicit=[]),
    json_line(features=[]),
    json_line(features={"energy": float("nan")}),
    json_line(features={"energy": float("inf")}),
    json_line(features={"energy": True}),
    json_line(features={"energy": {"value": 0.5}}),
    json_line(features={"tempo_bpm": 401}),
    '{"id": "x", "title": "A", "artists": ["B"], "year": 1e400}',
    '{"id": "x", "title": "A", "artists": ["B"], "year": ' + "9" * 5000 + "}",
]


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: line[-40:])
def test_a_bad_line_is_skipped_with_its_number(tmp_path: Path, line: str) -> None:
    found = read(write(tmp_path, "\n".join([json_line(id="1"), "", line, json_line(id="2")]), "a.jsonl"))
    first, bad, last = found
    assert [t.id for t in (first, last) if isinstance(t, Track)] == ["1", "2"]
    assert isinstance(bad, Rejected)
    assert bad.line == 3
    assert bad.reason


def test_unknown_fields_are_left_aside(tmp_path: Path) -> None:
    (track,) = read(write(tmp_path, json_line(mood={"a": [1]}, features={"loudness": -7, "energy": 0.5}), "a.jsonl"))
    assert track == Track("x", "A Song", ("Somebody",), features=Features(energy=0.5))


# --- files that cannot be read --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("", "a.csv"),
        ("", "a.csv.gz"),
        ("id;title;artists\n1;A;B\n", "a.csv"),
        ("id,title,artists\n1,A,B\n", "a.csv"),
        (f"{HEADER}\n{row()}\n".encode("utf-16"), "a.csv"),
        (json_line(), "a.csv"),
    ],
)
def test_a_csv_without_the_needed_columns_names_them(tmp_path: Path, content: str | bytes, name: str) -> None:
    with pytest.raises(CatalogueError, match="lacks the column") as caught:
        read(write(tmp_path, content, name))
    assert "id,name,artists" in caught.value.hint


def test_an_empty_jsonl_holds_nothing(tmp_path: Path) -> None:
    assert read(write(tmp_path, "", "a.jsonl")) == []


@pytest.mark.parametrize("name", ["songs.txt", "songs", "songs.csv.zip", "songs.json"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CatalogueError, match="neither"):
        CatalogueFile(write(tmp_path, "id,name,artists\n", name))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("folder.csv", "missing.csv"):
        with pytest.raises(CatalogueError, match="cannot be read"):
            CatalogueFile(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_gzip_that_is_none_or_ends_early_is_damaged(tmp_path: Path, name: str) -> None:
    lines = (
        [HEADER, *(row(id=n) for n in range(2000))] if "csv" in name else [json_line(id=str(n)) for n in range(2000)]
    )
    whole = gzip.compress("\n".join(lines).encode())
    for content in (b"no gzip at all", whole[:-100], whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CatalogueError, match="damaged"):
            read(tmp_path / name)


def test_a_gzip_with_flipped_bytes_is_damaged_wherever_they_are(tmp_path: Path) -> None:
    rng = random.Random(3)
    whole = gzip.compress("\n".join([HEADER, *(row(id=rng.random()) for _ in range(500))]).encode())
    path = tmp_path / "a.csv.gz"
    for _ in range(40):
        torn = bytearray(whole)
        at = rng.randrange(20, len(torn))
        torn[at : at + 4] = rng.randbytes(4)
        path.write_bytes(torn)
        with pytest.raises(CatalogueError, match="damaged"):
            read(path)


def test_progress_goes_from_nothing_to_the_size_on_disk(tmp_path: Path) -> None:
    path = write(tmp_path, "\n".join([HEADER, *(row(id=n) for n in range(20_000))]), "a.csv.gz")
    with CatalogueFile(path) as file:
        assert file.position == 0
        seen = [file.position for _ in file]
        assert file.size == path.stat().st_size
    assert seen == sorted(seen)
    assert seen[0] < seen[-1] == path.stat().st_size


# --- any file at all ------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["id", "title", "artists", "album", "year", "popularity", "genres", "duration_ms", "explicit", "features"]


@given(
    st.lists(st.dictionaries(st.sampled_from(FIELDS), json_values), max_size=4), st.sampled_from(FEATURES), json_values
)
@settings(deadline=None)
def test_any_json_is_a_song_or_a_skipped_row(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], feature: str, value: Any
) -> None:
    records.append(json.loads(json_line(features={feature: value})))
    path = write(tmp_path_factory.getbasetemp(), "\n".join(map(json.dumps, records)), "any.jsonl")
    found = read(path)
    assert len(found) == len(records)
    for item in found:
        assert isinstance(item, Rejected) or all(
            v is None or 0 <= v <= (400 if name == "tempo_bpm" else 1)
            for name, v in zip(FEATURES, item.features.values(), strict=True)
        )


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_after_the_first_line_are_songs_or_skipped_rows(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp(), HEADER.encode() + b"\n" + data, "any.csv")
    for item in read(path):
        assert isinstance(item, Rejected) or (item.id and item.title and item.artists)
