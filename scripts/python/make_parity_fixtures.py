"""Makes the checkpoints and the float64 numbers that the engine must reproduce.

    python make_parity_fixtures.py --out ../../packages/testing/fixtures
    python make_parity_fixtures.py --out ../../packages/testing/fixtures --demo ../../demo

The first form writes checkpoints/<name>/{config.json, *.safetensors, expected.json}: small
random models, a few ten kilobytes each, with nothing degenerate in them (norm weights are not
one, biases are not zero, rotary bases are not the default). The second writes demo-expected.json for the trained demo model, from
the first texts of the demo datasets. Definitions: reference.py. Formats: README.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
    StableLmConfig,
    StableLmForCausalLM,
)

from reference import LOSSES, directional_error, load_float64, parity_case

GENERATOR = "scripts/python/make_parity_fixtures.py"


@dataclass(frozen=True)
class Checkpoint:
    """A model to write. `old_style` names what config.json holds: a function from the keys of
    the configuration to the keys that checkpoints made before transformers 5 carry, or None for
    `rope_parameters`, the new style. `base_only` saves the model without its head, whose
    parameter names lack the first part."""

    name: str
    model: type[PreTrainedModel]
    config: PreTrainedConfig
    dtype: torch.dtype = torch.float32
    old_style: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    shard_size: str = "50GB"
    base_only: bool = False


ADDED_KEYS = (
    "rope_parameters",
    "dtype",
    "layer_types",
    "transformers_version",
    "_sliding_window_pattern",
)


def old_style(
    type_key: str = "rope_type", **keys: Any
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Top-level rope_theta, rope_scaling (null where there is none), partial_rotary_factor and
    torch_dtype, no head_dim where it is implied, and none of the keys that newer versions of
    transformers added. `type_key` is `type` in the oldest files; `keys` are added."""

    def rewrite(config: dict[str, Any]) -> dict[str, Any]:
        rewritten = {k: v for k, v in config.items() if k not in ADDED_KEYS} | keys
        rewritten["torch_dtype"] = config["dtype"]
        rope = dict(config.get("rope_parameters") or {})
        if "sliding_attention" in rope:
            rewritten["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
            rope = dict(rope["full_attention"])
        if rope:
            rewritten["rope_theta"] = rope.pop("rope_theta")
            kind = rope.pop("rope_type", "default")
            partial = rope.pop("partial_rotary_factor", 1.0)
            if partial != 1.0:
                rewritten["partial_rotary_factor"] = partial
            if "original_max_position_embeddings" in rewritten:
                rope.pop("original_max_position_embeddings", None)
            rewritten["rope_scaling"] = None if kind == "default" else {type_key: kind, **rope}
        implied = "head_dim" in config and config["hidden_size"] // config["num_attention_heads"]
        if rewritten.get("head_dim") == implied:
            rewritten.pop("head_dim", None)
        return dict(sorted(rewritten.items()))

    return rewrite


def shape(**overrides: Any) -> dict[str, Any]:
    """The smallest sizes that still tell transposes, heads and widths apart."""
    return {
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 40,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 128,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **overrides,
    }


CHECKPOINTS: tuple[Checkpoint, ...] = (
    Checkpoint(
        "llama-tied",
        LlamaForCausalLM,
        LlamaConfig(
            **shape(
                tie_word_embeddings=True,
                rope_parameters={"rope_type": "default", "rope_theta": 2000.0},
            )
        ),
    ),
    Checkpoint(
        "llama-untied",
        LlamaForCausalLM,
        LlamaConfig(
            **shape(
                vocab_size=80,
                num_attention_heads=2,
                num_key_value_heads=2,
                rms_norm_eps=1e-5,
                rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
            )
        ),
        old_style=old_style(),
    ),
    Checkpoint(
        "llama-grouped",
        LlamaForCausalLM,
        LlamaConfig(
            **shape(
                vocab_size=96,
                intermediate_size=64,
                num_hidden_layers=3,
                num_key_value_heads=2,
                head_dim=12,
            )
        ),
        dtype=torch.bfloat16,
        old_style=old_style(),
    ),
    Checkpoint(
        "llama3-scaled",
        LlamaForCausalLM,
        LlamaConfig(
            **shape(
                vocab_size=96,
                hidden_size=48,
                intermediate_size=64,
                num_attention_heads=3,
                num_key_value_heads=1,
                tie_word_embeddings=True,
                max_position_embeddings=256,
                rope_parameters={
                    "rope_type": "llama3",
                    "rope_theta": 10000.0,
                    "factor": 8.0,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 32,
                },
            )
        ),
        dtype=torch.float16,
        old_style=old_style(),
    ),
    Checkpoint(
        "llama-linear-scaled",
        LlamaForCausalLM,
        LlamaConfig(
            **shape(
                num_key_value_heads=2,
                intermediate_size=48,
                rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
            )
        ),
        old_style=old_style("type"),
    ),
    Checkpoint(
        "llama-biased",
        LlamaForCausalLM,
        LlamaConfig(
            **shape(
                num_key_value_heads=2,
                attention_bias=True,
                mlp_bias=True,
                rope_parameters={"rope_type": "default", "rope_theta": 500.0},
            )
        ),
    ),
    Checkpoint(
        "qwen2",
        Qwen2ForCausalLM,
        Qwen2Config(
            **shape(
                vocab_size=72,
                intermediate_size=56,
                num_key_value_heads=2,
                tie_word_embeddings=True,
                rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
            )
        ),
        old_style=old_style(),
    ),
    Checkpoint(
        "qwen2-untied",
        Qwen2ForCausalLM,
        Qwen2Config(
            **shape(
                num_key_value_heads=1,
                rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
            )
        ),
        shard_size="40KB",
    ),
    Checkpoint(
        "mistral",
        MistralForCausalLM,
        MistralConfig(
            **shape(
                num_key_value_heads=2,
                sliding_window=7,
                rope_parameters={"rope_type": "default", "rope_theta": 3000.0},
            )
        ),
        old_style=old_style(),
    ),
    Checkpoint(
        "qwen2-windowed",
        Qwen2ForCausalLM,
        Qwen2Config(
            **shape(
                num_hidden_layers=3,
                num_key_value_heads=2,
                tie_word_embeddings=True,
                use_sliding_window=True,
                sliding_window=5,
                layer_types=["sliding_attention", "full_attention", "sliding_attention"],
            )
        ),
        dtype=torch.float16,
    ),
    Checkpoint(
        "qwen3",
        Qwen3ForCausalLM,
        Qwen3Config(
            **shape(
                num_hidden_layers=3,
                num_key_value_heads=2,
                head_dim=12,
                tie_word_embeddings=True,
                attention_bias=True,
                use_sliding_window=True,
                sliding_window=6,
                max_window_layers=1,
                rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
            )
        ),
        dtype=torch.bfloat16,
        old_style=old_style(),
    ),
    Checkpoint(
        "phi",
        PhiForCausalLM,
        PhiConfig(
            **shape(
                vocab_size=72,
                num_key_value_heads=4,
                rope_parameters={
                    "rope_type": "default",
                    "rope_theta": 10000.0,
                    "partial_rotary_factor": 0.5,
                },
            )
        ),
        dtype=torch.float16,
        old_style=old_style(),
    ),
    Checkpoint(
        "phi-normed",
        PhiForCausalLM,
        PhiConfig(
            **shape(
                num_attention_heads=2,
                num_key_value_heads=1,
                qk_layernorm=True,
                rope_parameters={
                    "rope_type": "default",
                    "rope_theta": 700.0,
                    "partial_rotary_factor": 0.25,
                },
            )
        ),
    ),
    Checkpoint(
        "phi3",
        Phi3ForCausalLM,
        Phi3Config(
            **shape(
                num_key_value_heads=2,
                sliding_window=9,
                pad_token_id=None,
                rope_parameters={
                    "rope_type": "default",
                    "rope_theta": 10000.0,
                    "partial_rotary_factor": 1.0,
                },
            )
        ),
        dtype=torch.bfloat16,
    ),
    Checkpoint(
        "phi3-longrope",
        Phi3ForCausalLM,
        Phi3Config(
            **shape(
                num_attention_heads=2,
                num_key_value_heads=1,
                tie_word_embeddings=True,
                original_max_position_embeddings=32,
                pad_token_id=None,
                rope_parameters={
                    "rope_type": "longrope",
                    "rope_theta": 10000.0,
                    "partial_rotary_factor": 0.75,
                    "short_factor": [1.0, 1.1, 1.3, 1.6, 2.0, 2.5],
                    "long_factor": [1.0, 2.0, 3.0, 5.0, 8.0, 13.0],
                },
            )
        ),
        old_style=old_style("type"),
    ),
    Checkpoint(
        "stablelm",
        StableLmForCausalLM,
        StableLmConfig(
            **shape(
                num_attention_heads=2,
                num_key_value_heads=2,
                use_qkv_bias=True,
                rope_parameters={
                    "rope_type": "default",
                    "rope_theta": 10000.0,
                    "partial_rotary_factor": 0.25,
                },
            )
        ),
        old_style=old_style(),
    ),
    Checkpoint(
        "stablelm-parallel",
        StableLmForCausalLM,
        StableLmConfig(
            **shape(
                num_key_value_heads=2,
                use_parallel_residual=True,
                qk_layernorm=True,
                rope_parameters={
                    "rope_type": "default",
                    "rope_theta": 900.0,
                    "partial_rotary_factor": 0.5,
                },
            )
        ),
        dtype=torch.bfloat16,
    ),
    Checkpoint(
        "gpt2",
        GPT2LMHeadModel,
        GPT2Config(
            vocab_size=64,
            n_positions=32,
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_inner=48,
            bos_token_id=1,
            eos_token_id=2,
        ),
        old_style=old_style(),
    ),
    Checkpoint(
        "gpt2-base",
        GPT2LMHeadModel,
        GPT2Config(
            vocab_size=72,
            n_positions=24,
            n_embd=32,
            n_layer=2,
            n_head=2,
            scale_attn_by_inverse_layer_idx=True,
            bos_token_id=1,
            eos_token_id=2,
        ),
        dtype=torch.float16,
        base_only=True,
    ),
    Checkpoint(
        "gemma2",
        Gemma2ForCausalLM,
        Gemma2Config(
            **shape(
                num_hidden_layers=4,
                num_key_value_heads=2,
                head_dim=12,
                query_pre_attn_scalar=10,
                sliding_window=6,
                attn_logit_softcapping=1.5,
                final_logit_softcapping=3.0,
                pad_token_id=None,
            )
        ),
        dtype=torch.bfloat16,
        old_style=old_style(),
    ),
    Checkpoint(
        "gemma3",
        Gemma3ForCausalLM,
        Gemma3TextConfig(
            **shape(
                num_hidden_layers=4,
                num_key_value_heads=1,
                head_dim=12,
                query_pre_attn_scalar=12,
                sliding_window=5,
                sliding_window_pattern=2,
                pad_token_id=None,
                rope_parameters={
                    "full_attention": {"rope_type": "linear", "rope_theta": 5000.0, "factor": 8.0},
                    "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                },
            )
        ),
        dtype=torch.bfloat16,
        old_style=old_style(sliding_window_pattern=2),
    ),
    Checkpoint(
        "gemma3-nested",
        Gemma3ForCausalLM,
        Gemma3TextConfig(
            **shape(
                num_hidden_layers=3,
                num_key_value_heads=2,
                head_dim=8,
                query_pre_attn_scalar=16,
                sliding_window=4,
                layer_types=["full_attention", "sliding_attention", "sliding_attention"],
                final_logit_softcapping=2.0,
                pad_token_id=None,
                rope_parameters={
                    "full_attention": {"rope_type": "default", "rope_theta": 20000.0},
                    "sliding_attention": {"rope_type": "default", "rope_theta": 300.0},
                },
            )
        ),
    ),
    Checkpoint(
        "olmo2",
        Olmo2ForCausalLM,
        Olmo2Config(
            **shape(
                num_key_value_heads=2,
                pad_token_id=None,
                rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
            )
        ),
        dtype=torch.float16,
        old_style=old_style(),
    ),
    Checkpoint(
        "mixtral",
        MixtralForCausalLM,
        MixtralConfig(
            **shape(
                intermediate_size=24,
                num_key_value_heads=2,
                sliding_window=7,
                num_local_experts=4,
                num_experts_per_tok=2,
                rope_parameters={"rope_type": "default", "rope_theta": 4000.0},
            )
        ),
        dtype=torch.bfloat16,
        old_style=old_style(),
    ),
    Checkpoint(
        "qwen2-moe",
        Qwen2MoeForCausalLM,
        Qwen2MoeConfig(
            **shape(
                num_hidden_layers=4,
                num_key_value_heads=2,
                use_sliding_window=True,
                sliding_window=5,
                max_window_layers=2,
                decoder_sparse_step=2,
                moe_intermediate_size=20,
                shared_expert_intermediate_size=28,
                num_experts=6,
                num_experts_per_tok=3,
                rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
            )
        ),
        dtype=torch.float16,
        old_style=old_style(),
    ),
    Checkpoint(
        "qwen3-moe",
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig(
            **shape(
                num_hidden_layers=3,
                num_key_value_heads=2,
                head_dim=12,
                tie_word_embeddings=True,
                use_sliding_window=True,
                sliding_window=6,
                moe_intermediate_size=12,
                num_experts=8,
                num_experts_per_tok=2,
                norm_topk_prob=True,
                mlp_only_layers=[1],
                rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
            )
        ),
    ),
)


def randomise(model: PreTrainedModel, generator: torch.Generator) -> None:
    """Weights of standard deviation 0.15 (embeddings 0.3), biases 0.1, norms about one, or about
    zero where the model adds the one."""
    centre = 0 if model.config.model_type.startswith("gemma") else 1
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("bias"):
                parameter.copy_(0.1 * noise)
            elif "norm" in name or ".ln_" in name:
                parameter.copy_(centre + 0.2 * noise)
            else:
                embeds = any(part in name for part in ("embed", "wte", "wpe"))
                parameter.copy_((0.3 if embeds else 0.15) * noise)


def examples(vocabulary: int, generator: torch.Generator) -> list[list[int]]:
    """Five examples of 2 to 24 tokens; the first and last token of the vocabulary occur, and
    one example is made of repeated tokens, where an embedding's rows add up."""

    def draw(length: int, below: int = vocabulary) -> list[int]:
        return torch.randint(below, (length,), generator=generator).tolist()

    return [draw(2), [0, *draw(5), vocabulary - 1], [5, 5, 5, 7, 5, 7, 7, 5, 3, 3, 5], draw(17), draw(24)]


def expected(model: PreTrainedModel, examples_: Sequence[Sequence[int]]) -> dict[str, Any]:
    """The contents of an expected.json, both losses over the same examples."""
    result = {
        "model_type": model.config.model_type,
        "generator": GENERATOR,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "cases": [parity_case(model, loss, examples_, loss) for loss in LOSSES],
    }
    error = directional_error(model, examples_[-1])
    print(f"relative difference from a central difference: {error:.1e}")
    if error > 1e-8:
        raise ArithmeticError("the gradient is not the derivative of the loss")
    return result


def write_json(file: Path, value: Any) -> None:
    """JSON with floats written so that they read back to the same bits."""
    file.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Saves a random model, then computes its numbers from what is on disk."""
    seed = 1000 + CHECKPOINTS.index(checkpoint)
    generator = torch.Generator().manual_seed(seed)
    model = checkpoint.model(checkpoint.config)
    randomise(model, generator)
    model.to(checkpoint.dtype)
    shutil.rmtree(folder, ignore_errors=True)
    saved = model.base_model if checkpoint.base_only else model
    saved.save_pretrained(folder, max_shard_size=checkpoint.shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    if checkpoint.old_style is not None:
        file = folder / "config.json"
        file.write_text(
            json.dumps(checkpoint.old_style(json.loads(file.read_text())), indent=2) + "\n"
        )
    loaded = load_float64(folder)
    stored = dict(model.named_parameters())
    for name, parameter in loaded.named_parameters():
        if not torch.equal(parameter, stored[name].double()):
            raise ValueError(f"{folder}: {name} does not read back")
    written, read = (
        getattr(config, "rope_parameters", None) or {}
        for config in (checkpoint.config, loaded.config)
    )
    if not written.items() <= read.items():
        raise ValueError(f"{folder}: {read} is read back")
    numbers = expected(loaded, examples(checkpoint.config.vocab_size, generator))
    write_json(folder / "expected.json", numbers)
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{folder.name}: {size} bytes, losses {numbers['cases'][0]['losses']}")


def write_demo(demo: Path, file: Path, texts: int = 4, length: int = 64) -> None:
    """Numbers of the demo model for the first texts of each demo dataset, cut to `length`
    tokens."""
    tokenizer = Tokenizer.from_file(str(demo / "model" / "tokenizer.json"))
    ids: list[list[int]] = []
    for name in ("arithmetic", "encyclopedia"):
        lines = (demo / "datasets" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        ids += [tokenizer.encode(json.loads(line)["text"]).ids[:length] for line in lines[:texts]]
    write_json(file, expected(load_float64(demo / "model"), ids))
    print(f"{file.name}: {file.stat().st_size} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="packages/testing/fixtures")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="make these checkpoints only")
    parser.add_argument("--demo", type=Path, help="the demo folder: writes demo-expected.json only")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    if arguments.demo is not None:
        write_demo(arguments.demo, arguments.out / "demo-expected.json")
        return
    for checkpoint in CHECKPOINTS:
        if arguments.only is not None and checkpoint.name not in arguments.only:
            continue
        write_checkpoint(checkpoint, arguments.out / "checkpoints" / checkpoint.name)


if __name__ == "__main__":
    main()
