"""Makes ONNX files with onnxruntime-genai's model builder, and the float64 numbers to reproduce.

    python make_genai_fixtures.py --out ../../packages/testing/fixtures

Writes onnx/<model>/genai-<precision>-<provider>[-<option>].onnx, its .data file, and, where the file
does not compute with the numbers that it was made from (integers for weights, rotary tables of
float16), its own .expected.json. The models are those of make_onnx_fixtures.py, which goes first,
and a wider one whose rows are whole blocks.
`onnxruntime_genai` must be importable; README.md says which one wrote the files that are there.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnx import helper, numpy_helper
from onnxruntime_genai.models.builder import create_model
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from make_onnx_fixtures import (
    SOURCES,
    VOCABULARY,
    Source,
    decoder,
    examples,
    expected,
    load_float64,
    randomise,
)

GENERATOR = "scripts/python/make_genai_fixtures.py"


@dataclass(frozen=True)
class Export:
    """One call of the builder, as `python -m onnxruntime_genai.models.builder -p … -e …` makes it."""

    precision: str
    provider: str
    option: str = ""
    extra_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "-".join(["genai", self.precision, self.provider, *([self.option] if self.option else [])])


# Rows of one block of 32, or of an even number of 16: the quantiser packs zero points, and the builder
# lays out a table that is shared with the head, as if all were.
WIDE = Source(
    "llama-wide",
    lambda: LlamaForCausalLM(
        LlamaConfig(**decoder(tie_word_embeddings=True, hidden_size=32, intermediate_size=64))
    ),
    (),
)

EXPORTS: dict[str, tuple[Export, ...]] = {
    "llama": (
        Export("fp32", "cpu"),
        Export("fp16", "cuda"),
        Export("fp16", "dml"),
        Export("fp16", "cpu"),
        Export("int4", "cpu"),
        Export("int4", "cpu", "qdq", {"use_qdq": True}),
    ),
    "llama-wide": (
        Export("int4", "cpu", "rtn", {"int4_algo_config": "rtn"}),
        # Symmetric by default, but k_quant has zero points all the same, which the table is not told.
        Export(
            "int4",
            "cpu",
            "k_quant_last",
            {"int4_algo_config": "k_quant_last", "int4_block_size": 16},
        ),
        Export(
            "int4",
            "cpu",
            "k_quant_mixed",
            {
                "int4_algo_config": "k_quant_mixed",
                "int4_block_size": 16,
                "int4_is_symmetric": False,
            },
        ),
    ),
    "qwen3": (
        Export("fp32", "cpu"),
        Export("int4", "cpu", "asymmetric", {"int4_is_symmetric": False}),
        Export("int4", "cpu", "gather", {"int4_op_types_to_quantize": ("MatMul", "Gather")}),
    ),
}


def save_checkpoint(model: PreTrainedModel, folder: Path) -> None:
    """The builder reads a folder, and copies a tokenizer out of it."""
    model.save_pretrained(folder)
    words = {f"w{i}": i for i in range(VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="w0"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)


# --- What a file computes with -----------------------------------------------------------------


def stored_matrices(file: Path) -> dict[str, np.ndarray]:
    """The value of every quantised matrix by its node's name, [outputs, inputs] or [rows, width],
    as ONNX Runtime computes it: a product with the identity, or a lookup of every row."""
    graph = onnx.load(file).graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    matrices = {}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            width = next(a.i for a in node.attribute if a.name == "K")
            matrix = run_alone(node, 0, np.eye(width, dtype=np.float32), stored, makers).T
        elif node.op_type == "GatherBlockQuantized":
            matrix = run_alone(node, 1, np.arange(VOCABULARY), stored, makers)
        elif node.op_type == "DequantizeLinear":
            matrix = run_alone(node, None, None, stored, makers).T
        else:
            continue
        matrices[node.name] = matrix
    return matrices


def run_alone(
    node: onnx.NodeProto,
    position: int | None,
    value: np.ndarray | None,
    stored: Mapping[str, onnx.TensorProto],
    makers: Mapping[str, onnx.NodeProto],
) -> np.ndarray:
    """What a node gives for one input, where all others follow from stored tensors."""
    node = copy.deepcopy(node)
    leave_activations(node)
    inputs = []
    if position is not None and value is not None:
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        inputs.append(helper.make_tensor_value_info(node.input[position], kind, value.shape))
    nodes, tensors, wanted = [node], {}, [name for i, name in enumerate(node.input) if i != position]
    for name in wanted:
        if name in stored:
            tensors[name] = stored[name]
        elif name in makers:
            nodes.insert(0, makers[name])
            wanted.extend(makers[name].input)
    output = helper.make_empty_tensor_value_info(node.output[0])
    graph = helper.make_graph(nodes, "alone", inputs, [output], list(tensors.values()))
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = session_of(model, None)
    feeds = {info.name: value for info in inputs}
    return session.run(None, feeds)[0]


def session_of(
    model: onnx.ModelProto, options: onnxruntime.SessionOptions | None
) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def leave_activations(node: onnx.NodeProto) -> None:
    """Products of activations that are rounded to 8 bits (accuracy_level 4) are not smooth."""
    kept = [attribute for attribute in node.attribute if attribute.name != "accuracy_level"]
    del node.attribute[:]
    node.attribute.extend(kept)


def parameters_of(model: PreTrainedModel, matrices: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """The same by the names of the Hugging Face model, packed projections apart."""
    parameters: dict[str, Tensor] = {}
    for node, matrix in matrices.items():
        path = node.split("/")[1:-1]
        name = ".".join(path).replace(".attn.", ".self_attn.") + ".weight"
        value = torch.from_numpy(np.ascontiguousarray(matrix))
        if "qkv_proj" not in name:
            parameters[name] = value
            continue
        config = model.config
        keys = config.num_key_value_heads * config.head_dim
        sizes = [config.num_attention_heads * config.head_dim, keys, keys]
        for letter, part in zip("qkv", value.split(sizes), strict=True):
            parameters[name.replace("qkv_proj", f"{letter}_proj")] = part
    return parameters


def with_parameters(model: PreTrainedModel, values: Mapping[str, Tensor]) -> PreTrainedModel:
    """A copy with these values. Its head is tied only where the file's is: rounding parts the head
    from a table that stays as it was."""
    config = copy.deepcopy(model.config)
    head = values.get("lm_head.weight")
    if head is not None:
        table = values.get("model.embed_tokens.weight", model.get_input_embeddings().weight)
        config.tie_word_embeddings = config.tie_word_embeddings and torch.equal(head, table)
    changed = type(model)(config).eval()
    state = {**model.state_dict(), **values}
    changed.load_state_dict(state)
    return changed


def with_rotary_tables(model: PreTrainedModel, file: Path) -> None:
    """Lets a model read its rotary angles from the tables of the file."""
    stored = {tensor.name: tensor for tensor in onnx.load(file).graph.initializer}
    names = ("cos_cache", "sin_cache")
    tables = [torch.tensor(numpy_helper.to_array(stored[name])).double() for name in names]

    def forward(x: Tensor, position_ids: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.cat([table[position_ids]] * 2, dim=-1) for table in tables)

    model.model.rotary_emb.forward = forward


# --- Checks ------------------------------------------------------------------------------------


def logits_of(file: Path, ids: list[int]) -> np.ndarray:
    """The file's own logits, by ONNX Runtime."""
    model = onnx.load(file)
    for node in model.graph.node:
        leave_activations(node)
    options = onnxruntime.SessionOptions()
    # Optimising makes products with rounded activations of DequantizeLinear and MatMul.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = session_of(model, options)
    feeds: dict[str, np.ndarray] = {}
    for given in session.get_inputs():
        if given.name.startswith("past"):
            dtype = np.float16 if "float16" in given.type else np.float32
            feeds[given.name] = np.zeros([1, given.shape[1], 0, given.shape[3]], dtype)
        else:
            tokens = np.array([ids])
            kinds = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
            feeds[given.name] = kinds.get(given.name, np.arange(len(ids))[None])
    return session.run(["logits"], feeds)[0][0].astype(np.float64)


