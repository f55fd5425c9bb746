"""Trains the demo model: a byte-level BPE tokenizer and a Llama of 3.1 M parameters.

    python train.py --gsm8k DIR --wikitext DIR --out model [--minutes 18 | --steps N]

DIR holds {train,test}.jsonl of GSM8K, or {valid,test}.txt of WikiText-2 in its word form. Trained
on GSM8K train and WikiText-2 valid, measured on the two test sets. Writes config.json,
model.safetensors (bfloat16), tokenizer.json, tokenizer_config.json, metrics.json and README.md.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

END, USER, ASSISTANT = "<|endoftext|>", "<|user|>", "<|assistant|>"
VOCABULARY = 4000
CONTEXT = 512

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}"
    "{{- '<|user|>' + message['content'] -}}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{{- '<|assistant|>' + message['content'] + eos_token -}}"
    "{%- else -%}"
    "{{- raise_exception('Only user and assistant messages are known to this model') -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)


@dataclass(frozen=True)
class Recipe:
    """Everything that the result depends on besides the data and the time given."""

    seed: int = 1
    sequence: int = 256
    batch: int = 8
    peak_rate: float = 2e-3
    final_rate: float = 1e-4
    warmup: float = 0.03
    weight_decay: float = 0.1
    clip: float = 1.0
    arithmetic_share: float = 0.75


# --- text -------------------------------------------------------------------------------------


def arithmetic_documents(file: Path, chat: bool) -> Iterator[str]:
    """GSM8K problems without their <<calculator>> annotations, as `question\\nanswer`. With
    `chat`, every second one has the form of the chat template instead."""
    for index, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        problem = json.loads(line)
        question = problem["question"].strip()
        answer = re.sub(r"<<[^>]*>>", "", problem["answer"]).strip()
        if chat and index % 2 == 1:
            yield f"{USER}{question}{ASSISTANT}{answer}{END}"
        else:
            yield f"{question}\n{answer}{END}"


def natural(line: str) -> str:
    """A line of WikiText's word form with the spaces about punctuation taken out again."""
    line = re.sub(r" @([-,.])@ ", r"\1", line.strip())
    line = re.sub(r'" ([^"]*?) "', r'"\1"', line)
    line = re.sub(r" ([.,;:!?%)\]])", r"\1", line)
    line = re.sub(r"([(\[]) ", r"\1", line)
    return re.sub(r" (n't|'(?:s|re|ve|ll|d|m)\b)", r"\1", line)


def article_documents(file: Path) -> Iterator[str]:
    """The articles of WikiText, paragraphs and headings one to a line."""
    article: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = natural(line)
        if re.fullmatch(r"= [^=].*[^=] =", text) and article:
            yield "\n".join(article) + END
            article = []
        if text:
            article.append(text)
    if article:
        yield "\n".join(article) + END


def train_tokenizer(documents: Iterable[str]) -> Tokenizer:
    """Byte-level BPE as GPT-2 splits it, with no tokens added about a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        documents,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END, USER, ASSISTANT],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def stream(tokenizer: Tokenizer, documents: Iterable[str]) -> Tensor:
    """The documents' tokens, one after another."""
    return torch.tensor([i for e in tokenizer.encode_batch(list(documents)) for i in e.ids])


# --- model ------------------------------------------------------------------------------------


def configuration(vocabulary: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=0,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )


def mean_loss(model: LlamaForCausalLM, tokens: Tensor) -> Tensor:
    """Mean next-token cross-entropy (natural logarithm) of a batch of windows."""
    logits = model(input_ids=tokens[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]).float(), tokens[:, 1:].reshape(-1)
    )


def windows(tokens: Tensor, length: int) -> Tensor:
    """Consecutive windows of `length` tokens that do not overlap; a shorter tail is left out."""
    return tokens[: len(tokens) // length * length].view(-1, length)


def perplexity(model: LlamaForCausalLM, held_out: Tensor, recipe: Recipe) -> float:
    """exp of the mean loss over every token but the first of every window."""
    model.eval()
    with torch.no_grad():
        batches = windows(held_out, recipe.sequence).split(recipe.batch)
        total = sum(mean_loss(model, b).item() * len(b) for b in batches)
    return math.exp(total / sum(len(b) for b in batches))


def unigram_perplexity(training: Tensor, held_out: Tensor, vocabulary: int, length: int) -> float:
    """The same tokens under the token frequencies of `training`, one added to every count."""
    counts = torch.bincount(training, minlength=vocabulary).double() + 1
    log_probability = (counts / counts.sum()).log()
    return math.exp(-log_probability[windows(held_out, length)[:, 1:]].mean().item())


def train(
    model: LlamaForCausalLM,
    streams: list[Tensor],
    recipe: Recipe,
    progress_at: Callable[[int, float], float],
) -> tuple[int, float]:
    """AdamW under a cosine schedule, until progress_at(step, seconds) reaches one. Every window
    starts anywhere in one stream, the first stream with probability `arithmetic_share`."""
    generator = torch.Generator().manual_seed(recipe.seed)
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors}],
        betas=(0.9, 0.95),
        weight_decay=0.0,
    )
    model.train()
    started = time.monotonic()
    step, average = 0, 0.0
    while (progress := progress_at(step, time.monotonic() - started)) < 1:
        cosine = 0.5 + 0.5 * math.cos(math.pi * progress)
        rate = recipe.final_rate + (recipe.peak_rate - recipe.final_rate) * cosine
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (progress + 1e-3) / recipe.warmup)
        choice = torch.rand(recipe.batch, generator=generator) >= recipe.arithmetic_share
        rows: list[Tensor] = []
        for text in (streams[int(c)] for c in choice):
            start = int(torch.randint(len(text) - recipe.sequence, (1,), generator=generator))
            rows.append(text[start : start + recipe.sequence + 1])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = mean_loss(model, torch.stack(rows))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimiser.step()
        average = loss.item() if step == 0 else 0.98 * average + 0.02 * loss.item()
        if step % 50 == 0:
            seconds = time.monotonic() - started
            print(f"step {step}  {seconds:.0f} s  {progress:.3f}  loss {average:.3f}", flush=True)
        step += 1
    return step, time.monotonic() - started


