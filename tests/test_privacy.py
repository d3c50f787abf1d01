"""Nothing leaves the machine: no library that we load may prepare to report about its user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ONE_VIBE = """
from core.index.embedding import Embedder
assert Embedder().queries(["a quiet evening"]).shape == (1, 384)
"""


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def run(code: str, home: Path) -> None:
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))} | {"HOME": str(home)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=100)


def test_embedding_leaves_no_identifier_of_this_machine_for_anybodys_telemetry(tmp_path: Path) -> None:
    # onnxruntime keeps a device id and a queue of reports in the home folder of whoever does not forbid it.
    run(ONE_VIBE, tmp_path / "home")
    assert files_under(tmp_path / "home") == []
