"""The shape of the house: which way imports point, how long a file is, and that what is written down is complete."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("bot", "core", "storage")
FILES: Final = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MOST_LINES: Final = 600
HEAVY: Final = ("torch", "tensorflow", "transformers", "pandas", "sklearn", "scipy")
# What takes long to import, and where it may be imported at the top.
SLOW: Final = ("fastembed", "onnxruntime", "discord", "openai", "spotipy", "qdrant_client")


def imported(path: Path, *, at_the_top: bool = False) -> Iterator[str]:
    """The full names of modules that a file imports, those for types alone included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_the_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            # "from core import models" is an import of core.models
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong(package: str, *, but: tuple[str, ...], only: tuple[str, ...] = ()) -> list[str]:
    """The imports of a package that begin with one of `but`, save those that begin with one of `only`."""

    def within(name: str, modules: tuple[str, ...]) -> bool:
        return any(name == module or name.startswith(module + ".") for module in modules)

    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        if path.is_relative_to(ROOT / package)
        for name in imported(path)
        if within(name, but) and not within(name, only)
    ]


def test_there_is_something_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(PACKAGES)
    assert len(FILES) > 30


def test_the_core_knows_neither_discord_nor_the_database() -> None:
    assert wrong("core", but=("bot", "storage", "discord", "aiohttp", "sqlalchemy", "tests", "benchmarks")) == []


def test_storage_knows_of_the_core_only_its_words() -> None:
    assert wrong("storage", but=("bot", "core", "discord"), only=("core.models", "core.errors")) == []


def test_the_words_of_the_core_know_nothing_else() -> None:
    for module in ("models", "errors", "text", "vocabulary"):
        assert wrong(f"core/{module}.py", but=PACKAGES) == []


def test_nothing_heavy_is_imported_anywhere() -> None:
    assert [line for package in PACKAGES for line in wrong(package, but=HEAVY)] == []


def test_only_the_discord_side_imports_discord() -> None:
    free = ("client.py", "cogs", "ui")
    users = {line.split(":")[0].split("/")[1] for line in wrong("bot", but=("discord",))}
    assert users <= set(free)


def test_what_is_slow_to_import_is_not_imported_by_the_command_line_or_the_core_at_once() -> None:
    eager = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in [
            *(ROOT / "core").rglob("*.py"),
            ROOT / "bot/__main__.py",
            ROOT / "bot/app.py",
            ROOT / "bot/settings.py",
        ]
        if path != ROOT / "core/index/server.py"  # imported only where there is a server
        for name in imported(path, at_the_top=True)
        if name.split(".")[0] in SLOW
    ]
    assert eager == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_be_read_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "the first line tells what a module is for"


def test_every_setting_stands_in_the_example_and_nothing_else_does() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", example, re.MULTILINE)
    assert [name for name, _ in named] == list(dict.fromkeys(name for name, _ in named))
    assert {name for name, _ in named} == {name.upper() for name in Settings.model_fields}
    assert not any(value for name, value in named if "TOKEN" in name or "KEY" in name or "SECRET" in name)


def test_every_setting_is_explained_in_the_example() -> None:
    blocks = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(blocks):
        if re.match(r"[A-Z]", line):
            above = next(text for text in reversed(blocks[:number]) if not re.match(r"[A-Z]", text))
            assert above.startswith("# "), f"{line} is not explained"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_pin_everything_with_hashes_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--index-url|--extra-index|--find-links|--trusted-host", text)
    entries = [entry for entry in re.split(r"\n(?=[a-zA-Z0-9])", text.strip()) if not entry.startswith("#")]
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^\s;]+( ;[^\\]+)? \\\n", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_what_the_suite_needs_agrees_with_what_the_product_needs() -> None:
    def pins(name: str) -> dict[str, str]:
        found = re.findall(
            r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)([^\\\n]*)", (ROOT / name).read_text(), re.MULTILINE
        )
        return {project + marker: version for project, version, marker in found}

    product, suite = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {project: version for project, version in product.items() if suite.get(project) != version} == {}
