"""How well the songs fit: the product beside its baselines on the judged vibes, in one run.

    python -m benchmarks.quality [--queries FILE.jsonl ...]

The first run imports the large catalogue into a home of its own and builds its index, which takes minutes.
Contrast AUC asks whether songs that fit rank above songs of the opposite mood; higher is better, save opposite@10.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.progress import track as progress
from rich.table import Table

from benchmarks.shared import benchmark_settings, scorer, shared_folder
from bot.app import Studio
from core.catalogue.importing import import_file
from core.index.space import card
from core.models import Track

Ranker = Callable[[str], list[str]]
COLUMNS = ("contrast_auc", "opposite@10", "graded_ndcg@10", "family@10", "auc")
console = Console()


def open_large_catalogue(shared: Path) -> Studio:
    """A studio over the large catalogue alone."""
    studio = Studio(benchmark_settings())
    file = shared / "catalogue" / "tracks.csv.gz"
    if [source.name for source in studio.store.sources()] != [file.name]:
        console.print(f"Importing {file.name}, once …")
        import_file(studio.store, file, replace=True)
    return studio


def by_cosine(
    tracks: list[Track], embed: Callable[[list[str]], NDArray[np.float32]], text: Callable[[Track], str]
) -> Ranker:
    """Rank by the cosine of the query's embedding with the embedding of a text for each song."""
    vectors = embed([text(track) for track in tracks])

    def rank(query: str) -> list[str]:
        order = np.argsort(-(vectors @ embed([query])[0]), kind="stable")
        return [tracks[n].id for n in order]

    return rank


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, nargs="+", help="judged vibes; default vibes_dev.jsonl")
    args = parser.parse_args()
    shared = shared_folder()
    judge: Any = scorer(shared)
    truth = judge.lines(*(args.queries or [shared / "benchmark" / "vibes_dev.jsonl"]))
    pool = set(json.loads((shared / "benchmark" / "pool.json").read_text()))
    studio = open_large_catalogue(shared)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Indexing")
        composer, _ = studio.composer(lambda done, total: bar.update(task, completed=done, total=total))
    rows = {name: row for name, row in studio.store.ids().items() if name in pool}
    names = {row: name for name, row in rows.items()}
    tracks = list(studio.store.tracks(list(rows.values())).values())
    embed = studio.embedder.queries
    plain = [replace(track, genres=(), description=None) for track in tracks]
    popular = [t.id for t in sorted(tracks, key=lambda t: -(t.popularity or 0))]
    rankers: dict[str, Ranker] = {
        "popularity": lambda _: popular,
        "title and artist embedded": by_cosine(plain, embed, lambda t: f"{t.title} by {t.byline}"),
        "embedded card (title, artist, genres, mood words)": by_cosine(tracks, embed, card),
        "vibesmith": lambda query: [names[row] for row in composer.rank(query, within=list(rows.values()))],
    }
    table = Table("", *COLUMNS, title=f"{len(truth)} vibes over {len(tracks):,} songs", box=None, header_style="dim")
    for name, ranker in rankers.items():
        run = {row["qid"]: ranker(row["query"]) for row in progress(truth, description=name, transient=True)}
        scores = judge.score_vibes(run, truth, pool)
        table.add_row(name, *(f"{np.nanmean([score[column] for score in scores]):.3f}" for column in COLUMNS))
    console.print(table)


if __name__ == "__main__":
    main()
