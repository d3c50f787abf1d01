"""What all tests share."""

from __future__ import annotations

from typing import Final

import pytest

pytest_plugins = ("tests.studio",)

_FIRST_RUN_S: Final = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that needs the starter index waits until it is built, on a slow machine for some minutes."""
    for item in items:
        if "first_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(_FIRST_RUN_S))
