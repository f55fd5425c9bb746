"""Makes small tokenizers of the families in use and what they must give.

    python make_tokenizer_fixtures.py --out ../../packages/calibration/fixtures/tokenizers
    python make_tokenizer_fixtures.py --out ../../packages/calibration/fixtures/tokenizers \\
        --demo ../../demo

The first form writes <name>/{tokenizer.json, tokenizer_config.json, expected.json}, each trained
on the lines below, and chat-templates.json without the demo's. The second does the same and adds
the demo model's template, and demo-model.expected.json for the demo datasets. The ids are those
that `tokenizers` gives from tokenizer.json. Formats: README.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast
from transformers import logging as transformers_logging

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.",
    "A farmer has 12 hens and 3 cows; each hen lays 2 eggs a day, so there are 24 eggs.",
    "She said that it's raining, that they're late, that we've waited and I'd rather go.",
    "In 1969 people walked on the Moon for the first time; in 2024 they plan to return.",
    "There were 1,234 pages in the report, and 56.78 % of them were read by nobody.",
    "def add(left, right):\n    return left + right\n\nfor index in range(10):\n    print(index)",
    "if (value === null) {\n\treturn undefined;\n}\n// the other branch is not reached",
    "Le garçon a mangé une crème brûlée à côté de l'hôtel où l'été dernier il était né.",
    "Die Straße führt über die Brücke, und größere Wagen müssen außen fahren.",
    "El niño soñó con un pingüino; mañana irá al corazón de la ciudad.",
    "Быстрая коричневая лиса прыгает через ленивую собаку.",
    "天气很好，我们去公园散步。他有三个苹果和两个梨，一共有五个水果。",
    "今日は天気がいいので、公園を散歩します。",
    "The water of the river is cold, the stones are smooth, and the light is low.",
    "Energy cannot be made or destroyed; it only changes from one form to another.",
    "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve.",
    "Mathematics is the language in which the book of nature is written.",
    "Open the door, close the window, read the letter and answer the question.",
    "How many apples are there? There are 7 x 8 = 56 apples. The answer is 56.",
    "Emails go to someone@example.com, and pages are at https://example.com/a?b=c&d=e.",
    "smile 😀 heart ❤️ family 👨‍👩‍👧 flag 🇫🇷 and so on",
    "unhappiness, unbelievable, rethinking, walking, talked, quickly, slowly, friendship",
    "  leading spaces,   inner   spaces and trailing spaces   ",
    "Question: what is the sum of 15 and 27? Answer: the sum of 15 and 27 is 42.",
]

TEXTS = [
    "",
    " ",
    "Hello, world!",
    "hello",
    " hello",
    "The quick brown fox jumps over the lazy dog.",
    "It's raining, they're late, we've waited, I'd go, she'll stay, I'm here, he didn't.",
    "IT'S RAINING AND THEY'RE LATE",
    "the dog’s bone",
    "two  spaces   three    four     five",
    "  leading and trailing  ",
    "tab\tand\t\ttabs",
    "line one\nline two\n\nline four\n\n\n",
    "windows\r\nline ends\r\n",
    " \n \n  x",
    "0123456789",
    "In 2024 there were 1,234,567.89 of 1000000 (12.5 %).",
    "3.14159 2,71828 1e-5 0x1F ½ ² ٣٤",
    "def add(left, right):\n    return left + right  # sum\n",
    "if (a !== b) { x[i++] = `${y}`; } // \\n <br/>",
    "https://example.com/a?b=c&d=e someone@example.com",
    "天气很好，我们去公园。",
    "今日は、カタカナとひらがな。",
    "한국어 문장입니다",
    "Быстрая ЛИСА прыгает",
    "שלום עולם مرحبا بالعالم",
    "naïve café crème brûlée",
    "nai\u0308ve cafe\u0301 cre\u0300me bru\u0302le\u0301e (decomposed)",
    "\u212b \u00c5 A\u030a ﬁ ﬃ ① Ⅷ",
    "straße STRASSE İstanbul ıi",
    "😀 ❤️ 👨‍👩‍👧 🇫🇷 👍🏽",
    "a😀b",
    "zero\u200bwidth\u200djoiner\ufeffmark soft\u00adhyphen",
    "no\u00a0break\u2003em\u3000ideographic spaces",
    "bell\u0007null\u0000escape\u001bdel\u007fc1\u0085end",
    "\U0001d54f\U0001d556 𐍈 𒀀",
    "private \ue000 and unassigned \u0378",
    "----====____....!!!???***",
    "“quoted” ‘single’ – dash — long … end",
    "unbelievable friendships, unhappily rethought",
    "supercalifragilisticexpialidocious" * 4,
    "x" * 130,
    "▁low▁line▁ and ##wordpiece marks Ġ Ċ",
    "text with <|endoftext|> and <s> and </s> and [SEP] and [MASK] inside",
    "<|begin_of_text|>start<|im_end|>\nend",
    "<0x0A> is not a newline",
    "Answer: 42\n#### 42",
    "MiXeD CaSe WoRdS and CamelCaseIdentifiers_with_underscores",
]

# The split patterns that the published tokenizers of these families use.
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_SPLIT = LLAMA3_SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")


def train_byte_level(tokenizer: Tokenizer, size: int, special: list[str]) -> None:
    """BPE over bytes: every text has ids, none of them unknown."""
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )


def gpt2() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    train_byte_level(tokenizer, 480, ["<|endoftext|>"])
    return tokenizer


def split_byte_level(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def llama3() -> Tokenizer:
    """With words that no merge leads to, which `ignore_merges` finds all the same."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = split_byte_level(LLAMA3_SPLIT)
    tokenizer.decoder = decoders.ByteLevel()
    train_byte_level(tokenizer, 440, [])
    stored = json.loads(tokenizer.to_str())
    stored["model"]["ignore_merges"] = True
    vocabulary = stored["model"]["vocab"]
    for word in (" unbelievable", "Hello", " café", " lazy", "012"):
        bytes_of_word = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        vocabulary.setdefault(bytes_of_word.pre_tokenize_str(word)[0][0], len(vocabulary))
    tokenizer = Tokenizer.from_str(json.dumps(stored))
    tokenizer.add_special_tokens(
        ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"]
        + ["<|eot_id|>"]
    )
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A",
                pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                special_tokens=[("<|begin_of_text|>", begin)],
            ),
        ]
    )
    return tokenizer


