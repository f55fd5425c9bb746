"""The experiment's definition as the usual PyTorch loop: the baseline of the benchmark.

    python pytorch_loop.py fisher DIR --tokens tokens.jsonl --out fisher.json
    python pytorch_loop.py activations DIR --tokens tokens.jsonl --out activations.json

`fisher` runs one example at a time, builds every weight gradient with autograd and sums its
squares: ||dL/dW||_F^2 per parameter and example. `activations` runs the same forward pass and
carries the gradient back to the embeddings' output without any weight gradient: what is left of
the loop when no weight gradient is built, and so no score either.

Times are of the examples alone, after `--warmup` examples that are not counted; the peak of
resident memory is of the whole process.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

try:
    import transformers
except ImportError:
    transformers = None


def loss_of(logits: Tensor, tokens: Tensor, loss: str) -> Tensor:
    """Next-token cross-entropy of one example, its mean or its sum over the predicted tokens."""
    reduction = "mean" if loss == "token-mean" else "sum"
    return torch.nn.functional.cross_entropy(logits[0, :-1], tokens[0, 1:], reduction=reduction)


def fisher_step(
    model: nn.Module, loss: str
) -> Callable[[Tensor], tuple[float, dict[str, float]]]:
    """Of one example, the loss and every parameter's gradient squared norm."""

    def step(tokens: Tensor) -> tuple[float, dict[str, float]]:
        model.zero_grad(set_to_none=True)
        value = loss_of(model(input_ids=tokens, use_cache=False).logits, tokens, loss)
        value.backward()
        return value.item(), {
            name: parameter.grad.pow(2).sum().item()
            for name, parameter in model.named_parameters()
            if parameter.grad is not None
        }

    return step


def activations_step(
    model: nn.Module, loss: str
) -> Callable[[Tensor], tuple[float, dict[str, float]]]:
    """Of one example, the loss; the gradient reaches the embeddings' output and no weight."""
    model.requires_grad_(False)

    def step(tokens: Tensor) -> tuple[float, dict[str, float]]:
        embedded = model.get_input_embeddings()(tokens).requires_grad_()
        value = loss_of(model(inputs_embeds=embedded, use_cache=False).logits, tokens, loss)
        value.backward()
        return value.item(), {}

    return step


def peak_rss_bytes() -> int:
    """ru_maxrss, which macOS counts in bytes and Linux in kibibytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def load(arguments: argparse.Namespace) -> nn.Module:
    """As transformers has the model or, without it, as plain PyTorch."""
    dtype = getattr(torch, arguments.dtype)
    if transformers is None:
        from pytorch_llama import load_llama

        return load_llama(arguments.checkpoint, dtype)
    transformers.utils.logging.disable_progress_bar()
    return transformers.AutoModelForCausalLM.from_pretrained(
        arguments.checkpoint, dtype=dtype, attn_implementation=arguments.attention
    )


def measure(arguments: argparse.Namespace) -> None:
    """Loads the checkpoint, runs all examples one by one and writes what was measured."""
    torch.set_num_threads(arguments.threads)
    started = time.perf_counter()
    model = load(arguments).eval()
    load_seconds = time.perf_counter() - started

    lines = arguments.tokens.read_text().splitlines()
    examples = [torch.tensor([json.loads(line)["input_ids"]]) for line in lines]
    make_step = fisher_step if arguments.command == "fisher" else activations_step
    step = make_step(model, arguments.loss)
    for tokens in examples[: arguments.warmup]:
        step(tokens)

    losses: list[float] = []
    norms: dict[str, list[float]] = {}
    seconds_each: list[float] = []
    for tokens in examples:
        started = time.perf_counter()
        value, squares = step(tokens)
        seconds_each.append(time.perf_counter() - started)
        losses.append(value)
        for name, square in squares.items():
            norms.setdefault(name, []).append(square)

    total = sum(seconds_each)
    report = {
        "command": arguments.command,
        "seconds_per_example": total / len(examples),
        "seconds_total": total,
        "seconds_each": seconds_each,
        "load_seconds": load_seconds,
        "peak_rss_bytes": peak_rss_bytes(),
        "examples": len(examples),
        "length": max(tokens.shape[1] for tokens in examples),
        "loss": arguments.loss,
        "dtype": arguments.dtype,
        "attention": arguments.attention if transformers else "eager",
        "threads": arguments.threads,
        "warmup": arguments.warmup,
        "torch": torch.__version__,
        "transformers": transformers.__version__ if transformers else None,
        "losses": losses,
        "gradient_squared_norms": norms,
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(
        f"{arguments.command}: {report['seconds_per_example']:.3f} s per example of "
        f"{report['length']} tokens, peak {report['peak_rss_bytes'] / 1e9:.2f} GB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)

    for name in ("fisher", "activations"):
        loop = commands.add_parser(name)
        loop.add_argument("checkpoint", type=Path)
        loop.add_argument("--tokens", type=Path, required=True)
        loop.add_argument("--out", type=Path, required=True)
        loop.add_argument("--threads", type=int, default=2)
        loop.add_argument("--dtype", choices=("float32", "float64"), default="float32")
        loop.add_argument("--loss", choices=("token-mean", "sequence-sum"), default="token-mean")
        loop.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
        loop.add_argument("--warmup", type=int, default=1)

    measure(parser.parse_args())


if __name__ == "__main__":
    main()
