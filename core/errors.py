"""Errors that a person will read: what was wrong, and what to do next."""

from __future__ import annotations

from typing import ClassVar


class VibesmithError(Exception):
    """Something a person can act on.

    Args:
        message: what was wrong, as a sentence.
        hint: what to do next, as a sentence; empty where the message says it already.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class BadVibeError(VibesmithError):
    """The text holds nothing that could be answered."""


class CatalogueError(VibesmithError):
    """A catalogue file cannot be read, or the catalogue on disk is damaged."""


class SearchIndexError(VibesmithError):
    """The search index cannot be built, opened or asked."""


class ModelError(VibesmithError):
    """The embedding model cannot be loaded."""
