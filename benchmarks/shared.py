"""What the benchmarks measure on: the judged cases and the large catalogue, which are no part of this repository."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import platformdirs

from bot.settings import Settings

_REPOSITORY = Path(__file__).resolve().parent.parent


def shared_folder() -> Path:
    """The folder with `benchmark/` and `catalogue/`: VIBESMITH_SHARED, else ../shared beside the repository."""
    folder = Path(os.environ.get("VIBESMITH_SHARED", _REPOSITORY.parent / "shared"))
    if not (folder / "benchmark" / "evaluate.py").exists():
        sys.exit(f"The judged cases are missing: no benchmark/evaluate.py in {folder}. Set VIBESMITH_SHARED.")
    return folder


def scorer(folder: Path) -> ModuleType:
    """The judges' own scoring code."""
    spec = importlib.util.spec_from_file_location("evaluate", folder / "benchmark" / "evaluate.py")
    if spec is None or spec.loader is None:
        sys.exit(f"{folder / 'benchmark' / 'evaluate.py'} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def benchmark_settings() -> Settings:
    """Settings with a home of their own, kept between runs, since a large index takes minutes to build."""
    home = Path(os.environ.get("VIBESMITH_BENCHMARK_HOME") or platformdirs.user_cache_path("vibesmith-benchmark"))
    return Settings(vibesmith_home=home)
