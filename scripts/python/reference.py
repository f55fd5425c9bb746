"""The definition that the engine is held to, written the slow and obvious way.

One example is one sequence of token ids, x_1 .. x_T. Its loss is the next-token
cross-entropy of the T - 1 positions that have a next token, with natural logarithms:

    sequence-sum   L = - sum_{t=1}^{T-1} log p(x_{t+1} | x_1 .. x_t)
    token-mean     L / (T - 1)

The gradient squared norm of a parameter W is ||dL/dW||_F^2, the sum of the squares of the
elements of its gradient, for one example alone: batch of one, no padding, plain autograd.
A tied weight is one parameter whose gradient is the sum over its uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

Loss = Literal["token-mean", "sequence-sum"]
LOSSES: tuple[Loss, ...] = ("token-mean", "sequence-sum")


class Float64Throughout(TorchFunctionMode):
    """Inside this mode every request for float32 is answered in float64.

    transformers computes norms, the attention softmax and rotary angles in float32 whatever
    the dtype of the model is, so `model.double()` by itself is only exact to float32.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        def promote(value: Any) -> Any:
            return torch.float64 if value is torch.float32 else value

        if func is torch.Tensor.float:
            func = torch.Tensor.double
        return func(
            *(promote(a) for a in args), **{k: promote(v) for k, v in (kwargs or {}).items()}
        )


def load_float64(folder: Path) -> PreTrainedModel:
    """The checkpoint with its stored weights upcast to float64, eager attention, and rotary
    frequencies recomputed in float64."""
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float64,
        attn_implementation="eager",
        experts_implementation="eager",
    )
    model.eval()
    rotary = getattr(model.base_model, "rotary_emb", None)
    if rotary is not None:
        recompute_rotary(rotary, model.config)
    embedding = model.get_input_embeddings()
    if hasattr(embedding, "embed_scale"):
        # Gemma rounds sqrt(hidden) to the type that the model is run in: the stored one.
        stored = AutoConfig.from_pretrained(folder).dtype
        scale = torch.tensor(embedding.scalar_embed_scale, dtype=torch.float32)
        embedding.embed_scale = scale.to(stored).double()
    if any(p.dtype != torch.float64 for p in model.parameters()):
        raise TypeError(f"{folder}: a parameter is not float64")
    return model


def recompute_rotary(rotary: Any, config: PreTrainedConfig) -> None:
    """Puts float64 frequencies into a rotary embedding, of every layer type where it has several."""
    by_layer = isinstance(rotary.rope_type, dict)
    kinds = rotary.rope_type if by_layer else {None: rotary.rope_type}
    for layer_type, kind in kinds.items():
        default = kind == "default"
        initial = rotary.compute_default_rope_parameters if default else ROPE_INIT_FUNCTIONS[kind]
        with Float64Throughout():
            frequencies, scale = initial(config, **({"layer_type": layer_type} if by_layer else {}))
        prefix = f"{layer_type}_" if by_layer else ""
        setattr(rotary, f"{prefix}inv_freq", frequencies.double())
        # longrope goes back to this one on every call.
        setattr(rotary, f"{prefix}original_inv_freq", frequencies.double())
        setattr(rotary, f"{prefix}attention_scaling", scale)


def example_loss(model: PreTrainedModel, ids: Sequence[int], loss: Loss) -> Tensor:
    """Next-token cross-entropy of one example, in the dtype of the model's logits."""
    tokens = torch.tensor([list(ids)])
    logits = model(input_ids=tokens, use_cache=False).logits[0, :-1]
    return torch.nn.functional.cross_entropy(
        logits, tokens[0, 1:], reduction="mean" if loss == "token-mean" else "sum"
    )