def qwen2() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = split_byte_level(QWEN2_SPLIT)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    train_byte_level(tokenizer, 460, [])
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return tokenizer


def sentencepiece(metaspace: bool) -> Tokenizer:
    """Llama 2's: pieces with `▁` for the space, and bytes where there is no piece. Two ways to
    write the same: a normalizer that puts `▁` first, or `metaspace`, a pre-tokenizer."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trained.train_from_iterator(
        CORPUS[:10] + CORPUS[13:19],
        trainers.BpeTrainer(vocab_size=330, show_progress=False),
    )
    model = json.loads(trained.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
    pieces = [p for p in pieces if "\n" not in p and "\t" not in p]
    merges = [(a, b) for a, b in model["merges"] if a + b in set(pieces)]
    vocabulary = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *pieces]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={piece: index for index, piece in enumerate(vocabulary)},
            merges=merges,
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in ("<unk>", "<s>", "</s>")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def bert() -> Tokenizer:
    """Words seen twice, frequent beginnings and endings, and every character, in an order that
    does not change: the trainer's own choice differs from run to run."""
    normalizer = normalizers.BertNormalizer(lowercase=True)
    pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    counts: Counter[str] = Counter()
    for line in CORPUS:
        for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(line)):
            counts.update({word[:1]: 2, f"##{word[-1:]}": 4, word: 1})
            counts.update({f"##{character}": 4 for character in word[1:]})
            for length in range(2, min(6, len(word))):
                counts.update([word[:length], f"##{word[-length:]}"])
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = sorted(p for p, n in counts.items() if n >= (4 if p.startswith("##") else 2))
    vocabulary = {piece: index for index, piece in enumerate(special + pieces)}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
    )
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("[CLS]", "[SEP]")],
    )
    return tokenizer


