"""Reading catalogue files: CSV and JSONL rows to tracks, each bad row with its line and reason."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from core.errors import CatalogueError
from core.models import FEATURES, Features, Track
from core.text import printable

CSV_REQUIRED: Final = ("id", "name", "artists")
_CSV_FEATURES: Final = {name: "tempo" if name == "tempo_bpm" else name for name in FEATURES}
_MAX_TEXT: Final = 2000
_MAX_DURATION_MS: Final = 24 * 3_600_000
_YEARS: Final = range(1000, 2101)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was skipped: its line in the file, and why."""

    line: int
    reason: str


class _BadRow(ValueError):  # noqa: N818 - never leaves this module
    pass


class CatalogueFile:
    """A catalogue file, read as a stream; plain or .gz, CSV or JSONL (by its name).

    Iterating gives a Track or a Rejected for each row. `position` and `size` are bytes of the file on disk,
    for a progress bar.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        name = path.name.lower().removesuffix(".gz")
        self._gzipped = path.name.lower().endswith(".gz")
        if not name.endswith((".csv", ".jsonl", ".ndjson")):
            raise CatalogueError(f"{path.name} is neither .csv nor .jsonl (each may be .gz).", "Rename or convert it.")
        self._csv = name.endswith(".csv")
        try:
            self.size = path.stat().st_size
            self._raw: BinaryIO = path.open("rb")
        except OSError as error:
            raise CatalogueError(f"{path} cannot be read: {error.strerror}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        return self._raw.tell()

    def __iter__(self) -> Iterator[Track | Rejected]:
        stream: Any = gzip.GzipFile(fileobj=self._raw) if self._gzipped else self._raw
        # Wrong bytes are replaced, not fatal: one odd title must not cost a million songs.
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        try:
            with text:
                yield from self._csv_rows(text) if self._csv else self._json_rows(text)
        except (OSError, EOFError, zlib.error) as error:
            raise CatalogueError(f"{self.path.name} is damaged: {error}.", "Fetch it again.") from error

    def _csv_rows(self, text: io.TextIOWrapper) -> Iterator[Track | Rejected]:
        try:
            header = text.readline()
            # Spreadsheets of half the world separate by semicolons, and some by tabs.
            delimiter = max(",;\t", key=header.count)
            reader = csv.DictReader(chain([header], text), strict=False, delimiter=delimiter)
            missing = [name for name in CSV_REQUIRED if name not in (reader.fieldnames or ())]
        except csv.Error as error:
            raise CatalogueError(f"{self.path.name} is no CSV: {error}.") from error
        if missing:
            raise CatalogueError(
                f"{self.path.name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}.",
                "Its first line must name the columns: id,name,artists,album,year,popularity,genres and features.",
            )
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Rejected(reader.reader.line_num, str(error))  # its own count stands still at an error
                continue
            try:
                yield _track_of_csv(row)
            except _BadRow as error:
                yield Rejected(reader.line_num, str(error))

    def _json_rows(self, text: io.TextIOWrapper) -> Iterator[Track | Rejected]:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                yield track_of_json(json.loads(line))
            except json.JSONDecodeError as error:
                yield Rejected(number, f"not JSON: {error.msg} at column {error.colno}")
            except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
                yield Rejected(number, str(error) or "nested too deeply")


def _text(value: object, name: str, *, required: bool = False) -> str | None:
    if value is None or value == "":
        if required:
            raise _BadRow(f"{name} is empty")
        return None
    if not isinstance(value, str):
        raise _BadRow(f"{name} is {value!r}, not text")
    cleaned = printable(value)
    if not cleaned and required:
        raise _BadRow(f"{name} is empty")
    if len(cleaned) > _MAX_TEXT:
        raise _BadRow(f"{name} is {len(cleaned):,} characters long, more than {_MAX_TEXT:,}")
    return cleaned or None


def _number(value: object, name: str, low: float, high: float) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        raise _BadRow(f"{name} is {value!r}, not a number")
    if not low <= number <= high:
        raise _BadRow(f"{name} is {value}, outside {low:g} to {high:g}")
    return number


def _whole(value: object, name: str, low: float, high: float) -> int | None:
    number = _number(value, name, low, high)
    return None if number is None else int(number)


def _year(value: object) -> int | None:
    # Public sets write 0 for "unknown".
    year = _whole(value, "year", 0, _YEARS.stop - 1)
    if year is not None and year != 0 and year not in _YEARS:
        raise _BadRow(f"year is {value}, outside {_YEARS.start} to {_YEARS.stop - 1}")
    return year or None


def _features(values: dict[str, object]) -> Features:
    known = {}
    for name in FEATURES:
        high = 400 if name == "tempo_bpm" else 1
        known[name] = _number(values.get(name), "tempo" if name == "tempo_bpm" else name, 0, high)
    # A tempo of 0 is how public sets write "none found".
    return Features(**known | {"tempo_bpm": known["tempo_bpm"] or None})


def _track_of_csv(row: dict[str, str]) -> Track:
    if None in row or None in row.values():  # how the csv module shows a row too long, or too short
        raise _BadRow("the row has not as many columns as the first line")
    credit = _text(row["artists"], "artists", required=True) or ""
    separator = ";" if ";" in credit else ","
    return Track(
        id=_text(row["id"], "id", required=True) or "",
        title=_text(row["name"], "name", required=True) or "",
        artists=tuple(name for name in map(str.strip, credit.split(separator)) if name) or (credit,),
        album=_text(row.get("album"), "album"),
        year=_year(row.get("year")),
        popularity=_number(row.get("popularity"), "popularity", 0, 100),
        genres=_unique(re.split(r"[;,]", (_text(row.get("genres"), "genres") or "").lower())),
        duration_ms=_whole(row.get("duration_ms"), "duration_ms", 0, _MAX_DURATION_MS) or None,
        explicit=_flag(row.get("explicit")),
        features=_features({name: row.get(column) for name, column in _CSV_FEATURES.items()}),
    )


def _unique(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in map(str.strip, names) if name))


def _flag(value: object) -> bool | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False, "1": True, "0": False}
    if str(value).lower() not in known:
        raise _BadRow(f"explicit is {value!r}, neither true nor false")
    return known[str(value).lower()]


def _names(record: dict[str, Any], name: str, *, required: bool = False) -> tuple[str, ...]:
    value = record.get(name, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise _BadRow(f"{name} is {value!r}, not a list of texts")
    found = _unique([printable(v) for v in value])
    if required and not found:
        raise _BadRow(f"{name} is empty")
    return found


def track_of_json(record: object) -> Track:
    """The track of an untrusted JSON object in the form of `catalogue export`."""
    if not isinstance(record, dict):
        raise _BadRow("not a JSON object")
    features = record.get("features", {})
    if not isinstance(features, dict):
        raise _BadRow("features is no JSON object")
    return Track(
        id=_text(record.get("id"), "id", required=True) or "",
        title=_text(record.get("title"), "title", required=True) or "",
        artists=_names(record, "artists", required=True),
        album=_text(record.get("album"), "album"),
        year=_year(record.get("year")),
        popularity=_number(record.get("popularity"), "popularity", 0, 100),
        genres=_names(record, "genres"),
        languages=_names(record, "languages"),
        country=_text(record.get("country"), "country"),
        duration_ms=_whole(record.get("duration_ms"), "duration_ms", 0, _MAX_DURATION_MS) or None,
        explicit=_flag(record.get("explicit")),
        voice=_text(record.get("voice"), "voice"),
        instruments=_names(record, "instruments"),
        situations=_names(record, "situations"),
        emotions=_names(record, "emotions"),
        description=_text(record.get("description"), "description"),
        features=_features(features),
    )
