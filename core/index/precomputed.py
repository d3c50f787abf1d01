"""Embeddings of the starter songs' cards, made ahead: the first answer need not wait for them.

    python -m core.index.precomputed        # after the starter songs or the model changed

A card is looked up by a hash of its text, and only for the model that made them: whatever has changed since is
embedded anew, so a stale file costs time, never truth.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.catalogue.importing import starter_tracks
from core.index.embedding import Embedder
from core.index.space import Vector, card

_SCALE: Final = 127.0


def precomputed_file() -> Path:
    """Where they lie inside the package."""
    return Path(str(resources.files("core.catalogue") / "starter" / "embeddings.npz"))


def _key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class Precomputed:
    """Card embeddings by text, for one embedder.

    Each vector is kept in 8 bits a number, scaled by its largest; its cosine to the original is over .999.
    """

    def __init__(self, embedder: Embedder, path: Path | None = None) -> None:
        self._embedder = embedder
        self._path = path or precomputed_file()

    @cached_property
    def _held(self) -> tuple[dict[int, int], NDArray[np.int8]]:
        try:
            with np.load(self._path, allow_pickle=False) as held:
                if str(held["embedder"]) == self._embedder.fingerprint:
                    return {int(key): n for n, key in enumerate(held["keys"])}, held["vectors"]
        except (OSError, ValueError, KeyError):
            pass  # it only saves time
        return {}, np.zeros((0, 0), dtype=np.int8)

    def get(self, text: str) -> Vector | None:
        """The unit embedding of a card, or None where it was not made ahead."""
        places, vectors = self._held
        place = places.get(_key(text))
        if place is None:
            return None
        vector = vectors[place].astype(np.float32)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def main() -> None:
    embedder = Embedder()
    texts = sorted({card(track) for track in starter_tracks()}, key=len)
    vectors = np.stack(list(embedder.documents(texts)))
    whole = np.round(vectors / np.abs(vectors).max(axis=1, keepdims=True) * _SCALE).astype(np.int8)
    keys = np.array([_key(text) for text in texts], dtype=np.uint64)
    np.savez(precomputed_file(), keys=keys, vectors=whole, embedder=embedder.fingerprint)
    size = precomputed_file().stat().st_size / 1e6
    print(f"{precomputed_file()}: {len(texts):,} cards, {size:.1f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
