"""Makes small ONNX files as PyTorch's exporters write them, and the float64 numbers to reproduce.

    python make_onnx_fixtures.py --out ../../packages/testing/fixtures

Writes onnx/<model>/<export>.onnx and onnx/<model>/expected.json. One random model per folder, all
exports of a folder hold the same weights, and all weights are float16 numbers, so that one
expected.json serves the float16 export too. Folders and formats: README.md.

The exports are the exporters' own, less what names the machine they were made on: doc strings and
stack traces; and less most metadata, for size. `onnx/builder-style` is NOT an exporter's file: make_builder_style.py writes it.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
import transformers
from torch import Tensor
from torch.export import Dim
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    DynamicCache,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from make_builder_style import write_builder_style
from reference import LOSSES, Float64Throughout, parity_case

GENERATOR = "scripts/python/make_onnx_fixtures.py"
VOCABULARY = 56
MASK_TOKEN = 4
BATCH, LENGTH = 2, 7


@dataclass(frozen=True)
class Source:
    """A model to export. `exports` are the names of functions below."""

    name: str
    model: Callable[[], PreTrainedModel]
    exports: Sequence[str]


def decoder(**overrides: Any) -> dict[str, Any]:
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 64,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **overrides,
    }


def bert(**overrides: Any) -> BertConfig:
    return BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=3,
        max_position_embeddings=32,
        **overrides,
    )


DECODER_EXPORTS = ("torchscript-17", "torchscript-17-past", "dynamo-20", "dynamo-23")
ENCODER_EXPORTS = ("torchscript-17", "dynamo-20", "dynamo-23")

SOURCES: tuple[Source, ...] = (
    Source(
        "llama",
        lambda: LlamaForCausalLM(LlamaConfig(**decoder(tie_word_embeddings=True))),
        (*DECODER_EXPORTS, "torchscript-17-float16", "dynamo-20-unoptimized"),
    ),
    Source(
        "qwen3",
        lambda: Qwen3ForCausalLM(Qwen3Config(**decoder(tie_word_embeddings=False))),
        (*DECODER_EXPORTS, "dynamo-20-external"),
    ),
    Source(
        "gpt2",
        lambda: GPT2LMHeadModel(
            GPT2Config(
                vocab_size=VOCABULARY,
                n_positions=32,
                n_embd=24,
                n_layer=2,
                n_head=3,
                bos_token_id=1,
                eos_token_id=2,
            )
        ),
        DECODER_EXPORTS,
    ),
    Source("bert-masked-lm", lambda: BertForMaskedLM(bert()), ENCODER_EXPORTS),
    Source(
        "bert-classifier",
        lambda: BertForSequenceClassification(bert(num_labels=3)),
        ENCODER_EXPORTS,
    ),
)


def randomise(model: PreTrainedModel, generator: torch.Generator) -> None:
    """Weights of standard deviation 0.15 (embeddings 0.3), biases 0.1, norms about one, all of
    them float16 numbers. The first two norms of a Llama are exactly one, as in a new model: an
    exporter stores equal tensors once."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("bias"):
                value = 0.1 * noise
            elif "norm" in name.lower() or ".ln_" in name:
                value = 1 + 0.2 * noise
            else:
                value = (0.3 if "embed" in name or "wte" in name else 0.15) * noise
            if name.startswith("model.layers.0.") and "layernorm" in name and "llama" in type(model).__name__.lower():
                value = torch.ones_like(value)
            parameter.copy_(value.half().float())


def examples(generator: torch.Generator, first: int) -> list[list[int]]:
    """Five examples of 2 to 24 tokens, as in make_parity_fixtures.py. `first` is the lowest token:
    BERT's embedding has padding_idx 0, whose gradient PyTorch drops."""

    def draw(length: int) -> list[int]:
        return torch.randint(5, VOCABULARY, (length,), generator=generator).tolist()

    return [draw(2), [first, *draw(5), VOCABULARY - 1], [5, 5, 5, 7, 5, 7, 7, 5, 3, 3, 5], draw(17), draw(24)]


def is_encoder(model: PreTrainedModel) -> bool:
    return "Bert" in type(model).__name__


# --- Exports -----------------------------------------------------------------------------------


def example_inputs(model: PreTrainedModel) -> dict[str, Tensor]:
    ids = torch.arange(BATCH * LENGTH).reshape(BATCH, LENGTH) % VOCABULARY
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if is_encoder(model):
        return {**inputs, "token_type_ids": torch.zeros_like(ids)}
    return {**inputs, "position_ids": torch.arange(LENGTH).expand(BATCH, -1).contiguous()}


def output_axes(model: PreTrainedModel) -> dict[int, str]:
    per_sequence = isinstance(model, BertForSequenceClassification)
    return {0: "batch_size"} if per_sequence else {0: "batch_size", 1: "sequence_length"}


