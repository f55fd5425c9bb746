"""Cuts the reference outputs of packages/formats/fixtures out of a folder that has them in full.

    python3 scripts/python/make_format_fixtures.py --references DIR --out packages/formats/fixtures

DIR has one safetensors file per tool with the matrices that the tool's own code makes of A, B, C and D,
and inputs.safetensors with these four; packages/formats/fixtures/README.md says where they come from.
Needs no package.
"""

import argparse
import gzip
import json
import struct
from pathlib import Path

# Of each tool's file, the formats that an entry of packages/formats is held to, value for value.
KEYS = {
    "compressed_tensors": [
        "int2_sym_g32", "int3_sym_g32", "int4_sym_g32", "int8_sym_g32",
        "int4_sym_g128", "int8_sym_g128", "int4_sym_ch", "int8_sym_ch",
        "int2_asym_g32", "int3_asym_g32", "int4_asym_g32", "int8_asym_g32",
        "int4_asym_g128", "int4_asym_ch", "int8_asym_ch",
        "fp8_e4m3_ch", "fp8_e4m3_tensor", "fp8_e4m3_block128", "nvfp4", "mxfp4", "mxfp8",
    ],
    "gguf": ["py_Q4_0", "py_Q4_1", "py_Q5_0", "py_Q5_1", "py_Q8_0"],
    "bitsandbytes": ["nf4_b64", "nf4_b64_dq", "fp4_b64", "fp4_b64_dq"],
    "onnxruntime": [
        "default_int2_sym_b32", "default_int4_sym_b32", "default_int8_sym_b32", "default_int4_sym_b128",
        "default_int2_asym_b32", "default_int4_asym_b32", "default_int8_asym_b32", "default_int4_asym_b128",
        "rtn_int4_sym_b32", "rtn_int8_sym_b32", "rtn_int4_asym_b32", "rtn_int8_asym_b32",
    ],
}


# Formats with stored bytes beside their values, which go into a file of their own.
WITH_BYTES = {"gguf": ["lq_Q2_K", "lq_Q3_K", "lq_Q4_K", "lq_Q5_K", "lq_Q6_K"]}

# Formats whose scales are stored in another way than as they are: they are read back by the tool too.
WITH_SCALES = {"nf4_b64_dq", "fp4_b64_dq"}


class Safetensors:
    """The header and the bytes of a file."""

    def __init__(self, path):
        content = path.read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        self.entries = json.loads(content[8 : 8 + length])
        self.metadata = self.entries.pop("__metadata__", {})
        self.data = content[8 + length :]

    def bytes_of(self, key):
        start, end = self.entries[key]["data_offsets"]
        return self.data[start:end]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    chosen = []  # (name, entry, bytes)
    bits = {}
    inputs = Safetensors(options.references / "inputs.safetensors")
    for matrix, entry in inputs.entries.items():
        chosen.append((f"inputs/{matrix}", entry, inputs.bytes_of(matrix)))
    for tool, formats in KEYS.items():
        file = Safetensors(options.references / f"{tool}.safetensors")
        bits_of_tool = json.loads(file.metadata["bits_per_weight"])
        bits[tool] = {name: bits_of_tool[name] for name in formats}
        for name in formats:
            matrices = [m for m in inputs.entries if f"{m}/{name}" in file.entries]
            assert matrices, f"{tool} has no {name}"
            for matrix in matrices:
                key = f"{matrix}/{name}"
                for chosen_key in [key, f"{key}.scale"] if name in WITH_SCALES else [key]:
                    chosen.append((f"{tool}/{chosen_key}", file.entries[chosen_key], file.bytes_of(chosen_key)))

    options.out.mkdir(parents=True, exist_ok=True)
    write(options.out / "references.safetensors.gz", chosen, {"bits_per_weight": json.dumps(bits)})
    write(options.out / "k-quants.safetensors.gz", with_bytes(options.references), {})


def with_bytes(references):
    """(name, entry, bytes) of the formats that have stored bytes, and of these."""
    for tool, formats in WITH_BYTES.items():
        file = Safetensors(references / f"{tool}.safetensors")
        for name in formats:
            for key in file.entries:
                if key.partition("/")[2] in (name, f"{name}.raw"):
                    yield f"{tool}/{key}", file.entries[key], file.bytes_of(key)


def write(path, tensors, metadata):
    header = {"__metadata__": metadata}
    parts = []
    offset = 0
    for name, entry, data in tensors:
        assert entry["dtype"] in ("F32", "U8")
        header[name] = {**entry, "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    content = struct.pack("<Q", len(text)) + text + b"".join(parts)
    path.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    main()
