"""Digests of what MLX's own function makes of A and B, for packages/formats/fixtures/mlx-digests.json.

    python3 scripts/python/make_mlx_digests.py --mlx CHECKOUT --out packages/formats/fixtures/mlx-digests.json

Compiles the function `quantize` of CHECKOUT/mlx/backend/cpu/quantized.cpp alone, with g++ and without fused
multiply-adds, and dequantises as affine_dequantize does: the product rounded, then the sum. A digest is the
SHA-256 of the float32 values with zeros of either sign as +0. Needs g++ and no package.
"""

import argparse
import gzip
import hashlib
import json
import struct
import subprocess
import tempfile
from pathlib import Path

FIXTURE = Path(__file__).parents[2] / "packages/formats/fixtures/references.safetensors.gz"

# What the function takes from other files of MLX, and a main that reads and writes float32 files.
BEFORE = """
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>
static bool is_power_of_2(int bits) { return (bits & (bits - 1)) == 0; }
static int get_pack_factor(int bits, int word) { return bits == 3 || bits == 5 ? 8 : bits == 6 ? 4 : word / bits; }
static int get_bytes_per_pack(int bits) { return is_power_of_2(bits) ? 1 : bits == 5 ? 5 : 3; }
"""
AFTER = """
int main(int, char** arguments) {
  int bits = atoi(arguments[1]), group = atoi(arguments[2]);
  std::vector<float> values;
  for (float value; fread(&value, 4, 1, stdin) == 1;) values.push_back(value);
  size_t count = values.size();
  std::vector<float> scales(count / group), biases(count / group);
  std::vector<uint8_t> codes(count * 2);
  if (is_power_of_2(bits))
    quantize(values.data(), reinterpret_cast<uint32_t*>(codes.data()), scales.data(), biases.data(), bits, group, count);
  else
    quantize(values.data(), codes.data(), scales.data(), biases.data(), bits, group, count);
  for (size_t i = 0; i < count; i++) {
    unsigned code = 0;
    for (int k = 0; k < bits; k++) code |= ((codes[(i * bits + k) / 8] >> ((i * bits + k) % 8)) & 1) << k;
    float product = code * scales[i / group];
    float value = product + biases[i / group] + 0.0f;
    fwrite(&value, 4, 1, stdout);
  }
}
"""


def inputs():
    content = gzip.decompress(FIXTURE.read_bytes())
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    for matrix in "AB":
        start, end = header[f"inputs/{matrix}"]["data_offsets"]
        yield matrix, content[8 + length + start : 8 + length + end]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlx", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    source = (options.mlx / "mlx/backend/cpu/quantized.cpp").read_text()
    start = source.index("template <typename T, typename U>\nvoid quantize(")
    end = source.index("template <typename T, typename U>\nvoid dispatch_quantize(")
    digests = {}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "quantize"
        compiler = ["g++", "-O2", "-ffp-contract=off", "-x", "c++", "-o", program, "-"]
        subprocess.run(compiler, input=BEFORE + source[start:end] + AFTER, text=True, check=True)
        for bits in (2, 3, 4, 5, 6, 8):
            for group in (32, 64, 128):
                digests[f"mlx{bits}_g{group}"] = {
                    matrix: digest(program, bits, group, values) for matrix, values in inputs()
                }
    options.out.write_text(json.dumps(digests, indent=2) + "\n")


def digest(program, bits, group, values):
    made = subprocess.run([program, str(bits), str(group)], input=values, capture_output=True, check=True)
    return hashlib.sha256(made.stdout).hexdigest()


if __name__ == "__main__":
    main()