FAMILIES: dict[str, tuple[Callable[[], Tokenizer], dict[str, Any]]] = {
    "gpt2": (
        gpt2,
        {
            "tokenizer_class": "GPT2Tokenizer",
            "add_prefix_space": False,
            "bos_token": "<|endoftext|>",
            "eos_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
        },
    ),
    "llama3": (
        llama3,
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<|begin_of_text|>",
            "eos_token": "<|end_of_text|>",
        },
    ),
    "qwen2": (
        qwen2,
        {
            "tokenizer_class": "Qwen2Tokenizer",
            "add_prefix_space": False,
            "bos_token": None,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
        },
    ),
    "llama2": (
        lambda: sentencepiece(metaspace=False),
        {
            "tokenizer_class": "LlamaTokenizer",
            "add_bos_token": True,
            "add_eos_token": False,
            "legacy": True,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
        },
    ),
    "llama2-metaspace": (
        lambda: sentencepiece(metaspace=True),
        {
            "tokenizer_class": "LlamaTokenizer",
            "add_bos_token": True,
            "add_eos_token": False,
            "legacy": False,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
        },
    ),
    "bert": (
        bert,
        {
            "tokenizer_class": "BertTokenizer",
            "do_lower_case": True,
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "pad_token": "[PAD]",
            "mask_token": "[MASK]",
            "unk_token": "[UNK]",
        },
    ),
}

# --- chat templates ---------------------------------------------------------------------------

