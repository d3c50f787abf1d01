"""Loading a file into the catalogue, and the starter songs into an empty one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from core.catalogue.reading import CatalogueFile, Rejected
from core.catalogue.store import STARTER, CatalogueStore, StoreCounts
from core.errors import CatalogueError
from core.models import Track

Progress = Callable[[int, int], None]
_PROGRESS_EVERY: Final = 500
_STARTER_STATE: Final = "starter"


@dataclass(slots=True)
class ImportReport:
    """What an import did: tracks added, updated and unchanged, rows skipped, tracks of other files removed."""

    counts: StoreCounts = field(default_factory=StoreCounts)
    rejected: int = 0
    removed: int = 0


def import_file(
    store: CatalogueStore,
    path: Path,
    *,
    replace: bool = False,
    on_rejected: Callable[[Rejected], None] = lambda _: None,
    on_progress: Progress = lambda _done, _total: None,
) -> ImportReport:
    """Load a CSV or JSONL file, all or nothing.

    Args:
        store: where to.
        path: the file; its name becomes the name of the source.
        replace: leave only this file's songs.
        on_rejected: told of each skipped row.
        on_progress: told bytes read, and bytes in all.

    Raises:
        CatalogueError: the file cannot be read, or holds no usable row.
    """
    report = ImportReport()
    read = set[str]()

    with CatalogueFile(path) as file:

        def tracks() -> Iterator[Track]:
            for number, item in enumerate(file, 1):
                if number % _PROGRESS_EVERY == 0:
                    on_progress(file.position, file.size)
                if isinstance(item, Rejected):
                    report.rejected += 1
                    on_rejected(item)
                else:
                    if replace:
                        read.add(item.id)
                    yield item

        with store.transaction():
            report.counts = store.write(tracks(), path.name)
            if report.counts == StoreCounts():
                raise CatalogueError(
                    f"{path.name} holds no usable song ({report.rejected:,} rows were skipped); nothing was changed."
                )
            if replace:
                report.removed = store.keep_only(path.name) + store.keep_ids(path.name, read)
                store.set_meta(_STARTER_STATE, "off")
        on_progress(file.size, file.size)
    return report


def export_file(store: CatalogueStore, path: Path) -> int:
    """Write every track as a JSON line; their number. The file appears whole or not at all."""
    scratch = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with scratch.open("w", encoding="utf-8") as out:
            for _, track in store.rows():
                out.write(json.dumps(track.to_record(), ensure_ascii=False) + "\n")
                count += 1
        scratch.replace(path)
    except OSError as error:
        raise CatalogueError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        scratch.unlink(missing_ok=True)
    return count


@cache
def starter_files() -> tuple[Path, ...]:
    """The files of the bundled starter catalogue."""
    folder = resources.files("core.catalogue") / "starter"
    return tuple(sorted(Path(str(item)) for item in folder.iterdir() if item.name.endswith(".jsonl")))


def starter_tracks() -> Iterator[Track]:
    """The songs that we describe ourselves."""
    for path in starter_files():
        with path.open(encoding="utf-8") as lines:
            yield from (Track.from_record(json.loads(line)) for line in lines)


def ensure_starter(store: CatalogueStore) -> None:
    """Load the starter songs into a new catalogue, and newer ones after an upgrade.

    An owner who replaced them by their own file keeps it that way.
    """
    if store.meta(_STARTER_STATE) == "off":
        return
    digest = hashlib.blake2b(digest_size=16)
    for path in starter_files():
        digest.update(path.read_bytes())
    current = digest.hexdigest()
    if store.source_version(STARTER) == current:
        return
    with store.transaction():
        if store.source_version(STARTER) != current:  # another process may have been first
            store.remove_source(STARTER)
            # A starter song that the owner has imported in a version of their own stays theirs.
            theirs = store.known(track.id for track in starter_tracks())
            ours = (track for track in starter_tracks() if track.id not in theirs)
            store.write(ours, STARTER, source_version=current)
