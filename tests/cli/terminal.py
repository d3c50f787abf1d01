"""`python -m bot …` in a process of its own, with nobody's settings but the test's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.catalogue.store import CatalogueStore
from tests.core.made_up import songs

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 300
SETTINGS: Final = ("VIBESMITH_", "DISCORD_", "LOG_", "EMBEDDING_", "COLUMNS", "FORCE_COLOR", "TTY_")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that a person would read, as one line, since a terminal breaks lines where it likes."""
        return " ".join((self.out + " " + self.err).split())

    @property
    def record(self) -> Any:
        """The one JSON object that was printed."""
        assert self.code == 0, self.said
        (line,) = self.out.splitlines()
        return json.loads(line)

    def refused(self, *words: str, code: int | None = None) -> None:
        """Hold it to what a person may expect of a refusal: an exit code, clear words, and no traceback."""
        assert self.code != 0, self.said
        assert code is None or self.code == code, (self.code, self.said)
        assert "Traceback" not in self.said, self.said
        assert [w for w in words if w not in self.said] == [], self.said


def start(home: Path, *words: str, **settings: str) -> subprocess.Popen[str]:
    """Start the command line with its state in `home`; an empty setting is none."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)}
    environment = {"VIBESMITH_HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "120"} | settings
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=home.parent,  # no .env lies there
        env=inherited | {k: v for k, v in environment.items() if v},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def finish(process: subprocess.Popen[str]) -> Answer:
    with process:
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    return Answer(process.returncode, out, err)


def vibesmith(home: Path, *words: str, **settings: str) -> Answer:
    """Run the command line to its end."""
    return finish(start(home, *words, **settings))


def small_home(home: Path, count: int = 40) -> Path:
    """A home with a few made-up songs, indexed in no time, and without the starter songs."""
    with CatalogueStore(home / "catalogue.db") as store, store.transaction():
        store.write(songs(count), "made up")
        store.set_meta("starter", "off")
    return home
