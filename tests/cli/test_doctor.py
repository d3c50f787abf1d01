"""`vibesmith doctor`, as a process: one line a check, and an exit code that says whether all is well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.terminal import vibesmith

CHECKS = ["settings", "home", "catalogue", "model", "index", "database", "Discord"]


def lines(said: str) -> dict[str, str]:
    """Each check's line, by its name."""
    return {
        words[1]: line for line in said.splitlines() if len(words := line.split()) > 2 and words[0] in ("ok", "wrong")
    }


def test_a_healthy_installation_has_one_good_line_a_check(home: Path) -> None:
    answer = vibesmith(home, "doctor")
    assert answer.code == 0, answer.said
    told = lines(answer.out)
    assert list(told) == CHECKS
    assert all(line.startswith("ok") for line in told.values())
    assert "40 songs from made up" in told["catalogue"]
    assert "all-MiniLM-L6-v2, 384 dimensions" in told["model"]
    assert "40 songs, generation" in told["index"]
    assert "off" in told["Discord"]
    assert "set DISCORD_TOKEN" in answer.said


def test_a_broken_catalogue_is_wrong_and_the_other_checks_are_still_made(home: Path) -> None:
    (home / "catalogue.db").write_bytes(b"this was a database once" * 300)
    for side in home.glob("catalogue.db-*"):
        side.unlink()
    answer = vibesmith(home, "doctor")
    answer.refused("wrong catalogue", "Move the file away", code=1)
    assert list(lines(answer.out)) == CHECKS


def test_a_damaged_database_is_wrong(home: Path) -> None:
    (home / "vibesmith.db").write_bytes(b"SQLite format 3\0" + b"junk" * 4000)
    vibesmith(home, "doctor").refused("wrong database", code=1)


def test_an_index_that_was_not_built_yet_is_no_fault(home: Path) -> None:
    (generation,) = (p for p in (home / "index").iterdir() if p.is_dir())
    (generation / "manifest.json").unlink()
    answer = vibesmith(home, "doctor")
    assert answer.code == 0, answer.said
    assert "the first answer builds it" in lines(answer.out)["index"]


def test_a_home_that_cannot_be_written_to_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = vibesmith(tmp_path / "home", "doctor", VIBESMITH_HOME=str(tmp_path / "file" / "home"))
    answer.refused("wrong home", "VIBESMITH_HOME", code=1)
    assert list(lines(answer.out)) == CHECKS


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="root may write anywhere")
def test_a_home_without_leave_to_write_is_wrong(home: Path) -> None:
    home.chmod(0o500)
    try:
        vibesmith(home, "doctor").refused("wrong home", "VIBESMITH_HOME", code=1)
    finally:
        home.chmod(0o700)


@pytest.mark.parametrize("token", ["two words.of secret", "secrét.töken", "secret\x07bell"])
def test_a_token_that_cannot_be_one_is_wrong_and_never_shown(home: Path, token: str) -> None:
    answer = vibesmith(home, "doctor", DISCORD_TOKEN=token, DISCORD_API_BASE="http://127.0.0.1:9/api")
    answer.refused("wrong Discord", "Reset Token", code=1)
    assert token not in answer.out + answer.err
    assert "secr" not in answer.said


def test_a_discord_that_cannot_be_reached_is_wrong(home: Path) -> None:
    token = "MTIz.secret.token"
    answer = vibesmith(home, "doctor", DISCORD_TOKEN=token, DISCORD_API_BASE="http://127.0.0.1:9/api")
    answer.refused("wrong Discord", "127.0.0.1:9", "Check the network", code=1)
    assert token not in answer.said
