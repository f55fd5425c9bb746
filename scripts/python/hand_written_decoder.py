"""Decoders in plain PyTorch, for a Python that has torch and no transformers.

Written from the published source of transformers 5 (modeling_rope_utils.py, modeling_layers.py and
the modeling files of llama, qwen2, qwen3, qwen3_moe, mixtral and phi3), in float64 throughout.
`make_variant_fixtures.py` holds it to the numbers that transformers itself gave for the
checkpoints of `make_parity_fixtures.py` before it writes anything.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Config = Mapping[str, Any]
Weights = dict[str, Tensor]

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
ACTIVATIONS = {
    "silu": functional.silu,
    "gelu_pytorch_tanh": lambda x: 0.5
    * x
    * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}


def read_safetensors(file: Path) -> Weights:
    """Every tensor of a file, in the type that it is stored in."""
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        raw = torch.frombuffer(bytearray(data[start:end]), dtype=DTYPES[entry["dtype"]])
        tensors[name] = raw.reshape(entry["shape"])
    return tensors


def write_safetensors(file: Path, tensors: Weights) -> None:
    """float32 tensors as a file."""
    header: dict[str, Any] = {}
    body = b""
    for name, tensor in sorted(tensors.items()):
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + body)


def head_size(config: Config) -> int:
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def rotary_frequencies(config: Config, length: int) -> tuple[Tensor, float]:
    """Inverse frequencies for an example of `length` tokens, and what its cosines are times."""
    rope = {**(config.get("rope_scaling") or {}), **(config.get("rope_parameters") or {})}
    kind = rope.get("rope_type", rope.get("type", "default"))
    theta = rope.get("rope_theta", config.get("rope_theta", 10000.0))
    share = rope.get("partial_rotary_factor", config.get("partial_rotary_factor") or 1.0)
    if kind == "default" and config["model_type"] != "phi3":
        share = 1.0
    width = int(head_size(config) * share)
    longest = config["max_position_embeddings"]
    original = (
        config.get("original_max_position_embeddings")
        or rope.get("original_max_position_embeddings")
        or longest
    )
    exponents = torch.arange(0, width, 2, dtype=torch.float64) / width
    powers = theta**exponents
    if kind == "default":
        return 1 / powers, 1.0
    if kind == "linear":
        return 1 / powers / rope["factor"], 1.0
    if kind == "dynamic":
        reach = rope["factor"] * max(length, longest) / longest - (rope["factor"] - 1)
        return 1 / (theta * reach ** (width / (width - 2))) ** exponents, 1.0
    if kind == "llama3":
        return llama3(1 / powers, rope, original), 1.0
    if kind == "yarn":
        return yarn(powers, width, theta, {**rope, "original": original, "longest": longest})
    factor = rope.get("factor") or longest / original
    attention = rope.get("attention_factor")
    if attention is None:
        attention = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
    factors = rope["long_factor" if length > original else "short_factor"]
    return 1 / (torch.tensor(factors, dtype=torch.float64) * powers), attention


def llama3(frequencies: Tensor, rope: Config, original: int) -> Tensor:
    low, high, factor = (rope[k] for k in ("low_freq_factor", "high_freq_factor", "factor"))
    wavelengths = 2 * math.pi / frequencies
    smooth = ((original / wavelengths - low) / (high - low)).clamp(0, 1)
    return (1 - smooth) * frequencies / factor + smooth * frequencies


def yarn(powers: Tensor, width: int, theta: float, rope: Config) -> tuple[Tensor, float]:
    original = rope["original"]
    factor = rope.get("factor") or rope["longest"] / original

    def scale(by: float = 1.0) -> float:
        return 0.1 * by * math.log(factor) + 1.0 if factor > 1 else 1.0

    attention = rope.get("attention_factor")
    if attention is None:
        mscale, of_all = rope.get("mscale"), rope.get("mscale_all_dim")
        attention = scale(mscale) / scale(of_all) if mscale and of_all else scale()

    def dimension(turns: float) -> float:
        return width * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(theta))

    start, end = dimension(rope.get("beta_fast") or 32), dimension(rope.get("beta_slow") or 1)
    if rope.get("truncate", True):
        start, end = math.floor(start), math.ceil(end)
    start, end = max(start, 0), min(end, width - 1)
    if start == end:
        end += 0.001
    ramp = ((torch.arange(width // 2, dtype=torch.float64) - start) / (end - start)).clamp(0, 1)
    return ramp / (factor * powers) + (1 - ramp) / powers, attention


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """The first dimensions of every head, as many as there are cosines; x is [heads, T, size]."""
    width = cos.shape[-1]
    turned, rest = x[..., :width], x[..., width:]
    first, second = turned.chunk(2, -1)
    return torch.cat((turned * cos + torch.cat((-second, first), -1) * sin, rest), -1)


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon))


class Decoder:
    """One checkpoint: its config.json and its weights by the names of its file."""

    def __init__(self, config: Config, stored: Weights) -> None:
        self.config = config
        self.weights = {name: w.double().requires_grad_() for name, w in stored.items()}
        self.epsilon = config["rms_norm_eps"]
        self.activation = ACTIVATIONS[config.get("hidden_act", "silu")]

    def linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias"))

    def hidden(self, ids: Tensor) -> Tensor:
        """[T] → [T, width]"""
        x = self.weights["model.embed_tokens.weight"][ids]
        frequencies, scale = rotary_frequencies(self.config, len(ids))
        angles = torch.outer(torch.arange(len(ids), dtype=torch.float64), frequencies)
        angles = torch.cat((angles, angles), -1)
        tables = (angles.cos() * scale, angles.sin() * scale)
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            normed = self.norm(x, f"{layer}.input_layernorm")
            x = x + self.attention(normed, f"{layer}.self_attn", tables, i)
            x = x + self.mlp(self.norm(x, f"{layer}.post_attention_layernorm"), layer)
        return self.norm(x, "model.norm")

    def norm(self, x: Tensor, name: str) -> Tensor:
        return rms_norm(x, self.weights[f"{name}.weight"], self.epsilon)

    def attention(
        self, x: Tensor, name: str, tables: tuple[Tensor, Tensor], layer: int
    ) -> Tensor:
        size, heads = head_size(self.config), self.config["num_attention_heads"]
        shared = self.config.get("num_key_value_heads") or heads

        def split(projected: Tensor) -> Tensor:
            return projected.view(len(x), -1, size).transpose(0, 1)

        if f"{name}.qkv_proj.weight" in self.weights:
            widths = [heads * size, shared * size, shared * size]
            q, k, v = (split(p) for p in self.linear(x, f"{name}.qkv_proj").split(widths, -1))
        else:
            q, k, v = (split(self.linear(x, f"{name}.{each}_proj")) for each in "qkv")
        if f"{name}.q_norm.weight" in self.weights:
            q, k = self.norm(q, f"{name}.q_norm"), self.norm(k, f"{name}.k_norm")
        q, k = rotate(q, *tables), rotate(k, *tables)
        k, v = (each.repeat_interleave(heads // shared, 0) for each in (k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(size)
        distance = torch.arange(len(x))[:, None] - torch.arange(len(x))
        seen = (distance >= 0) & (distance < (self.window(layer) or len(x)))
        weights = scores.masked_fill(~seen, float("-inf")).softmax(-1)
        return self.linear((weights @ v).transpose(0, 1).reshape(len(x), -1), f"{name}.o_proj")

    def window(self, layer: int) -> int | None:
        window = self.config.get("sliding_window")
        if self.config.get("use_sliding_window") is False:
            return None
        if "layer_types" in self.config:
            return window if self.config["layer_types"][layer] == "sliding_attention" else None
        if self.config["model_type"] == "qwen2_moe":
            slides = layer % 2 == 0 and layer < self.config["max_window_layers"]
            return window if slides else None
        return window

    def mlp(self, x: Tensor, layer: str) -> Tensor:
        if f"{layer}.mlp.gate_up_proj.weight" in self.weights:
            gate, up = self.linear(x, f"{layer}.mlp.gate_up_proj").chunk(2, -1)
            return self.linear(self.activation(gate) * up, f"{layer}.mlp.down_proj")
        if f"{layer}.mlp.gate_proj.weight" in self.weights:
            return self.gated(x, f"{layer}.mlp", ("gate_proj", "up_proj", "down_proj"))
        return self.experts(x, layer)

    def gated(self, x: Tensor, name: str, modules: tuple[str, str, str]) -> Tensor:
        gate, up, down = (f"{name}.{module}" for module in modules)
        return self.linear(self.activation(self.linear(x, gate)) * self.linear(x, up), down)

    def experts(self, x: Tensor, layer: str) -> Tensor:
        mixtral = self.config["model_type"] == "mixtral"
        block = next(
            f"{layer}.{name}"
            for name in ("mlp", "block_sparse_moe")
            if f"{layer}.{name}.gate.weight" in self.weights
        )
        probabilities = self.linear(x, f"{block}.gate").softmax(-1)
        top, chosen = probabilities.topk(self.config["num_experts_per_tok"], -1)
        if mixtral or self.config.get("norm_topk_prob"):
            top = top / top.sum(-1, keepdim=True)
        routing = torch.zeros_like(probabilities).scatter(1, chosen, top)
        packed = self.weights.get(f"{block}.experts.gate_up_proj")
        modules = ("w1", "w3", "w2") if mixtral else ("gate_proj", "up_proj", "down_proj")
        total = torch.zeros_like(x)
        for expert in range(probabilities.shape[-1]):
            if packed is None:
                out = self.gated(x, f"{block}.experts.{expert}", modules)
            else:
                gate, up = functional.linear(x, packed[expert]).chunk(2, -1)
                down = self.weights[f"{block}.experts.down_proj"][expert]
                out = functional.linear(self.activation(gate) * up, down)
            total = total + routing[:, expert : expert + 1] * out
        shared = f"{block}.shared_expert"
        if f"{shared}.gate_proj.weight" in self.weights:
            gate = torch.sigmoid(self.linear(x, f"{block}.shared_expert_gate"))
            total = total + gate * self.gated(x, shared, ("gate_proj", "up_proj", "down_proj"))
        return total

    def loss(self, ids: list[int], loss: str, label: int | None = None) -> Tensor:
        tokens = torch.tensor(ids)
        hidden = self.hidden(tokens)
        if loss == "class":
            logits = self.linear(hidden, "score")[self.last_token(tokens)]
            return functional.cross_entropy(logits[None], torch.tensor([label]))
        own = "lm_head.weight" in self.weights
        table = self.weights["lm_head.weight" if own else "model.embed_tokens.weight"]
        logits = functional.linear(hidden[:-1], table)
        reduction = "mean" if loss == "token-mean" else "sum"
        return functional.cross_entropy(logits, tokens[1:], reduction=reduction)

    def last_token(self, tokens: Tensor) -> int:
        pad = self.config.get("pad_token_id")
        if pad is None:
            return len(tokens) - 1
        positions = torch.arange(len(tokens)) * (tokens != pad)
        return int(positions.argmax())

    def norms(self, ids: list[int], loss: str, label: int | None = None) -> tuple[float, dict]:
        """The loss of one example and ‖∂L/∂W‖² of every weight, with the parts of packed ones."""
        for weight in self.weights.values():
            weight.grad = None
        value = self.loss(ids, loss, label)
        value.backward()
        norms: dict[str, float] = {}
        for name, weight in self.weights.items():
            if weight.grad is None:
                raise ValueError(f"{name} has no gradient")
            norms[name] = weight.grad.square().sum().item()
            for part, gradient in self.parts(name, weight.grad).items():
                norms[f"{name}[{part}]"] = gradient.square().sum().item()
        smallest = 1e-24 * max(norms.values())
        return value.item(), {n: v if v > smallest else 0.0 for n, v in norms.items()}

    def parts(self, name: str, gradient: Tensor) -> dict[str, Tensor]:
        if name.endswith("experts.gate_up_proj"):
            halves = [each.chunk(2) for each in gradient]
            return {
                f"{e}_{half}": part
                for e, pair in enumerate(halves)
                for half, part in zip(("gate", "up"), pair)
            }
        if name.endswith("experts.down_proj"):
            return {f"{e}": each for e, each in enumerate(gradient)}
        if "gate_up_proj" in name:
            return dict(zip(("gate", "up"), gradient.chunk(2)))
        if "qkv_proj" in name:
            size, heads = head_size(self.config), self.config["num_attention_heads"]
            shared = self.config.get("num_key_value_heads") or heads
            widths = [heads * size, shared * size, shared * size]
            return dict(zip("qkv", gradient.split(widths)))
        return {}
