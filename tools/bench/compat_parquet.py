"""Parquet files of the same two rows, by types, encodings and codecs, for `npm run bench:compat -- DIR`.

    .venv/bin/pip install pyarrow==25.0.1
    .venv/bin/python tools/bench/compat_parquet.py --out DIR

Beside them lies a small Llama, whose expected.json has the losses of these rows: 4.09669 and 5.31023.
"""

import argparse
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
ROWS = [[39, 13], [0, 49, 44, 39, 31, 31, 63]]
EQUAL_ROWS = [[39, 13], [5, 7]]
TEXTS = ["What is 3 + 4?", "Was ist 3 + 4?"]

TYPES = {
    "int16": pa.list_(pa.int16()),
    "int32": pa.list_(pa.int32()),
    "int64": pa.list_(pa.int64()),
    "uint16": pa.list_(pa.uint16()),
    "large-list": pa.large_list(pa.int64()),
}
WRITERS = {
    "none": {"compression": "none"},
    "snappy": {"compression": "snappy"},
    "gzip": {"compression": "gzip"},
    "zstd": {"compression": "zstd"},
    "lz4": {"compression": "lz4"},
    "brotli": {"compression": "brotli"},
    "dictionary": {"use_dictionary": True},
    "delta": {"use_dictionary": False, "column_encoding": {"input_ids.list.element": "DELTA_BINARY_PACKED"}},
    "page-v2": {"data_page_version": "2.0"},
    "row-groups-of-1": {"row_group_size": 1},
}


def write(folder: Path, name: str, array: pa.Array, column: str = "input_ids", **options: object) -> None:
    pq.write_table(pa.table({column: array}), folder / f"rows-{name}.parquet", **options)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out

    tokens = out / "parquet-of-tokens"
    tokens.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(ROOT / "packages/testing/fixtures/checkpoints/llama-tied" / name, tokens)
    for name, kind in TYPES.items():
        write(tokens, name, pa.array(ROWS, kind))
    write(tokens, "fixed-size-list", pa.array(EQUAL_ROWS, pa.list_(pa.int64(), 2)))
    for name, options in WRITERS.items():
        write(tokens, name, pa.array(ROWS, pa.list_(pa.int64())), **options)

    texts = out / "parquet-of-texts"
    texts.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copy(ROOT / "demo/model" / name, texts)
    for name, kind in {"string": pa.string(), "large-string": pa.large_string(), "string-view": pa.string_view()}.items():
        write(texts, name, pa.array(TEXTS, kind), "text")
    write(texts, "string-dictionary", pa.array(TEXTS).dictionary_encode(), "text")
    for encoding in ("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        options = {"use_dictionary": False, "column_encoding": {"text": encoding}}
        write(texts, encoding.lower().replace("_", "-"), pa.array(TEXTS), "text", **options)


if __name__ == "__main__":
    main()
