"""Makes checkpoints of the variants that config.json and safetensors files have, with their numbers.

    python make_variant_fixtures.py --out ../../packages/testing/fixtures --compat DIR

Needs torch alone: the models are `hand_written_decoder.py`, which is first held to the numbers of
transformers in checkpoints/<name>/expected.json, to 1e-12. Writes variants/<name>/{config.json,
model.safetensors, expected.json}. `--compat` is a folder of inputs for which transformers 5.18.0 gave
the losses in ORACLE in float64; they are copied, and the losses compared.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from hand_written_decoder import Decoder, Weights, read_safetensors, write_safetensors

HELD_TO = (
    "llama-tied", "llama-grouped", "llama3-scaled", "llama-linear-scaled", "qwen2", "mistral",
    "qwen3-moe", "qwen2-moe", "mixtral", "phi3", "phi3-longrope",
)  # fmt: skip

# Of the two rows of each folder, by transformers 5.18.0 in float64.
ORACLE = {
    "tied_both_differ": (3.49007, 4.42443),
    "decoder_seqcls_tied": (1.42755, 0.908565),
    "phi3_odd_rotary": (5.17215, 3.80457),
    "packed_qwen3_moe": None,
    "qwen2moe_sliding_window_0": None,
}

EXAMPLES = [[5, 17, 9], [3, 60, 7, 3, 7], [12, 40, 40, 8, 21, 33, 2, 59, 14, 14, 30]]
LONG = [list(range(1, 1 + n)) for n in (12, 20, 31, 45)]

SMALL = {
    "architectures": ["LlamaForCausalLM"],
    "head_dim": 8,
    "hidden_act": "silu",
    "hidden_size": 16,
    "intermediate_size": 20,
    "max_position_embeddings": 64,
    "model_type": "llama",
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "num_key_value_heads": 1,
    "rms_norm_eps": 1e-6,
    "rope_theta": 100.0,
    "tie_word_embeddings": True,
    "vocab_size": 61,
}


def random_llama(config: dict[str, Any], seed: int) -> Weights:
    generator = torch.Generator().manual_seed(seed)
    width, inner, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    query, shared = (config[f"num_{kind}_heads"] * size for kind in ("attention", "key_value"))
    shapes = {"embed_tokens": (config["vocab_size"], width), "norm": (width,)}
    for i in range(config["num_hidden_layers"]):
        shapes |= {
            f"layers.{i}.{name}": shape
            for name, shape in {
                "input_layernorm": (width,),
                "post_attention_layernorm": (width,),
                "self_attn.q_proj": (query, width),
                "self_attn.k_proj": (shared, width),
                "self_attn.v_proj": (shared, width),
                "self_attn.o_proj": (width, query),
                "mlp.gate_proj": (inner, width),
                "mlp.up_proj": (inner, width),
                "mlp.down_proj": (width, inner),
            }.items()
        }
    weights = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        weights[f"model.{name}.weight"] = 1 + 0.2 * noise if "norm" in name else 0.4 * noise
    if "score" in config:
        weights["score.weight"] = 0.5 * torch.randn(config["score"], width, generator=generator)
    return weights


def packed(weights: Weights, modules: Sequence[str], rename: tuple[str, str]) -> Weights:
    """The experts of every layer in two tensors, as save_pretrained writes them on request."""
    gate, up, down = modules
    single = {n: w for n, w in weights.items() if ".experts." not in n}
    layers = {n.partition(".experts.")[0] for n in weights if ".experts." in n}
    for layer in layers:
        count = len([n for n in weights if n.startswith(f"{layer}.experts.") and f".{gate}." in n])

        def of(module: str) -> torch.Tensor:
            return torch.stack(
                [weights[f"{layer}.experts.{e}.{module}.weight"] for e in range(count)]
            )

        single[f"{layer}.experts.gate_up_proj"] = torch.cat((of(gate), of(up)), 1)
        single[f"{layer}.experts.down_proj"] = of(down)
    return {n.replace(*rename): w.float() for n, w in single.items()}


def write(
    out: Path,
    config: dict[str, Any],
    weights: Weights,
    examples: Sequence[Sequence[int]],
    labels: Sequence[int] | None = None,
    oracle: Sequence[float] | None = None,
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    write_safetensors(out / "model.safetensors", weights)
    loss = "token-mean" if labels is None else "class"
    model = Decoder(config, read_safetensors(out / "model.safetensors"))
    found = [
        model.norms(list(ids), loss, None if labels is None else labels[i])
        for i, ids in enumerate(examples)
    ]
    for value, right in zip([value for value, _ in found], oracle or ()):
        assert abs(value - right) < 1e-5 * right, (out.name, value, right)
    case = {
        "name": loss,
        "loss": loss,
        "input_ids": examples,
        **({} if labels is None else {"labels": labels}),
        "losses": [value for value, _ in found],
        "gradient_squared_norms": {
            name: [norms[name] for _, norms in found] for name in found[0][1]
        },
    }
    expected = {
        "generator": "scripts/python/make_variant_fixtures.py",
        "torch": torch.__version__,
        **({"losses_of": "transformers 5.18.0"} if oracle else {}),
        "cases": [case],
    }
    (out / "expected.json").write_text(json.dumps(expected) + "\n")


def hold(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    model = Decoder(config, read_safetensors(folder / "model.safetensors"))
    for case in json.loads((folder / "expected.json").read_text())["cases"]:
        for i, ids in enumerate(case["input_ids"]):
            loss, norms = model.norms(ids, case["loss"])
            assert abs(loss - case["losses"][i]) < 1e-12 * loss, folder.name
            for name, values in case["gradient_squared_norms"].items():
                assert abs(norms[name] - values[i]) <= 1e-12 * values[i], (folder.name, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--compat", type=Path)
    arguments = parser.parse_args()
    checkpoints, variants = arguments.out / "checkpoints", arguments.out / "variants"
    for name in HELD_TO:
        hold(checkpoints / name)

    def checkpoint(name: str) -> tuple[dict[str, Any], Weights]:
        folder = checkpoints / name
        return json.loads((folder / "config.json").read_text()), read_safetensors(
            folder / "model.safetensors"
        )

    for i, (name, rope) in enumerate(
        {
            "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
            "yarn-mscale": {
                "rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 24,
                "mscale": 0.8, "mscale_all_dim": 0.4, "beta_fast": 3, "beta_slow": 0.5,
                "truncate": False,
            },
            "dynamic": {"rope_type": "dynamic", "factor": 3.0},
        }.items()
    ):  # fmt: skip
        config = {**SMALL, "rope_scaling": rope}
        if name == "dynamic":
            config["max_position_embeddings"] = 16
        write(variants / f"llama-{name}", config, random_llama(config, i), LONG)

    config, weights = checkpoint("phi3-longrope")
    write(variants / "phi3-longrope-long", config, weights, LONG)

    for name, modules, rename in (
        ("mixtral", ("w1", "w3", "w2"), (".block_sparse_moe.", ".mlp.")),
        ("qwen2-moe", ("gate_proj", "up_proj", "down_proj"), ("", "")),
    ):
        config, weights = checkpoint(name)
        write(variants / f"{name}-packed", config, packed(weights, modules, rename), EXAMPLES)

    config = {
        **SMALL,
        "architectures": ["LlamaForSequenceClassification"],
        "hidden_act": "gelu_pytorch_tanh",
        "id2label": {"0": "bad", "1": "fair", "2": "good"},
        "pad_token_id": 3,
    }
    weights = random_llama({**config, "score": 3}, 7)
    ends_in_padding = [*EXAMPLES, [9, 8, 7, 3, 3], [3, 3], [3, 11, 3, 12]]
    write(variants / "llama-classifier", config, weights, ends_in_padding, [0, 1, 2, 2, 0, 1])

    for name, oracle in ORACLE.items() if arguments.compat else ():
        folder = arguments.compat / name
        config = json.loads((folder / "config.json").read_text())
        rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
        labels = [row["label"] for row in rows] if "label" in rows[0] else None
        weights = read_safetensors(folder / "model.safetensors")
        ids = [row["input_ids"] for row in rows]
        write(variants / name.replace("_", "-"), config, weights, ids, labels, oracle)


if __name__ == "__main__":
    main()
