"""Text embeddings by fastembed: the bundled model, or another one by a setting."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

if TYPE_CHECKING:
    from fastembed import TextEmbedding

BUNDLED: Final = "sentence-transformers/all-MiniLM-L6-v2"
# Larger batches are slower on a processor and take a gigabyte.
_BATCH: Final = 32
_SILENT: Final = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a model was trained to read before a query and before a document."""

    query: str = ""
    document: str = ""


_BGE_EN: Final = Prefixes(query="Represent this sentence for searching relevant passages: ")
_NOMIC: Final = Prefixes("search_query: ", "search_document: ")
_E5: Final = Prefixes("query: ", "passage: ")

# fastembed adds no prefix for dense models; these are the ones their makers ask for.
PREFIXES: Final[dict[str, Prefixes]] = {
    "BAAI/bge-small-en-v1.5": _BGE_EN,
    "BAAI/bge-base-en-v1.5": _BGE_EN,
    "BAAI/bge-large-en-v1.5": _BGE_EN,
    "nomic-ai/nomic-embed-text-v1": _NOMIC,
    "nomic-ai/nomic-embed-text-v1.5": _NOMIC,
    "nomic-ai/nomic-embed-text-v1.5-Q": _NOMIC,
    "intfloat/multilingual-e5-large": _E5,
    "mixedbread-ai/mxbai-embed-large-v1": Prefixes(query="Represent this sentence for searching relevant passages: "),
    "snowflake/snowflake-arctic-embed-xs": _BGE_EN,
    "snowflake/snowflake-arctic-embed-s": _BGE_EN,
    "snowflake/snowflake-arctic-embed-m": _BGE_EN,
}


def bundled_folder() -> Path:
    """Where the bundled model lies inside the package."""
    return Path(str(resources.files("core.index") / "model"))


class Embedder:
    """Texts to unit vectors, float32 [texts, dimension]; loaded at the first use, safe in threads.

    Args:
        name: a model that fastembed knows; the bundled one needs no download.
        cache: where fastembed keeps models it downloads.
        threads: processor threads for one batch; None leaves it to onnxruntime.
    """

    def __init__(self, name: str = BUNDLED, cache: Path | None = None, threads: int | None = None) -> None:
        self.name = name
        self.prefixes = PREFIXES.get(name, Prefixes())
        self._cache = cache
        self._threads = threads
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> TextEmbedding:
        # Both report to their makers unless told not to before they are loaded, and nothing may leave the machine.
        os.environ.update(_SILENT)
        from fastembed import TextEmbedding  # noqa: PLC0415 - it takes most of a second to import

        try:
            if self.name == BUNDLED:
                return TextEmbedding(
                    self.name,
                    specific_model_path=str(bundled_folder()),
                    cuda=False,
                    threads=self._threads,
                    local_files_only=True,
                )
            return TextEmbedding(
                self.name, cache_dir=str(self._cache) if self._cache else None, cuda=False, threads=self._threads
            )
        except Exception as error:  # fastembed raises whatever its parts raise
            raise ModelError(
                f"The embedding model {self.name} cannot be loaded: {type(error).__name__}: {error}.",
                f"Check EMBEDDING_MODEL and the network, or set it back to {BUNDLED}, which is bundled.",
            ) from error

    @cached_property
    def dimension(self) -> int:
        return int(self.queries(["x"]).shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes when vectors would: it names the model, its file and its prefixes."""
        digest = hashlib.blake2b(repr((self.name, self.prefixes)).encode(), digest_size=8)
        if self.name == BUNDLED:
            digest.update((bundled_folder() / "model.onnx").read_bytes())
        return digest.hexdigest()

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed what people ask."""
        return self._embed([self.prefixes.query + text for text in texts])

    def documents(self, texts: Iterable[str]) -> Iterator[NDArray[np.float32]]:
        """Embed what is searched, one vector after the other."""
        batch: list[str] = []
        for text in texts:
            batch.append(self.prefixes.document + text)
            if len(batch) == _BATCH:
                yield from self._embed(batch)
                batch = []
        yield from self._embed(batch)

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        with self._lock:
            vectors = np.stack(list(self._model.embed(texts, batch_size=_BATCH))).astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