def check(model: PreTrainedModel, file: Path, ids: list[int], precision: str) -> None:
    """The reference must be the function that ONNX Runtime computes, to the file's precision."""
    with torch.no_grad():
        reference = model(input_ids=torch.tensor([ids])).logits[0].numpy()
    error = np.abs(logits_of(file, ids) - reference).max() / np.abs(reference).max()
    print(f"{file.parent.name}/{file.name}: logits within {error:.1e} of PyTorch's")
    if error > (5e-3 if precision == "fp16" else 1e-5):
        raise ValueError(f"{file.name} does not compute what the reference computes")


def write_export(model: PreTrainedModel, export: Export, folder: Path, ids: list[list[int]]) -> None:
    file = folder / f"{export.name}.onnx"
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint, out = Path(scratch, "checkpoint"), Path(scratch, "out")
        save_checkpoint(model, checkpoint)
        create_model(
            None,
            str(checkpoint),
            str(out),
            export.precision,
            export.provider,
            str(Path(scratch, "cache")),
            filename=file.name,
            **export.extra_options,
        )
        for name in (file.name, f"{file.name}.data"):
            (folder / name).write_bytes((out / name).read_bytes())
    values = parameters_of(model, stored_matrices(file))
    reference = load_float64(with_parameters(model, values))
    if export.precision == "fp16":
        with_rotary_tables(reference, file)
    check(reference, file, ids[-1], export.precision)
    if export.precision != "fp32":
        l1 = {name: p.detach().abs().sum().item() for name, p in reference.named_parameters()}
        numbers = {**expected(reference, ids), "generator": GENERATOR, "l1": l1}
        text = json.dumps(numbers, indent=1, allow_nan=False) + "\n"
        (folder / f"{export.name}.expected.json").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="packages/testing/fixtures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for position, source in enumerate((*SOURCES, WIDE)):
        if source.name not in EXPORTS:
            continue
        generator = torch.Generator().manual_seed(2000 + position)
        model = source.model().eval()
        randomise(model, generator)
        ids = examples(generator, 0)
        folder = arguments.out / "onnx" / source.name
        folder.mkdir(exist_ok=True)
        for export in EXPORTS[source.name]:
            write_export(model, export, folder, ids)


if __name__ == "__main__":
    main()
