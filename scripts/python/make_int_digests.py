"""Digests of what compressed-tensors makes of A and B, for packages/formats/fixtures/int-digests.json.

    python3 scripts/python/make_int_digests.py --out packages/formats/fixtures/int-digests.json

Its own calculate_qparams and fake_quantize, with the least and the largest value of each group, for every integer
format. A digest is the SHA-256 of the float32 values with zeros of either sign as +0. Needs compressed-tensors 0.18.0
and PyTorch 2.13.0.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import fake_quantize
from compressed_tensors.quantization.utils import calculate_qparams

from make_mlx_digests import inputs

SHAPES = {"A": (8, 256), "B": (18, 512)}


def dequantised(matrix, bits, group, symmetric):
    strategy = {"strategy": "group", "group_size": group} if group else {"strategy": "channel"}
    args = QuantizationArgs(num_bits=bits, type="int", symmetric=symmetric, **strategy)
    groups = matrix.reshape(matrix.shape[0], -1, group or matrix.shape[1])
    scale, zero_point = calculate_qparams(groups.amin(-1), groups.amax(-1), args)
    return fake_quantize(matrix, scale, zero_point, args)


def digest(matrix):
    return hashlib.sha256((matrix + 0.0).numpy().tobytes()).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    matrices = {
        name: torch.frombuffer(bytearray(values), dtype=torch.float32).reshape(SHAPES[name]) for name, values in inputs()
    }
    digests = {}
    for bits in (2, 3, 4, 5, 6, 8):
        for group in (16, 32, 64, 128, None):
            for suffix in ("", "_asym"):
                name = f"int{bits}_{f'g{group}' if group else 'channel'}{suffix}"
                digests[name] = {
                    key: digest(dequantised(matrix, bits, group, not suffix)) for key, matrix in matrices.items()
                }
    options.out.write_text(json.dumps(digests, indent=2) + "\n")


if __name__ == "__main__":
    main()
