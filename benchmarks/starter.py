"""How true the starter catalogue is: found songs, and our estimates against measured features.

    python -m benchmarks.starter [--missing]

Existence is checked in known_songs.csv.gz, estimates against the features in tracks.csv.gz of the songs found there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.shared import shared_folder
from core.catalogue.identity import artist_key, artist_keys, title_key, version
from core.catalogue.importing import starter_tracks
from core.catalogue.reading import CatalogueFile, Rejected
from core.models import FEATURES, Track

console = Console()
Key = tuple[str, str]
_TEMPO_WITHIN = 0.08


def keys_of(track: Track) -> list[Key]:
    """Every (artist, title) that the track may be found by."""
    return [(artist, title_key(track.title)) for artist in sorted(artist_keys(track))]


def known_songs(path: Path) -> Iterator[Key]:
    """The (artist, title) of every known song."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for name in [*row["artists"].split(","), row["artists"]]:
                yield artist_key(name), title_key(row["name"])


def measured(path: Path) -> dict[Key, Track]:
    """The most popular original recording of each song, by its keys."""
    best: dict[Key, tuple[tuple[bool, float], Track]] = {}
    with CatalogueFile(path) as tracks:
        for track in tracks:
            if not isinstance(track, Rejected):
                rank = (version(track) is None, track.popularity or 0.0)
                for key in keys_of(track):
                    if key not in best or rank > best[key][0]:
                        best[key] = (rank, track)
    return {key: track for key, (_, track) in best.items()}


def ranks(values: list[float]) -> NDArray[np.float64]:
    """Ranks from 0, equal values sharing their mean rank."""
    array = np.asarray(values)
    _, place, counts = np.unique(array, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[place], dtype=np.float64)


def rank_correlation(a: list[float], b: list[float]) -> float:
    """Spearman's rho."""
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def same_tempo(told: float, heard: float) -> bool:
    """Within 8%, or at double or half the pace."""
    return any(abs(told * factor / heard - 1) <= _TEMPO_WITHIN for factor in (0.5, 1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--missing", action="store_true", help="name the songs that were not found")
    args = parser.parse_args()
    catalogue = shared_folder() / "catalogue"
    songs = list(starter_tracks())
    known = set(known_songs(catalogue / "known_songs.csv.gz"))
    features = measured(catalogue / "tracks.csv.gz")
    found = [track for track in songs if known.intersection(keys_of(track))]
    pairs = [(t, next(features[k] for k in keys_of(t) if k in features)) for t in songs if features.keys() & keys_of(t)]
    if args.missing:
        for track in songs:
            if track not in found:
                console.print(f"{track.byline} – {track.title} ({track.year})", highlight=False)
    console.print(f"{len(songs):,} songs, {len(found) / len(songs):.1%} found; {len(pairs):,} with measured features")
    table = Table("feature", "rank correlation", box=None, header_style="dim")
    for name in FEATURES:
        told = [(getattr(t.features, name), getattr(m.features, name)) for t, m in pairs]
        both = [(a, b) for a, b in told if a is not None and b is not None]
        if name == "tempo_bpm":
            table.add_row("tempo within 8%, double or half", f"{np.mean([same_tempo(a, b) for a, b in both]):.1%}")
        else:
            table.add_row(name, f"{rank_correlation([a for a, _ in both], [b for _, b in both]):.2f}")
    console.print(table)
    languages = Counter(code for track in songs for code in track.languages)
    console.print(
        f"decades {dict(sorted(Counter((t.year or 0) // 10 * 10 for t in songs).items()))}; "
        f"not in English {sum(1 for t in songs if not {'en', 'zxx'} & set(t.languages)):,}, "
        f"languages {len(languages)}, Spanish {languages['es']}"
    )


if __name__ == "__main__":
    main()