def gradient_squared_norms(
    model: PreTrainedModel, ids: Sequence[int], loss: Loss
) -> tuple[float, dict[str, float]]:
    """The loss of one example and ||dL/dW||_F^2 of every named parameter, in float64."""
    model.zero_grad(set_to_none=True)
    with Float64Throughout():
        value = example_loss(model, ids, loss)
        value.backward()
    norms: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            raise ValueError(f"{name} has no gradient")
        for stored, gradient in stored_gradients(model.config, name, parameter.grad).items():
            norms[stored] = gradient.square().sum().item()
            for part, sliced in packed_parts(model.config, stored, gradient).items():
                norms[f"{stored}[{part}]"] = sliced.square().sum().item()
    # What is zero in exact arithmetic, as for GPT-2's key biases, which move all scores of a query
    # alike, comes out as the square of a rounding error.
    smallest = 1e-24 * max(norms.values())
    return value.item(), {n: square if square > smallest else 0.0 for n, square in norms.items()}


def stored_gradients(config: PreTrainedConfig, name: str, gradient: Tensor) -> dict[str, Tensor]:
    """The gradient under the names of the checkpoint. transformers holds the experts of a layer in
    two tensors, gate_up_proj [E, 2I, H] and down_proj [E, H, I], which files hold one by one."""
    mixtral = config.model_type == "mixtral"
    if mixtral:
        name = name.replace(".mlp.", ".block_sparse_moe.")
    layer, fused, projection = name.partition(".experts.")
    if not fused:
        return {name: gradient}
    gate, up, down = ("w1", "w3", "w2") if mixtral else ("gate_proj", "up_proj", "down_proj")
    by_module = (
        {down: gradient}
        if projection == "down_proj"
        else dict(zip((gate, up), gradient.chunk(2, dim=1), strict=True))
    )
    return {
        f"{layer}.experts.{expert}.{module}.weight": each
        for module, experts in by_module.items()
        for expert, each in enumerate(experts)
    }


def packed_parts(config: PreTrainedConfig, name: str, gradient: Tensor) -> dict[str, Tensor]:
    """The parts of the gradient of a weight that computes several projections at once."""
    if "gate_up_proj" in name:
        return dict(zip(("gate", "up"), gradient.chunk(2), strict=True))
    if "c_attn" in name:
        return dict(zip("qkv", gradient.chunk(3, dim=-1), strict=True))
    if "qkv_proj" in name:
        width = config.hidden_size // config.num_attention_heads
        keys = config.num_key_value_heads * width
        sizes = [config.num_attention_heads * width, keys, keys]
        return dict(zip("qkv", gradient.split(sizes), strict=True))
    return {}


def directional_error(model: PreTrainedModel, ids: Sequence[int], step: float = 1e-5) -> float:
    """|numeric - analytic| / ||gradient|| of the derivative along one random unit direction over
    all parameters at once, numeric by central difference: a check of this file by other means."""
    generator = torch.Generator().manual_seed(0)
    _, norms = gradient_squared_norms(model, ids, "token-mean")
    parameters = list(model.parameters())
    direction = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]
    length = sum(float(d.square().sum()) for d in direction) ** 0.5
    pairs = [(p, d / length) for p, d in zip(parameters, direction, strict=True)]
    analytic = sum(float((p.grad * d).sum()) for p, d in pairs if p.grad is not None)
    values: list[float] = []
    with torch.no_grad(), Float64Throughout():
        for move in (step, -2 * step, step):
            for p, d in pairs:
                p.add_(d, alpha=move)
            values.append(example_loss(model, ids, "token-mean").item())
    numeric = (values[0] - values[1]) / (2 * step)
    total = sum(square for name, square in norms.items() if not name.endswith("]"))
    return abs(numeric - analytic) / total**0.5


def parity_case(
    model: PreTrainedModel, name: str, examples: Sequence[Sequence[int]], loss: Loss
) -> dict[str, Any]:
    """One entry of `cases` in an expected.json: see README.md of this folder."""
    losses: list[float] = []
    norms: dict[str, list[float]] = {}
    for ids in examples:
        value, squares = gradient_squared_norms(model, ids, loss)
        losses.append(value)
        for parameter, square in squares.items():
            norms.setdefault(parameter, []).append(square)
    return {
        "name": name,
        "loss": loss,
        "input_ids": [list(ids) for ids in examples],
        "losses": losses,
        "gradient_squared_norms": norms,
    }
