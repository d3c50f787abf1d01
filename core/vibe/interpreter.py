"""The built-in interpreter: rules for what is exact, the mood model for what is felt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import BadVibeError
from core.index.embedding import BUNDLED, Embedder, bundled_folder
from core.models import Clause, ClauseKind, Sign, Target, Vibe
from core.text import MAX_CHARS, printable
from core.vibe.emoji import spoken
from core.vibe.mood_model import MoodModel, mood_of
from core.vibe.rules import ArtistCounts, Rules

Vector = NDArray[np.float32]

MAX_COUNT: Final = 100
MAX_MINUTES: Final = 600
# A word this early in the encoder's vocabulary, which is ordered by use, is an everyday word.
_COMMON_BEFORE: Final = 12_000
# How much of an unwanted mood's target is taken away.
_AWAY: Final = 0.7


@dataclass(frozen=True, slots=True)
class Understanding:
    """A vibe with the vectors that searching needs: the target, and the embedding of what was asked for."""

    vibe: Vibe
    target: Target
    embedding: Vector


class Interpreter(Protocol):
    """Reads a request."""

    def understand(self, text: str) -> Understanding:
        """The request, read; BadVibeError where it says nothing."""


@cache
def _places() -> dict[str, int]:
    from tokenizers import Tokenizer  # noqa: PLC0415 - only where names are looked for

    return dict(Tokenizer.from_file(str(bundled_folder() / "tokenizer.json")).get_vocab())


def is_common(word: str) -> bool:
    """Whether a word is an everyday one, by its place in the bundled encoder's vocabulary."""
    return _places().get(word, _COMMON_BEFORE) < _COMMON_BEFORE


class BuiltInInterpreter:
    """Works without a key and without a network.

    Args:
        model: the trained mood model; it reads the bundled embedding, whatever model the index is made with.
        embedder: the index's model, for the text part of the search.
        artist_counts: which artists the catalogue knows.
    """

    def __init__(self, model: MoodModel, embedder: Embedder, artist_counts: ArtistCounts) -> None:
        self._model = model
        self._embedder = embedder
        self._mood_embedder = embedder if embedder.name == BUNDLED else Embedder()
        self._rules = Rules(artist_counts, is_common)

    def understand(self, text: str) -> Understanding:
        cleaned = check_text(text)
        clauses = self._rules.clauses(cleaned)
        wanted = spoken(_without_unwanted(cleaned, clauses))
        embedding = self._mood_embedder.queries([wanted])[0]
        target = self._model.target(wanted, embedding)
        target = self._less_unwanted(target, clauses)
        vibe = Vibe(
            cleaned, mood_of(target), tuple(clauses),
            count=_number(clauses, ClauseKind.COUNT, MAX_COUNT),
            minutes=_number(clauses, ClauseKind.MINUTES, MAX_MINUTES),
        )  # fmt: skip
        if self._mood_embedder is not self._embedder:
            embedding = self._embedder.queries([wanted])[0]
        return Understanding(vibe, target, embedding)

    def _less_unwanted(self, target: Target, clauses: list[Clause]) -> Target:
        """The target pushed away from unwanted moods, the less the more they are like a wanted one.

        "Sad but not depressing" is still sad.
        """
        unwanted = [
            c.value for c in clauses if c.sign is Sign.UNWANTED and c.kind in (ClauseKind.MOOD, ClauseKind.SITUATION)
        ]
        if not unwanted:
            return target
        wanted = [c.value for c in clauses if c.sign is Sign.WANTED and c.kind is ClauseKind.MOOD]
        words = [*unwanted, *wanted]
        named = [
            self._model.target(word, embedding)
            for word, embedding in zip(words, self._mood_embedder.queries(words), strict=True)
        ]
        for other in named[: len(unwanted)]:
            alike = max((_likeness(other, mood) for mood in named[len(unwanted) :]), default=0.0)
            target = target.away_from(other, _AWAY * (1 - max(0.0, alike)) / len(unwanted))
        return target


def _likeness(one: Target, other: Target) -> float:
    """The cosine of two targets' features."""
    a, b = one.features, other.features
    return float(a @ b / ((np.linalg.norm(a) * np.linalg.norm(b)) or 1.0))


def check_text(text: str) -> str:
    """The text cleaned; BadVibeError where nothing is left, or too much."""
    cleaned = printable(text)
    if not cleaned:
        raise BadVibeError(
            "There are no words in that vibe.", "Say how you feel or what you do, for example: sunny and lazy."
        )
    if len(cleaned) > MAX_CHARS:
        raise BadVibeError(f"That vibe is {len(cleaned):,} characters long.", f"Say it in at most {MAX_CHARS:,}.")
    return cleaned


def _number(clauses: list[Clause], kind: ClauseKind, most: int) -> int | None:
    return next((min(int(c.value), most) for c in clauses if c.kind is kind), None)


def _without_unwanted(text: str, clauses: list[Clause]) -> str:
    """The text without the words of unwanted clauses; the whole text where nothing else would be left."""
    kept, at = [], 0
    for clause in clauses:
        if clause.sign is Sign.UNWANTED and clause.start >= at:
            kept.append(text[at : clause.start])
            at = clause.end
    left = printable("".join([*kept, text[at:]]))
    return left or text