@contextmanager
def forward_replaced(model: PreTrainedModel, forward: Callable[..., Any]) -> Iterator[None]:
    """As optimum does: a signature of tensors alone, and no module added around the model."""
    model.forward = types.MethodType(forward, model)
    try:
        yield
    finally:
        del model.forward


def export_torchscript(model: PreTrainedModel, file: Path) -> None:
    """The TorchScript exporter, which optimum calls by default."""
    inputs = example_inputs(model)
    names = list(inputs)
    axes = {name: {0: "batch_size", 1: "sequence_length"} for name in names}
    forward = type(model).forward

    def logits(self: Any, first: Tensor, second: Tensor, third: Tensor) -> Tensor:
        return forward(self, **dict(zip(names, (first, second, third), strict=True))).logits

    with forward_replaced(model, logits):
        torch.onnx.export(
            model,
            tuple(inputs.values()),
            str(file),
            dynamo=False,
            opset_version=17,
            input_names=names,
            output_names=["logits"],
            dynamic_axes={**axes, "logits": output_axes(model)},
        )


def export_torchscript_past(model: PreTrainedModel, file: Path) -> None:
    """As above with a key-value cache in and out."""
    inputs = example_inputs(model)
    layers = model.config.num_hidden_layers
    heads = getattr(model.config, "num_key_value_heads", model.config.num_attention_heads)
    width = getattr(model.config, "head_dim", None) or (
        model.config.hidden_size // model.config.num_attention_heads
    )
    past_length = 3
    past = [torch.randn(BATCH, heads, past_length, width) for _ in range(2 * layers)]
    inputs["attention_mask"] = torch.ones(BATCH, past_length + LENGTH, dtype=torch.long)
    inputs["position_ids"] = inputs["position_ids"] + past_length
    forward = type(model).forward

    def with_cache(self: Any, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor, *past: Tensor):
        cache = DynamicCache([(past[i], past[i + 1]) for i in range(0, len(past), 2)])
        out = forward(
            self,
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=cache,
            use_cache=True,
        )
        pairs = [(layer.keys, layer.values) for layer in out.past_key_values.layers]
        return (out.logits, *[tensor for pair in pairs for tensor in pair])

    names = [f"past_key_values.{i}.{part}" for i in range(layers) for part in ("key", "value")]
    presents = [name.replace("past_key_values", "present") for name in names]
    tokens = {0: "batch_size", 1: "sequence_length"}
    axes: dict[str, dict[int, str]] = {
        "input_ids": tokens,
        "attention_mask": {0: "batch_size", 1: "past_sequence_length + sequence_length"},
        "position_ids": tokens,
        "logits": tokens,
    }
    axes |= {name: {0: "batch_size", 2: "past_sequence_length"} for name in names}
    axes |= {name: {0: "batch_size", 2: "past_sequence_length + sequence_length"} for name in presents}
    with forward_replaced(model, with_cache):
        torch.onnx.export(
            model,
            (*inputs.values(), *past),
            str(file),
            dynamo=False,
            opset_version=17,
            input_names=[*inputs, *names],
            output_names=["logits", *presents],
            dynamic_axes=axes,
        )


def export_dynamo(
    model: PreTrainedModel, file: Path, opset: int, *, external: bool = False, optimize: bool = True
) -> None:
    """The torch.export-based exporter."""
    inputs = example_inputs(model)
    batch, length = Dim("batch_size"), Dim("sequence_length")
    torch.onnx.export(
        model,
        (),
        str(file),
        kwargs=inputs,
        dynamo=True,
        opset_version=opset,
        input_names=list(inputs),
        output_names=["logits"],
        dynamic_shapes={name: {0: batch, 1: length} for name in inputs},
        external_data=external,
        optimize=optimize,
        verbose=False,
    )


def export_float16(model: PreTrainedModel, file: Path) -> None:
    """Parameters alone, as from_pretrained does: rotary frequencies stay float32."""
    half = copy.deepcopy(model)
    for parameter in half.parameters():
        parameter.data = parameter.data.half()
    export_torchscript(half, file)


EXPORTS: dict[str, Callable[[PreTrainedModel, Path], None]] = {
    "torchscript-17": export_torchscript,
    "torchscript-17-past": export_torchscript_past,
    "torchscript-17-float16": export_float16,
    "dynamo-20": lambda model, file: export_dynamo(model, file, 20),
    "dynamo-20-unoptimized": lambda model, file: export_dynamo(model, file, 20, optimize=False),
    "dynamo-20-external": lambda model, file: export_dynamo(model, file, 20, external=True),
    "dynamo-23": lambda model, file: export_dynamo(model, file, 23),
}

KEPT_METADATA = ("pkg.torch.onnx.name_scopes",)


def strip(file: Path) -> None:
    """Removes what names files of this machine, and what nothing reads: inferred shapes and all
    metadata but the name scopes, which make most of a small file."""
    model = onnx.load(file, load_external_data=False)
    graph = model.graph
    graph.doc_string = ""
    del graph.metadata_props[:]
    del model.metadata_props[:]
    del graph.value_info[:]
    for node in graph.node:
        node.doc_string = ""
        kept = [entry for entry in node.metadata_props if entry.key in KEPT_METADATA]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    for value in (*graph.input, *graph.output):
        del value.metadata_props[:]
    onnx.save(model, file)


