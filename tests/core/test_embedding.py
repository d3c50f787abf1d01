"""The embedding model: bundled, offline, small; and other models by name, each with its prefixes."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.index.embedding import BUNDLED, PREFIXES, Embedder, Prefixes, bundled_folder

_OFFLINE = """
import sys
def refuse(event, args):
    # An address family is asked for by libraries that only look whether IPv6 is there; no packet leaves.
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise SystemExit(f"the network was tried: {event} {args}")
sys.addaudithook(refuse)
from core.index.embedding import Embedder
vector = Embedder().queries(["feeling sunny and lazy"])[0]
print(len(vector), float((vector * vector).sum()))
"""


def test_the_bundled_model_answers_without_a_network(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _OFFLINE],
        check=False, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2],
        env={"HOME": str(tmp_path), "PATH": "", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    dimension, length = done.stdout.split()
    assert int(dimension) == 384
    assert float(length) == pytest.approx(1, abs=1e-3)


def test_the_bundled_model_is_whole_small_and_licensed() -> None:
    files = {p.name: p.stat().st_size for p in bundled_folder().iterdir() if p.is_file()}
    assert {"model.onnx", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"} <= set(
        files
    )
    assert sum(files.values()) <= 25_000_000
    assert "Apache License" in (bundled_folder() / "LICENSE").read_text("utf-8")


def test_vectors_have_length_one_and_the_models_dimension(embedder: Embedder) -> None:
    texts = ["sunny", "", " ", "x" * 5000, "🌧️", "música triste", "\x00", "a " * 2000]
    vectors = embedder.queries(texts)
    assert vectors.shape == (len(texts), embedder.dimension) == (len(texts), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.queries([]).shape[0] == 0


def test_texts_about_the_same_thing_are_nearer(embedder: Embedder) -> None:
    asked = embedder.queries(["sad songs for a rainy night", "loud party music to dance to", "calm piano for studying"])
    found = np.stack(
        list(
            embedder.documents(
                [
                    "Melancholic and slow; for tears while the rain falls outside in the dark.",
                    "A pounding dance floor anthem; for a wild party with friends.",
                    "Quiet solo piano, gentle and peaceful; for concentrating on homework.",
                ]
            )
        )
    )
    likeness = asked @ found.T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2]
    assert np.diag(likeness).min() > 0.3


def test_documents_come_one_by_one_in_order_whatever_the_batches(embedder: Embedder) -> None:
    texts = [f"song number {n} about {'rain' if n % 2 else 'the summer sun'}" for n in range(70)]
    vectors = np.stack(list(embedder.documents(iter(texts))))
    assert vectors.shape == (70, 384)
    alone = embedder.queries([texts[50], texts[3]])  # the bundled model has no prefixes
    assert (vectors[[50, 3]] * alone).sum(axis=1).min() > 0.98
    assert list(embedder.documents([])) == []


def test_one_model_serves_many_threads(embedder: Embedder) -> None:
    texts = [f"song {n}" for n in range(8)]
    alone = [embedder.queries([text]) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: embedder.queries([text]), texts))
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(alone, together, strict=True))


class Listening(Embedder):
    """An embedder that notes what its model is given to read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.read: list[str] = []

    def _embed(self, texts: list[str]) -> np.ndarray:
        self.read += texts
        return np.ones((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize(
    ("name", "query", "document"),
    [
        (BUNDLED, "q", "d"),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: q", "d"),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: q", "search_document: d"),
        ("nomic-ai/nomic-embed-text-v1.5-Q", "search_query: q", "search_document: d"),
        ("intfloat/multilingual-e5-large", "query: q", "passage: d"),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "q", "d"),
    ],
)
def test_each_model_reads_the_prefixes_it_was_trained_with(name: str, query: str, document: str) -> None:
    listening = Listening(name)
    listening.queries(["q"])
    list(listening.documents(["d"]))
    assert listening.read == [query, document]


def test_every_model_with_prefixes_is_one_that_can_be_loaded() -> None:
    from fastembed import TextEmbedding

    known = {model["model"].lower() for model in TextEmbedding.list_supported_models()}
    assert {name for name in PREFIXES if name.lower() not in known} == set()


def test_an_unknown_model_is_refused_at_once_and_says_what_to_do(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ModelError, match="no-such/model") as caught:
        Embedder("no-such/model", tmp_path / "models").queries(["x"])
    assert time.monotonic() - began < 5
    assert "EMBEDDING_MODEL" in caught.value.hint
    assert BUNDLED in caught.value.hint


def test_the_fingerprint_names_the_model_and_costs_no_loading() -> None:
    names = [BUNDLED, "BAAI/bge-small-en-v1.5", "no-such/model"]
    prints = [Embedder(name).fingerprint for name in names]
    assert len(set(prints)) == 3
    assert prints == [Embedder(name).fingerprint for name in names]
    changed = Embedder("no-such/model")
    changed.prefixes = Prefixes(query="now with a prefix: ")
    assert changed.fingerprint != prints[2]
