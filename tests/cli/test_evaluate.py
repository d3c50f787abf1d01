"""`vibesmith evaluate`, as a process: the runs that a scorer reads, in both their forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import vibesmith


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("kind", ["vibes", "dialogues", "taste"])
def test_a_ranking_holds_every_song_once_best_first(home: Path, tmp_path: Path, kind: str) -> None:
    queries: list[dict[str, Any]] = [
        {"qid": "q1", "query": "a loud and happy party"},
        {"qid": "q2", "query": "a sad walk in the rain"},
    ]
    if kind == "taste":
        queries[0] |= {"liked": ["id1"], "disliked": ["id2"]}
    out = tmp_path / "run.jsonl"
    done = vibesmith(home, "evaluate", kind, str(write(tmp_path / "q.jsonl", queries)), "--out", str(out))
    assert done.code == 0, done.said
    first, second = read(out)
    assert (first["qid"], second["qid"]) == ("q1", "q2")
    everything = {f"id{n}" for n in range(40)}
    assert len(first["ranking"]) == len(set(first["ranking"]))
    assert set(second["ranking"]) == everything
    heard = {"id1", "id2"} if kind == "taste" else set()
    assert set(first["ranking"]) == everything - heard
    assert first["ranking"] != second["ranking"]
    # Song n is made for a quiet evening, a party or a sad walk, by turns.
    assert sum(int(i[2:]) % 3 == 1 for i in first["ranking"][:10]) >= 6
    assert sum(int(i[2:]) % 3 == 2 for i in second["ranking"][:10]) >= 6


def test_a_ranking_within_some_songs_and_up_to_a_limit(home: Path, tmp_path: Path) -> None:
    queries = write(tmp_path / "q.jsonl", [{"qid": "q1", "query": "calm"}])
    (tmp_path / "ids.json").write_text(json.dumps(["id3", "id5", "id8", "unknown"]))
    within, limited = tmp_path / "within.jsonl", tmp_path / "limited.jsonl"
    options = ["--within", str(tmp_path / "ids.json")]
    assert vibesmith(home, "evaluate", "vibes", str(queries), "--out", str(within), *options).code == 0
    assert vibesmith(home, "evaluate", "vibes", str(queries), "--out", str(limited), *options, "--limit", "2").code == 0
    assert set(read(within)[0]["ranking"]) == {"id3", "id5", "id8"}
    assert read(limited)[0]["ranking"] == read(within)[0]["ranking"][:2]


def test_intents_are_told_in_the_requesters_own_words(home: Path, tmp_path: Path) -> None:
    queries: list[dict[str, Any]] = [
        {"id": 7, "query": "happy 90s Rock, no rap, for the gym"},
        {"id": "b", "query": "hm"},
    ]
    out = tmp_path / "run.jsonl"
    done = vibesmith(home, "evaluate", "intents", str(write(tmp_path / "q.jsonl", queries)), "--out", str(out))
    assert done.code == 0, done.said
    assert read(out) == [
        {"id": 7, "labels": [
            {"type": "Mood", "value": "happy", "sign": "+"}, {"type": "Decade", "value": "90s", "sign": "+"},
            {"type": "Genre", "value": "Rock", "sign": "+"}, {"type": "Genre", "value": "rap", "sign": "-"},
            {"type": "ListeningContext", "value": "gym", "sign": "+"},
        ]},
        {"id": "b", "labels": []},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("dreams", '{"qid": "1", "query": "x"}\n', "no kind of evaluation"),
        ("vibes", None, "cannot be read"),
        ("vibes", "not json\n", "line 1"),
        ("vibes", '{"qid": "1"}\n', "line 1"),
        ("vibes", "[1]\n", "line 1"),
    ],
)
def test_queries_that_cannot_be_run_are_refused_in_words(
    home: Path, tmp_path: Path, kind: str, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "q.jsonl").write_text(content)
    out = tmp_path / "run.jsonl"
    vibesmith(home, "evaluate", kind, str(tmp_path / "q.jsonl"), "--out", str(out)).refused(said, code=1)
