import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { dequantisedMatrix } from './dequantised-matrix.js';
import { parseFormat } from './parse-format.js';
import { differing } from './test-support/differing.js';
import { input, type Matrices, matricesOf } from './test-support/references.js';

const folder = new URL('../../../../shared/data/formats/', import.meta.url);
const absent = !existsSync(folder);
if (absent) console.warn(`SKIPPED how alike-named formats differ: ${folder.pathname} is absent`);

const files = new Map<string, Matrices>();

function made(tool: string, key: string): Float32Array {
  const file = files.get(tool) ?? matricesOf(readFileSync(new URL(`${tool}.safetensors`, folder)));
  files.set(tool, file);
  const matrix = file.byKey.get(key);
  if (matrix === undefined) throw new Error(`${tool} has no ${key}`);
  return matrix.values;
}

/** What entries say of other tools, as the number of values that differ of A (of 2048) and of B (of 9216). */
const counts: readonly (readonly [
  format: string,
  tool: string,
  key: string,
  ofA: number,
  ofB: number,
])[] = [
  ['int4_g32', 'torchao', 'int4_sym_g32', 3, 42],
  ['int8_channel', 'torchao', 'int8_sym_ch', 3, 19],
  ['int4_g32', 'onnxruntime', 'rtn_int4_sym_b32', 8, 79],
  ['int4_g32', 'onnxruntime', 'default_int4_sym_b32', 1791, 6849],
  ['int4_g32', 'autoround', 'int4_sym_g32_rtn', 1791, 6829],
  ['int4_g32', 'modelopt', 'int4_b32', 1771, 6775],
  ['int4_g32_asym', 'torchao', 'int4_asym_g32', 0, 31],
  ['int4_g32_asym', 'onnxruntime', 'default_int4_asym_b32', 0, 369],
  ['int4_g32_asym', 'onnxruntime', 'rtn_int4_asym_b32', 0, 2080],
  ['int4_g32_asym', 'autoround', 'int4_asym_g32_rtn', 1804, 6289],
  // The all-zero row, which torchao makes NaN of.
  ['fp8_e4m3_channel', 'torchao', 'fp8_e4m3_ch', 0, 512],
  ['fp8_e4m3_channel', 'modelopt', 'fp8_e4m3_ch', 256, 2391],
  ['fp8_e4m3_tensor', 'modelopt', 'fp8_e4m3_tensor', 0, 0],
  ['fp8_e4m3_block128', 'modelopt', 'fp8_e4m3_b128x128', 0, 0],
  ['mxfp4', 'torchao', 'mxfp4_even', 0, 0],
  ['mxfp4', 'torchao', 'mxfp4_floor', 121, 584],
  ['mxfp4', 'torchao', 'mxfp4_rceil', 155, 271],
  ['mxfp4', 'autoround', 'mxfp4_rtn', 121, 584],
  ['mxfp4', 'gguf', 'py_MXFP4', 121, 744],
  ['mxfp4', 'modelopt', 'mxfp4_real', 155, 503],
  ['mxfp8', 'torchao', 'mxfp8_floor', 9, 135],
  ['mxfp8', 'torchao', 'mxfp8_rceil', 0, 0],
  ['mxfp8', 'autoround', 'mxfp8_rtn', 9, 135],
  ['mxfp8', 'modelopt', 'mxfp8_real', 0, 0],
  ['nvfp4', 'torchao', 'nvfp4', 416, 382],
  ['nvfp4', 'modelopt', 'nvfp4_real', 416, 371],
  ['nvfp4', 'autoround', 'nvfp4_rtn', 676, 1404],
  ['nvfp4', 'gguf', 'lq_NVFP4', 1906, 6501],
  ['q4_0', 'autoround', 'int4_sym_g32_rtn', 0, 334],
];

it.skipIf(absent).each(counts)('%s and %s’s %s differ as said', (format, tool, key, ofA, ofB) => {
  const found = ['A', 'B'].map((matrix) => {
    const { values, shape } = input(matrix);
    return differing(
      dequantisedMatrix(parseFormat(format), values, shape),
      made(tool, `${matrix}/${key}`),
    );
  });
  expect(found).toEqual([ofA, ofB]);
});
