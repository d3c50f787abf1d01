"""Runs the product over a file of queries, and writes the run that a scorer reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from core.catalogue.store import CatalogueStore
from core.errors import VibesmithError
from core.models import Clause, ClauseKind
from core.ranking.composer import Composer

RANKED: Final = ("vibes", "dialogues", "taste")
KINDS: Final = (*RANKED, "intents")
_DEFAULT_LIMIT: Final = 1000

# How the labelled requests call what we call clauses.
_LABELS: Final[Mapping[ClauseKind, str]] = {
    ClauseKind.MOOD: "Mood",
    ClauseKind.GENRE: "Genre",
    ClauseKind.INSTRUMENT: "Instrument",
    ClauseKind.VOICE: "Instrument",
    ClauseKind.SITUATION: "ListeningContext",
    ClauseKind.ERA: "Decade",
    ClauseKind.COUNTRY: "country",
    ClauseKind.ARTIST: "NE",
    ClauseKind.SONG: "NE",
}


def evaluate(
    composer: Composer,
    store: CatalogueStore,
    kind: str,
    queries: Path,
    run: Path,
    *,
    limit: int | None = None,
    within: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Answer every query of a file; the number of lines written.

    Args:
        composer: what answers.
        store: for the ids of the tracks.
        kind: "vibes", "dialogues" and "taste" write rankings, best first, before diversity and order; "intents"
            writes the clauses understood.
        queries: JSON lines with "query" and "qid" (or "id").
        run: the file to write.
        limit: songs a query; None for all of `within`, else 1,000.
        within: a JSON list of track ids to rank; None for the whole catalogue.
        on_progress: told queries done and in all.
    """
    if kind not in KINDS:
        raise VibesmithError(f"{kind} is no kind of evaluation.", f"Give one of: {', '.join(KINDS)}.")
    rows = _queries(queries, id_name="id" if kind == "intents" else "qid")
    ids = store.ids()
    names = {row: name for name, row in ids.items()}
    inside = None
    if within is not None:
        inside = [ids[name] for name in _names(within) if name in ids]
    elif limit is None:
        limit = _DEFAULT_LIMIT
    with run.open("w", encoding="utf-8") as out:
        for done, row in enumerate(rows, 1):
            line: dict[str, Any]
            if kind == "intents":
                clauses = composer.understand(row["query"]).vibe.clauses
                line = {"id": row["id"], "labels": [_label(c, row["query"]) for c in clauses if c.kind in _LABELS]}
            else:
                heard = {*row.get("liked", ()), *row.get("disliked", ())}
                ranked = composer.rank(row["query"], limit, inside)
                line = {
                    "qid": row["qid"],
                    "ranking": [names[n] for n in ranked if n in names and names[n] not in heard],
                }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            on_progress(done, len(rows))
    return len(rows)


def _label(clause: Clause, query: str) -> dict[str, str]:
    """The clause in the requester's own words, as the labels are."""
    return {"type": _LABELS[clause.kind], "value": query[clause.start : clause.end], "sign": clause.sign.value}


def _queries(path: Path, id_name: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                row = None
            if not isinstance(row, dict) or id_name not in row or not isinstance(row.get("query"), str):
                raise VibesmithError(
                    f"{path.name}, line {number} is no query.",
                    f'Each line is a JSON object with "{id_name}" and "query".',
                )
            rows.append(row)
    return rows


def _names(path: Path) -> list[str]:
    try:
        names = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise VibesmithError(f"{path} is no JSON: {error.msg}.", "Give a JSON list of track ids.") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise VibesmithError(f"{path} is no JSON list of track ids.")
    return names


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise VibesmithError(f"{path} cannot be read: {error.strerror}.") from error