# --- Numbers -----------------------------------------------------------------------------------


def load_float64(model: PreTrainedModel) -> PreTrainedModel:
    """A copy read back from disk in float64 with eager attention."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        loaded = type(model).from_pretrained(
            folder, dtype=torch.float64, attn_implementation="eager"
        ).eval()
    rotary = getattr(getattr(loaded, "model", None), "rotary_emb", None)
    if rotary is not None:
        with Float64Throughout():
            frequencies, rotary.attention_scaling = rotary.compute_default_rope_parameters(
                loaded.config
            )
        rotary.inv_freq = frequencies.double()
    if any(p.dtype != torch.float64 for p in loaded.parameters()):
        raise TypeError("a parameter is not float64")
    return loaded


def squared_norms(model: PreTrainedModel, loss: Tensor) -> dict[str, float]:
    model.zero_grad(set_to_none=True)
    loss.backward()
    norms = {}
    for name, parameter in model.named_parameters():
        # A classifier ignores nothing but the pooler's rows; an absent gradient is a mistake here.
        if parameter.grad is None:
            raise ValueError(f"{name} has no gradient")
        norms[name] = parameter.grad.square().sum().item()
    return norms


def case(
    model: PreTrainedModel,
    name: str,
    ids: Sequence[Sequence[int]],
    labels: Sequence[Any],
    loss_of: Callable[[Tensor, Any], Tensor],
) -> dict[str, Any]:
    losses: list[float] = []
    norms: dict[str, list[float]] = {n: [] for n, _ in model.named_parameters()}
    for tokens, label in zip(ids, labels, strict=True):
        with Float64Throughout():
            logits = model(input_ids=torch.tensor([list(tokens)])).logits[0]
            loss = loss_of(logits, label)
            squares = squared_norms(model, loss)
        losses.append(loss.item())
        for parameter, square in squares.items():
            norms[parameter].append(square)
    return {
        "name": name,
        "loss": name,
        "input_ids": [list(tokens) for tokens in ids],
        "labels": list(labels),
        "losses": losses,
        "gradient_squared_norms": norms,
    }


def masked_case(model: PreTrainedModel, ids: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Every third token is replaced by [MASK]; labels are -100 where nothing was."""
    masked = [[MASK_TOKEN if i % 3 == 1 else t for i, t in enumerate(tokens)] for tokens in ids]
    labels = [[t if i % 3 == 1 else -100 for i, t in enumerate(tokens)] for tokens in ids]
    cross_entropy = torch.nn.functional.cross_entropy
    return case(
        model, "masked-token-mean", masked, labels, lambda z, y: cross_entropy(z, torch.tensor(y))
    )


def class_case(model: PreTrainedModel, ids: Sequence[Sequence[int]]) -> dict[str, Any]:
    cross_entropy = torch.nn.functional.cross_entropy
    labels = [i % model.config.num_labels for i in range(len(ids))]
    return case(
        model,
        "class",
        ids,
        labels,
        lambda z, y: cross_entropy(z[None], torch.tensor([y])),
    )


def expected(model: PreTrainedModel, ids: Sequence[Sequence[int]]) -> dict[str, Any]:
    if isinstance(model, BertForMaskedLM):
        cases = [masked_case(model, ids)]
    elif isinstance(model, BertForSequenceClassification):
        cases = [class_case(model, ids)]
    else:
        cases = [parity_case(model, loss, ids, loss) for loss in LOSSES]
    return {
        "model_type": model.config.model_type,
        "generator": GENERATOR,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        # Where a file stores a matrix transposed, the stored shape is this one reversed.
        "shapes": {name: list(p.shape) for name, p in model.named_parameters()},
        "cases": cases,
    }


def write_source(source: Source, folder: Path) -> None:
    generator = torch.Generator().manual_seed(2000 + SOURCES.index(source))
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if not file.name.startswith("genai-"):  # make_genai_fixtures.py's
            file.unlink()
    model = source.model().eval()
    model.config.use_cache = False
    randomise(model, generator)
    for name in source.exports:
        file = folder / f"{name}.onnx"
        EXPORTS[name](model, file)
        strip(file)
        print(f"{source.name}/{name}: {file.stat().st_size} bytes")
    numbers = expected(load_float64(model), examples(generator, 1 if is_encoder(model) else 0))
    (folder / "expected.json").write_text(
        json.dumps(numbers, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )
    if source.name == "llama":
        write_builder_style(model, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="packages/testing/fixtures")
    parser.add_argument("--only", help="one folder")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    for source in SOURCES:
        if arguments.only in (None, source.name):
            write_source(source, arguments.out / "onnx" / source.name)


if __name__ == "__main__":
    main()
