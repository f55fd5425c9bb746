"""Writes the digests of packages/formats/fixtures/k-quant-digests.json: what ggml makes of many super-blocks.

    python3 scripts/python/make_k_quant_digests.py --library libggml-base.so --out packages/formats/fixtures

Calls ggml_quantize_chunk of the library without an importance matrix, on the values that
packages/formats/src/gguf/k-quants/test-support/super-blocks.ts makes too, and writes the SHA-256 of the bytes
of each kind of values. Needs NumPy.
"""

import argparse
import ctypes
import hashlib
import json
from pathlib import Path

import numpy as np

BLOCKS = 128
FIRST_SEED = 30
# Names here, and GGML_TYPE_* and bytes of a super-block of ggml.
TYPES = {"q2_k": (10, 84), "q3_k": (11, 110), "q4_k": (12, 144), "q5_k": (13, 176), "q6_k": (14, 210)}


def uniforms(seed):
    """A linear congruential generator modulo 2^32 (Numerical Recipes), as numbers from 0 to 1."""
    state = seed
    while True:
        state = (1664525 * state + 1013904223) % 2**32
        yield state / 2**32


def kinds():
    def bell(next_uniform):
        return sum(next_uniform() for _ in range(6)) - 3

    def cubed(x):
        return x * x * x  # pow may round otherwise

    return {
        "bell": lambda u, i: bell(u) / 32,
        "outliers": lambda u, i: cubed(bell(u)) / 16 if u() < 0.9 else bell(u) * 4,
        "offset": lambda u, i: bell(u) / 32 + 0.03125,
        "positive": lambda u, i: abs(bell(u)),
        "negative": lambda u, i: -abs(bell(u)) / 1024,
        "sub-blocks down to subnormals": lambda u, i: bell(u) * 2.0 ** (i // 16 * 37 % 160 - 145),
        "super-blocks down to subnormals": lambda u, i: bell(u) * 2.0 ** (i // 256 * 37 % 160 - 145),
        "grid with ties": lambda u, i: np.floor(bell(u) * 4 + 0.5) / 64,
        "sparse": lambda u, i: bell(u) if u() < 0.0625 else 0,
        "bfloat16": lambda u, i: np.uint32(np.float32(bell(u) / 16).view(np.uint32) & 0xFFFF0000).view(np.float32),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    quantize = ctypes.CDLL(str(options.library.resolve())).ggml_quantize_chunk
    quantize.restype = ctypes.c_size_t
    quantize.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]

    digests = {name: {} for name in TYPES}
    for seed, (kind, value) in enumerate(kinds().items(), FIRST_SEED):
        next_uniform = uniforms(seed).__next__
        values = np.array([value(next_uniform, i) for i in range(BLOCKS * 256)], dtype=np.float32)
        for name, (ggml_type, size) in TYPES.items():
            raw = np.zeros(BLOCKS * size, dtype=np.uint8)
            written = quantize(ggml_type, values.ctypes.data, raw.ctypes.data, 0, BLOCKS, 256, None)
            assert written == raw.size
            digests[name][kind] = hashlib.sha256(raw.tobytes()).hexdigest()
    (options.out / "k-quant-digests.json").write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main()