CHATML = """{%- if messages[0]['role'] == 'system' -%}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant") %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

HEADERS = """{% set loop_messages = messages %}
{% for message in loop_messages %}
    {% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' %}
    {% if loop.index0 == 0 %}
        {% set content = bos_token + content %}
    {% endif %}
{{ content -}}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
{% endif %}
"""

INST = (
    "{%- if messages[0]['role'] == 'system' %}{%- set system = messages[0]['content'] %}"
    "{%- set turns = messages[1:] %}{%- else %}{%- set turns = messages %}{%- endif %}"
    "{{- bos_token }}{%- set ns = namespace(count=0) %}"
    "{%- for message in turns %}"
    "{%- if (message['role'] == 'user') != (ns.count % 2 == 0) %}"
    "{{- raise_exception('Roles must alternate user/assistant/user/assistant') }}{%- endif %}"
    "{%- set ns.count = ns.count + 1 %}"
    "{%- if message['role'] == 'user' %}"
    "{%- if loop.last and system is defined %}"
    "{{- '[INST] ' + system + '\\n\\n' + message['content'] + ' [/INST]' }}"
    "{%- else %}{{- '[INST] ' ~ message['content'] ~ ' [/INST]' }}{%- endif %}"
    "{%- elif message['role'] == 'assistant' %}"
    "{{- ' ' + message['content'] | trim + eos_token }}{%- endif %}"
    "{%- endfor %}"
)

USER = {"role": "user", "content": "How many eggs do 3 hens lay in 2 days, at 1 a day each?"}
ASSISTANT = {"role": "assistant", "content": "They lay 3 x 2 = 6 eggs.\n#### 6"}
SYSTEM = {"role": "system", "content": "Answer briefly."}
ODD = {"role": "user", "content": "  Is {{ this }} \"quoted\" & <kept>?\n\t‘Ünïcode’ 😀  "}

CONVERSATIONS: list[tuple[list[dict[str, str]], bool]] = [
    ([USER, ASSISTANT], False),
    ([USER], True),
    ([USER, ASSISTANT, ODD], True),
    ([USER, ASSISTANT, ODD, ASSISTANT], False),
    ([SYSTEM, USER, ASSISTANT], False),
]

# name, template, bos token, eos token, whether it takes a system message
Template = tuple[str, str, str | None, str, bool]
TEMPLATES: list[Template] = [
    ("chatml", CHATML, None, "<|im_end|>", True),
    ("headers", HEADERS, "<|begin_of_text|>", "<|eot_id|>", True),
    ("inst", INST, "<s>", "</s>", True),
]


def rendered(templates: Iterable[Template]) -> list[dict[str, Any]]:
    """Every template over every conversation that it takes, as transformers renders it."""
    results: list[dict[str, Any]] = []
    for name, template, bos, eos, takes_system in templates:
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=gpt2(), bos_token=bos, eos_token=eos)
        for messages, prompt in CONVERSATIONS:
            if messages[0]["role"] == "system" and not takes_system:
                continue
            text = tokenizer.apply_chat_template(
                messages, chat_template=template, tokenize=False, add_generation_prompt=prompt
            )
            results.append(
                {
                    "name": name,
                    "chat_template": template,
                    "messages": messages,
                    "bos_token": bos,
                    "eos_token": eos,
                    "add_generation_prompt": prompt,
                    "rendered": text,
                }
            )
    return results


# --- files ------------------------------------------------------------------------------------


def expected(tokenizer: Tokenizer, texts: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {
            "text": text,
            "ids": tokenizer.encode(text).ids,
            "ids_no_special": tokenizer.encode(text, add_special_tokens=False).ids,
        }
        for text in texts
    ]


def write_json(file: Path, value: Any, indent: int | None = None) -> None:
    """JSON; without `indent`, a list has one line per entry."""
    if indent is None:
        text = "[\n" + ",\n".join(json.dumps(v, ensure_ascii=True) for v in value) + "\n]"
    else:
        text = json.dumps(value, indent=indent, ensure_ascii=True)
    file.write_text(text + "\n", encoding="utf-8")


def write_family(name: str, out: Path) -> None:
    make, settings = FAMILIES[name]
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make().save(str(folder / "tokenizer.json"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    added = {
        str(index): token.__getstate__()
        for index, token in sorted(tokenizer.get_added_tokens_decoder().items())
    }
    config = {
        "added_tokens_decoder": added,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 512,
        **settings,
    }
    write_json(folder / "tokenizer_config.json", config, indent=2)
    cases = expected(tokenizer, TEXTS)
    write_json(folder / "expected.json", cases)
    print(f"{name}: {tokenizer.get_vocab_size()} tokens, {len(cases)} texts")


def demo_template(demo: Path) -> Template:
    config = json.loads((demo / "model" / "tokenizer_config.json").read_text())
    return ("demo", config["chat_template"], config["bos_token"], config["eos_token"], False)


def demo_texts(demo: Path, count: int = 20) -> list[str]:
    """The first texts of both demo datasets."""
    texts: list[str] = []
    for name in ("arithmetic", "encyclopedia"):
        lines = (demo / "datasets" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        texts += [json.loads(line)["text"] for line in lines[:count]]
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--demo", type=Path, help="the demo folder, with its trained model")
    arguments = parser.parse_args()
    transformers_logging.set_verbosity_error()
    for name in FAMILIES:
        write_family(name, arguments.out)
    templates = list(TEMPLATES)
    if arguments.demo is not None:
        templates.insert(0, demo_template(arguments.demo))
        tokenizer = Tokenizer.from_file(str(arguments.demo / "model" / "tokenizer.json"))
        write_json(
            arguments.out / "demo-model.expected.json",
            expected(tokenizer, demo_texts(arguments.demo)),
        )
    write_json(arguments.out / "chat-templates.json", rendered(templates), indent=2)


if __name__ == "__main__":
    main()