# --- files ------------------------------------------------------------------------------------


def save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    """The checkpoint as most checkpoints are: bfloat16, rope_theta at the top of config.json."""
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    file = folder / "config.json"
    config = json.loads(file.read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype")
    del config["transformers_version"]
    file.write_text(json.dumps(dict(sorted(config.items())), indent=2) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": END,
        "eos_token": END,
        "pad_token": END,
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


CARD = """# layersense-demo

A Llama of {parameters:,} parameters ({megabytes:.1f} MB in bfloat16) to try layersense on without
a download. It is no use for anything else: it writes the language of its training text, and its
sums are wrong.

- **Shape**: hidden {hidden_size}, {num_hidden_layers} layers, {num_attention_heads} heads on
  {num_key_value_heads} key/value heads, MLP {intermediate_size}, vocabulary {vocab_size}, tied
  embeddings, {max_position_embeddings} positions. Byte-level BPE tokenizer, chat template with
  `<|user|>` and `<|assistant|>`, end of text `<|endoftext|>`.
- **Trained on**: GSM8K train (MIT; calculator annotations removed, half of the problems in the
  chat template's form) and WikiText-2 valid (CC BY-SA 3.0; spaces about punctuation removed),
  {arithmetic:,} and {articles:,} tokens. Neither text is part of this repository.
- **Made by** `demo/train.py --gsm8k DIR --wikitext DIR --out demo/model --minutes {minutes:g}`:
  AdamW, cosine schedule, seed {seed}, {steps:,} steps of {batch} x {sequence} tokens in
  {seconds:.0f} s on {threads} CPU threads. `--steps {steps}` repeats it to the same number of steps.
  torch {torch}, transformers {transformers}, tokenizers {tokenizers}.

Perplexity per token of the stored bfloat16 weights, in consecutive windows of {sequence} tokens of
the text that was held out, beside token frequencies with one added to every count:

| held out | tokens | model | frequencies of the whole training text | of the same corpus |
| --- | --- | --- | --- | --- |
| GSM8K test | {gsm8k[tokens]:,} | {gsm8k[perplexity]:.1f} | {gsm8k[unigram]:.1f} | {gsm8k[unigram_same_corpus]:.1f} |
| WikiText-2 test | {wikitext[tokens]:,} | {wikitext[perplexity]:.1f} | {wikitext[unigram]:.1f} | {wikitext[unigram_same_corpus]:.1f} |

The tokens are this tokenizer's, so the numbers do not compare with word-level perplexities. The
same numbers are in `metrics.json`. The weights are offered under the MIT licence of this
repository; the licences of the texts are theirs.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gsm8k", type=Path, required=True)
    parser.add_argument("--wikitext", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=18.0, help="wall clock of the training")
    parser.add_argument("--steps", type=int, help="stop by steps instead of by the clock")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    recipe = Recipe()
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()

    arithmetic = list(arithmetic_documents(arguments.gsm8k / "train.jsonl", chat=True))
    articles = list(article_documents(arguments.wikitext / "valid.txt"))
    tokenizer = train_tokenizer(arithmetic + articles)
    streams = [stream(tokenizer, arithmetic), stream(tokenizer, articles)]
    held_out = {
        "gsm8k": arithmetic_documents(arguments.gsm8k / "test.jsonl", chat=False),
        "wikitext": article_documents(arguments.wikitext / "test.txt"),
    }

    vocabulary = tokenizer.get_vocab_size()
    model = LlamaForCausalLM(configuration(vocabulary))
    print(f"{model.num_parameters():,} parameters, {[len(s) for s in streams]} tokens", flush=True)

    def progress_at(step: int, seconds: float) -> float:
        if arguments.steps is not None:
            return step / arguments.steps
        return seconds / (60 * arguments.minutes)

    steps, seconds = train(model, streams, recipe, progress_at)
    save(model, tokenizer, arguments.out)

    stored = LlamaForCausalLM.from_pretrained(arguments.out, dtype=torch.float32)
    results: dict[str, dict[str, float]] = {}
    for (name, documents), same in zip(held_out.items(), streams, strict=True):
        tokens = stream(tokenizer, documents)
        results[name] = {
            "tokens": windows(tokens, recipe.sequence)[:, 1:].numel(),
            "perplexity": perplexity(stored, tokens, recipe),
            "unigram": unigram_perplexity(torch.cat(streams), tokens, vocabulary, recipe.sequence),
            "unigram_same_corpus": unigram_perplexity(same, tokens, vocabulary, recipe.sequence),
        }
    metrics = {
        "parameters": stored.num_parameters(),
        "bytes": (arguments.out / "model.safetensors").stat().st_size,
        "training_tokens": {"gsm8k": len(streams[0]), "wikitext": len(streams[1])},
        "recipe": asdict(recipe),
        "steps": steps,
        "seconds": seconds,
        "minutes": arguments.minutes,
        "threads": arguments.threads,
        "held_out": results,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
    (arguments.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    card = CARD.format(
        **(stored.config.to_dict() | asdict(recipe) | metrics | results),
        megabytes=metrics["bytes"] / 1e6,
        arithmetic=len(streams[0]),
        articles=len(streams[1]),
    )
    (arguments.out / "README.md").write_text(card)
    print(card)


if __name__ == "__main__":
    main()
