"""ONNX files in the layout of the onnxruntime-genai model builder, written by hand.

These are NOT that builder's files, which make_genai_fixtures.py makes. Operators, graph inputs and
tensor names follow its documented layout (attention fused into GroupQueryAttention, weights
transposed and named after their node); everything else is as simple as it can be.
make_onnx_fixtures.py calls `write_builder_style`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from transformers import PreTrainedModel

MS = "com.microsoft"
BLOCK = 16


class Graph:
    """Nodes and initializers under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def tensor(self, name: str, value: np.ndarray) -> str:
        value = np.ascontiguousarray(value)
        self.initializers.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def node(self, op: str, name: str, inputs: list[str], *outputs: str, domain: str = "", **attributes: object) -> str:
        outputs = outputs or (f"{name}/output_0",)
        self.nodes.append(
            helper.make_node(op, inputs, list(outputs), name=name, domain=domain, **attributes)
        )
        return outputs[0]

    def constant(self, value: list[int] | int, dtype: type = np.int64) -> str:
        kind = "INT64" if dtype is np.int64 else "INT32"
        return self.tensor(f"/model/constants/{kind}/{value}", np.array(value, dtype))


def quantise(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric 4-bit blocks along the last axis of [N, K]: packed [N, K/block, block/2] with the
    low nibble first, and scales [N, K/block]."""
    n, k = weight.shape
    blocks = np.zeros((n, -(-k // BLOCK) * BLOCK), np.float32)
    blocks[:, :k] = weight
    blocks = blocks.reshape(n, -1, BLOCK)
    scale = np.abs(blocks).max(-1) / 7
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    q = np.clip(np.rint(blocks / scale[..., None]) + 8, 0, 15).astype(np.uint8)
    return q[..., 0::2] | (q[..., 1::2] << 4), scale


class Builder(Graph):
    def __init__(self, model: PreTrainedModel, *, packed: bool, quantised: bool) -> None:
        super().__init__()
        self.config = model.config
        self.state = {name: p.detach().float().numpy() for name, p in model.state_dict().items()}
        self.packed = packed
        self.quantised = quantised

    def matmul(self, name: str, weight: np.ndarray, x: str, output: str | None = None) -> str:
        """x Wᵀ for W [N, K], which is stored transposed, or as 4-bit blocks of W itself."""
        n, k = weight.shape
        stem = name[1:].replace("/", ".")
        outputs = [output] if output else []
        if not self.quantised:
            return self.node("MatMul", name, [x, self.tensor(f"{stem}.weight", weight.T)], *outputs)
        q, scale = quantise(weight)
        bits = {"K": k, "N": n, "bits": 4, "block_size": BLOCK, "accuracy_level": 0}
        inputs = [x, self.tensor(f"{stem}.weight_Q4G{BLOCK}", q), self.tensor(f"{stem}.weight_scale", scale)]
        return self.node("MatMulNBits", f"{name}_Q4", inputs, *outputs, domain=MS, **bits)

    def embedding(self) -> str:
        table = self.state["model.embed_tokens.weight"]
        base = "/model/embed_tokens"
        if self.quantised:
            q, scale = quantise(table)
            rows = self.tensor("model.embed_tokens.weight_Q4", q.reshape(q.shape[0], -1))
            return self.node(
                "GatherBlockQuantized",
                f"{base}/GatherBlockQuantized",
                [rows, "input_ids", self.tensor("model.embed_tokens.weight_scale", scale)],
                domain=MS,
                bits=4,
                block_size=BLOCK,
                gather_axis=0,
                quantize_axis=1,
            )
        if self.packed:  # Tied: the table is the head, turned round.
            head = self.tensor("lm_head.MatMul.weight", table.T)
            table_ = self.node("Transpose", f"{base}/Transpose", [head], perm=[1, 0])
        else:
            table_ = self.tensor("model.embed_tokens.weight", table)
        return self.node("Gather", f"{base}/Gather", [table_, "input_ids"])

    def mask(self) -> tuple[str, str]:
        """seqlens_k and total_sequence_length, from the attention mask."""
        base = "/model/attn_mask_reformat/attn_mask_subgraph"
        total = self.node("ReduceSum", f"{base}/ReduceSum", ["attention_mask", self.constant([1])], keepdims=0)
        last = self.node("Sub", f"{base}/Sub", [total, self.constant([1])])
        seqlens = self.node("Cast", f"{base}/Sub/Cast", [last], to=TensorProto.INT32)
        shape = self.node("Shape", f"{base}/Shape", ["attention_mask"])
        length = self.node("Gather", f"{base}/Gather", [shape, self.constant(1)], axis=0)
        return seqlens, self.node("Cast", f"{base}/Gather/Cast", [length], to=TensorProto.INT32)

    def rotary_cache(self) -> tuple[str, str]:
        dim = self.config.head_dim
        theta = self.config.rope_parameters["rope_theta"]
        frequencies = 1 / theta ** (np.arange(0, dim, 2, dtype=np.float64) / dim)
        angles = np.arange(self.config.max_position_embeddings)[:, None] * frequencies
        return (
            self.tensor("cos_cache", np.cos(angles).astype(np.float32)),
            self.tensor("sin_cache", np.sin(angles).astype(np.float32)),
        )

    def attention(self, layer: int, x: str, mask: tuple[str, str], cache: tuple[str, str]) -> str:
        config, base = self.config, f"/model/layers.{layer}/attn"
        weight = {p: self.state[f"model.layers.{layer}.self_attn.{p}_proj.weight"] for p in "qkvo"}
        heads = {"num_heads": config.num_attention_heads, "kv_num_heads": config.num_key_value_heads}
        if self.packed:
            stacked = np.concatenate([weight["q"], weight["k"], weight["v"]])
            q, k, v = self.matmul(f"{base}/qkv_proj/MatMul", stacked, x), "", ""
        else:
            q, k, v = (self.matmul(f"{base}/{p}_proj/MatMul", weight[p], x) for p in "qkv")
            q, k = (
                self.node(
                    "RotaryEmbedding",
                    f"{base}/{p}_rotary/RotaryEmbedding",
                    [value, "position_ids", *cache],
                    domain=MS,
                    interleaved=0,
                    num_heads=heads[key],
                    rotary_embedding_dim=0,
                )
                for p, value, key in (("q", q, "num_heads"), ("k", k, "kv_num_heads"))
            )
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        name = f"{base}/GroupQueryAttention"
        mixed = self.node(
            "GroupQueryAttention",
            name,
            [q, k, v, *past, *mask, *(cache if self.packed else ("", ""))],
            f"{name}/output_0",
            *present,
            domain=MS,
            **heads,
            scale=config.head_dim**-0.5,
            do_rotary=int(self.packed),
            rotary_interleaved=0,
            local_window_size=-1,
            softcap=0.0,
        )
        return self.matmul(f"{base}/o_proj/MatMul", weight["o"], mixed)

    def mlp(self, layer: int, x: str) -> str:
        base = f"/model/layers.{layer}/mlp"
        weight = {p: self.state[f"model.layers.{layer}.mlp.{p}_proj.weight"] for p in ("gate", "up", "down")}
        gate = self.matmul(f"{base}/gate_proj/MatMul", weight["gate"], x)
        up = self.matmul(f"{base}/up_proj/MatMul", weight["up"], x)
        sigmoid = self.node("Sigmoid", f"{base}/act_fn/Sigmoid", [gate])
        activated = self.node("Mul", f"{base}/act_fn/Mul", [gate, sigmoid])
        return self.matmul(f"{base}/down_proj/MatMul", weight["down"], self.node("Mul", f"{base}/Mul", [activated, up]))

    def norm(self, place: str, source: str, x: str, skip: str | None, last: bool = False) -> tuple[str, str]:
        """The normalised sum of x and skip, and the sum."""
        weight = self.tensor(f"{place}.weight", self.state[source])
        _, _, layer, norm = place.split(".")
        name = f"/model/layers.{layer}/{norm}"
        epsilon = self.config.rms_norm_eps
        if skip is None:
            return self.node(
                "SimplifiedLayerNormalization", f"{name}/LayerNorm", [x, weight], f"{name}/output_0",
                axis=-1, epsilon=epsilon, stash_type=1,
            ), x
        outputs = [f"{name}/output_0"] if last else [f"{name}/output_0", "", "", f"{name}/output_3"]
        self.node(
            "SkipSimplifiedLayerNormalization", f"{name}/SkipLayerNorm", [x, skip, weight], *outputs,
            domain=MS, epsilon=epsilon,
        )
        return outputs[0], outputs[-1]

    def model(self) -> onnx.ModelProto:
        config = self.config
        residual, mask, cache = self.embedding(), self.mask(), self.rotary_cache()
        skip: str | None = None
        for i in range(config.num_hidden_layers):
            layer = f"model.layers.{i}"
            x, residual = self.norm(f"{layer}.input_layernorm", f"{layer}.input_layernorm.weight", residual, skip)
            skip = self.attention(i, x, mask, cache)
            x, residual = self.norm(
                f"{layer}.post_attention_layernorm", f"{layer}.post_attention_layernorm.weight", residual, skip
            )
            skip = self.mlp(i, x)
        final = f"model.layers.{config.num_hidden_layers}.final_norm_layernorm"
        x, _ = self.norm(final, "model.norm.weight", residual, skip, last=True)
        self.matmul("/lm_head/MatMul", self.state["model.embed_tokens.weight"], x, "logits")
        return self.finished()

    def finished(self) -> onnx.ModelProto:
        def value(name: str, kind: int, *shape: str | int) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, kind, shape)

        config = self.config
        cache = (TensorProto.FLOAT, "batch_size", config.num_key_value_heads)
        layers = range(config.num_hidden_layers)
        parts = [f"{i}.{part}" for i in layers for part in ("key", "value")]
        integer = TensorProto.INT64
        inputs = [
            value("input_ids", integer, "batch_size", "sequence_length"),
            value("attention_mask", integer, "batch_size", "total_sequence_length"),
            *([] if self.packed else [value("position_ids", integer, "batch_size", "sequence_length")]),
            *(value(f"past_key_values.{p}", *cache, "past_sequence_length", config.head_dim) for p in parts),
        ]
        outputs = [
            value("logits", TensorProto.FLOAT, "batch_size", "sequence_length", config.vocab_size),
            *(value(f"present.{p}", *cache, "total_sequence_length", config.head_dim) for p in parts),
        ]
        graph = helper.make_graph(self.nodes, "main_graph", inputs, outputs, list(self.initializers.values()))
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MS, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="builder-style")


VARIANTS = {
    "builder-style": {"packed": False, "quantised": False},
    "builder-style-packed": {"packed": True, "quantised": False},
    "builder-style-int4": {"packed": False, "quantised": True},
}


def write_builder_style(model: PreTrainedModel, folder: Path) -> None:
    for name, options in VARIANTS.items():
        file = folder / f"{name}.onnx"
        onnx.save(Builder(model, **options).model(), file)
        print(f"{folder.name}/{name}: {file.stat().st_size} bytes")
