"""Builds one generation of the search index: `python -m core.index.build`, a process of its own.

Building holds the interpreter's lock for long; a crash or a full disk must not touch the running bot. So it happens
in another process, in a folder beside, which takes its final name only when it is whole.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

import numpy as np

from core.catalogue.store import CatalogueStore
from core.errors import VibesmithError
from core.index.backend import Point
from core.index.edge import EdgeIndex
from core.index.embedding import Embedder
from core.index.generation import EDGE, SCRATCH, TRACKS, Manifest, fingerprint, fsync_folder
from core.index.precomputed import Precomputed
from core.index.space import Space, Vector, card, payload, sparse_track
from core.models import Track

# Row numbers are hashes, so the first rows are a fair sample of all.
_SAMPLE: Final = 2000
_REPORT_EVERY: Final = 32
_CHUNK: Final = 512


def build(store: CatalogueStore, embedder: Embedder, parent: Path, report: Callable[[int, int], None]) -> Path:
    """Build the generation for what the store holds now, under `parent`; its folder."""
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=parent))
    try:
        store.copy_to(scratch / TRACKS)
        with CatalogueStore(scratch / TRACKS, read_only=True) as tracks:
            name = fingerprint(tracks.fingerprint, embedder.fingerprint)
            _fill(scratch, name, tracks, embedder, report)
        fsync_folder(scratch)
        final = parent / name
        shutil.rmtree(final, ignore_errors=True)  # a broken one of the same name
        scratch.rename(final)
        return final
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fill(
    folder: Path, name: str, tracks: CatalogueStore, embedder: Embedder, report: Callable[[int, int], None]
) -> None:
    """Put the space, the index and the manifest beside the tracks."""
    total = len(tracks)
    if not total:
        raise VibesmithError("The catalogue is empty.", "Import a file: vibesmith catalogue import FILE.")
    embedded = _embedded(tracks, embedder, report, total)
    sample = list(islice(embedded, _SAMPLE))
    space = Space.fit((track for _, track in tracks.rows()), np.stack([vector for _, _, vector in sample]))
    index = EdgeIndex.create(folder / EDGE, space.dimension)
    index.upsert(
        Point(row, space.track_vector(track, vector), sparse_track(track), payload(track))
        for row, track, vector in chain(sample, embedded)
    )
    index.seal()
    index.close()
    space.save(folder)
    Manifest.describe(folder, name, total).write(folder)


def _embedded(
    store: CatalogueStore, embedder: Embedder, report: Callable[[int, int], None], total: int
) -> Iterator[tuple[int, Track, Vector]]:
    """Every row with its track and its card's embedding, a chunk of cards at a time."""
    ahead = Precomputed(embedder)
    rows = store.rows()
    done = 0
    while chunk := list(islice(rows, _CHUNK)):
        waiting = []
        for row, track in chunk:
            text = card(track)
            vector = ahead.get(text)
            if vector is None:
                waiting.append((text, row, track))
            else:
                yield row, track, vector
                done += 1
        report(done, total)
        # Cards of a length together: a batch is as slow as its longest text.
        waiting.sort(key=lambda item: len(item[0]))
        vectors = embedder.documents(text for text, _, _ in waiting)
        for (_, row, track), vector in zip(waiting, vectors, strict=True):
            yield row, track, vector
            done += 1
            if done % _REPORT_EVERY == 0:
                report(done, total)
    report(total, total)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--cache", type=Path, required=True)
    args = parser.parse_args()

    def say(**line: object) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    try:
        with CatalogueStore(args.catalogue) as store:
            folder = build(
                store, Embedder(args.model, args.cache), args.out, lambda done, total: say(done=done, total=total)
            )
    except VibesmithError as error:
        say(error=error.message, hint=error.hint)
        return 1
    except sqlite3.Error as error:
        say(error=f"The catalogue could not be copied: {error}.", hint="Is the disk full? Else see: vibesmith doctor.")
        return 1
    except OSError as error:
        say(
            error=f"The index could not be written: {error.strerror}.",
            hint="Is the disk full, or the folder read-only?",
        )
        return 1
    say(folder=str(folder))
    return 0


if __name__ == "__main__":
    os.nice(5)  # answering comes before building
    sys.exit(main())
