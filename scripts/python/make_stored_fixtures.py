"""Makes the reference values of quantised tensors in packages/formats/fixtures.

    python3 scripts/python/make_stored_fixtures.py --out packages/formats/fixtures

Random codes, zero points and scales as each tool stores them, and what the tool's own code makes of them:
GPTQModel (utils/model_dequant.py, convert_gptq_file), AutoAWQ (utils/packing_utils.py, dequantize_gemm),
compressed-tensors (decompress_weight of its compressors) and transformers (integrations). Scales are given to
the tools in float32, so that nothing is rounded to 16 bits, but for what computes in bfloat16 whatever it is
given. Needs torch, safetensors, transformers, compressed-tensors, gptqmodel and autoawq.
"""

import argparse
import gzip
import json
import tempfile
from pathlib import Path

import torch
from awq.utils.packing_utils import dequantize_gemm
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationArgs
from gptqmodel.utils.model_dequant import convert_gptq_file
from safetensors.torch import save, save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

OUTPUTS, INPUTS, GROUP = 32, 64, 16


def words(*shape):
    return torch.randint(-(2**31), 2**31, shape, dtype=torch.int64).to(torch.int32)


def float_scales(*shape, dtype=torch.float16):
    return (torch.rand(shape) * 0.1 + 0.001).to(dtype)


def gptq(bits, version):
    groups = INPUTS // GROUP
    tensors = {
        "qweight": words(INPUTS * bits // 32, OUTPUTS),
        "qzeros": words(groups, OUTPUTS * bits // 32),
        "scales": float_scales(groups, OUTPUTS),
        "g_idx": torch.randint(0, groups, (INPUTS,), dtype=torch.int32),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_file({f"x.{name}": tensor for name, tensor in tensors.items()}, path)
        config = {"bits": bits, "checkpoint_format": version}
        values = convert_gptq_file(path, torch.float32, config, "cpu")["x.weight"]
    return {**tensors, "values": values}


def awq():
    groups = INPUTS // GROUP
    tensors = {
        "qweight": words(INPUTS, OUTPUTS // 8),
        "qzeros": words(groups, OUTPUTS // 8),
        "scales": float_scales(groups, OUTPUTS),
    }
    values = dequantize_gemm(
        tensors["qweight"], tensors["qzeros"], tensors["scales"].float(), 4, GROUP
    )
    return {**tensors, "values": values.T.contiguous()}


def packed(bits, symmetric=True, ordered=False):
    outputs, inputs, group = 19, 48, 16
    per_word = 32 // bits
    tensors = {
        "weight_packed": words(outputs, -(-inputs // per_word)),
        "weight_scale": float_scales(outputs, inputs // group, dtype=torch.bfloat16),
        "weight_shape": torch.tensor([outputs, inputs]),
    }
    if not symmetric:
        tensors["weight_zero_point"] = words(-(-outputs // per_word), inputs // group)
    if ordered:
        tensors["weight_g_idx"] = torch.arange(inputs, dtype=torch.int32)[torch.randperm(inputs)] // group
    compressor = BaseCompressor.get_value_from_registry("pack-quantized")()
    args = QuantizationArgs(
        num_bits=bits, symmetric=symmetric, strategy="group", group_size=group
    )
    given = {**tensors, "weight_scale": tensors["weight_scale"].float()}
    return {**tensors, "values": compressor.decompress_weight(given, args)}


def integers():
    tensors = {
        "weight": torch.randint(-128, 128, (16, 32), dtype=torch.int8),
        "weight_scale": float_scales(16, 1, dtype=torch.float32),
        "weight_zero_point": torch.randint(-128, 128, (16, 1), dtype=torch.int8),
    }
    compressor = BaseCompressor.get_value_from_registry("int-quantized")()
    args = QuantizationArgs(num_bits=8, symmetric=False, strategy="channel")
    return {**tensors, "values": compressor.decompress_weight(tensors, args)}


def float8(*scale_shape):
    codes = torch.randint(0, 256, (32, 64), dtype=torch.uint8)
    codes[(codes & 127) == 127] = 0  # NaN
    tensors = {
        "weight": codes.view(torch.float8_e4m3fn),
        "weight_scale_inv": float_scales(*scale_shape, dtype=torch.float32),
    }
    values = Fp8Dequantize(None)._dequantize_one(
        tensors["weight"], tensors["weight_scale_inv"], torch.float32
    )
    return {**tensors, "values": values}


def nvfp4():
    codes = torch.randint(1, 127, (16, 4), dtype=torch.uint8)
    tensors = {
        "weight_packed": torch.randint(0, 256, (16, 32), dtype=torch.uint8),
        "weight_scale": codes.view(torch.float8_e4m3fn),
        "weight_global_scale": torch.tensor([37.5]),
    }
    compressor = BaseCompressor.get_value_from_registry("nvfp4-pack-quantized")()
    return {**tensors, "values": compressor.decompress_weight(tensors).contiguous()}


def mxfp4():
    tensors = {
        "blocks": torch.randint(0, 256, (2, 16, 2, 16), dtype=torch.uint8),
        "scales": torch.randint(110, 130, (2, 16, 2), dtype=torch.uint8),
    }
    values = convert_moe_packed_tensors(tensors["blocks"], tensors["scales"])
    return {**tensors, "values": values.contiguous()}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    torch.manual_seed(0)
    cases = {
        **{f"gptq/{bits}_{version}": gptq(bits, version)
           for bits in (2, 3, 4, 8) for version in ("gptq", "gptq_v2")},
        "awq": awq(),
        **{f"packed/{bits}_sym": packed(bits) for bits in (2, 3, 4, 8)},
        **{f"packed/{bits}_asym": packed(bits, symmetric=False) for bits in (2, 3, 4, 8)},
        "packed/4_ordered": packed(4, symmetric=False, ordered=True),
        "integers": integers(),
        "float8/blocks": float8(2, 4),
        "float8/tensor": float8(1, 1),
        "nvfp4": nvfp4(),
        "mxfp4": mxfp4(),
    }
    tensors = {
        f"{case}/{name}": tensor.contiguous() for case, made in cases.items() for name, tensor in made.items()
    }
    path = out / "stored.safetensors.gz"
    path.write_bytes(gzip.compress(save(tensors), 9, mtime=0))
    print(json.dumps({"file": str(path), "bytes": path.stat().st_size, "tensors": len(tensors)}))


if __name__ == "__main__":
    main()
