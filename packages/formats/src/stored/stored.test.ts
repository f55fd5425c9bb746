import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { differing } from '../test-support/differing.js';
import { storedFixture } from '../test-support/stored-fixture.js';
import { awqRows } from './awq.js';
import { integerRows, packedIntegerRows, packedZeroPoints } from './compressed-integers.js';
import { mxfp4Rows, nvfp4Rows } from './float4.js';
import { float8Rows } from './float8.js';
import { type GptqVersion, gptqRows, gptqZeroPoints } from './gptq.js';
import { mlxAffineRows } from './mlx-affine.js';
import { e2m1Values, e4m3Values, e5m2Values, e8m0Values } from './small-floats.js';

const floats = (name: string) => storedFixture(name).floats;
const words = (name: string) => storedFixture(name).words;
const bytes = (name: string) => storedFixture(name).bytes;

describe('value for value what GPTQModel makes', () => {
  const [inputs, groups, width] = [64, 4, 32];
  const versions: GptqVersion[] = ['gptq', 'gptq_v2'];
  const cases = nonEmpty(
    [2, 3, 4, 8].flatMap((bits) => versions.map((version) => ({ bits, version }))),
  );

  it.each(cases)('of $bits bits, $version, inputs in any order', ({ bits, version }) => {
    const key = `gptq/${bits}_${version}`;
    const shape = { bits, version, groups, width };
    const band = {
      ...{ bits, inputs, groups, width },
      groupOf: words(`${key}/g_idx`),
      words: words(`${key}/qweight`),
      zeroPoints: gptqZeroPoints(words(`${key}/qzeros`), shape),
      scales: floats(`${key}/scales`),
    };
    const expected = floats(`${key}/values`);
    expect(differing(gptqRows(band, 0, new Float32Array(width * inputs)), expected)).toBe(0);
    const some = gptqRows(band, 5, new Float32Array(3 * inputs));
    expect(differing(some, expected.subarray(5 * inputs, 8 * inputs))).toBe(0);
  });
});

it('value for value what AutoAWQ makes', () => {
  const [inputs, width] = [64, 32];
  const band = {
    ...{ inputs, width, groups: 4, groupSize: 16 },
    words: words('awq/qweight'),
    zeroWords: words('awq/qzeros'),
    scales: floats('awq/scales'),
  };
  const expected = floats('awq/values');
  expect(differing(awqRows(band, 0, new Float32Array(width * inputs)), expected)).toBe(0);
  const some = awqRows(band, 13, new Float32Array(2 * inputs));
  expect(differing(some, expected.subarray(13 * inputs, 15 * inputs))).toBe(0);
});

describe('value for value what compressed-tensors makes', () => {
  const [rows, columns, group] = [19, 48, 16];
  const perRow = columns / group;

  function packed(key: string, bits: number) {
    const zeros =
      key.includes('sym') && !key.includes('asym') ? undefined : `${key}/weight_zero_point`;
    const scales = {
      ...{ perRow, rows: 1, firstRow: 0 },
      values: floats(`${key}/weight_scale`),
      zeroPoints: zeros === undefined ? zeros : packedZeroPoints(words(zeros), bits, perRow, rows),
      columns: key.endsWith('ordered') ? words(`${key}/weight_g_idx`) : group,
    };
    const out = new Float32Array(rows * columns);
    return packedIntegerRows(words(`${key}/weight_packed`), bits, columns, scales, out);
  }

  it.each([2, 3, 4, 8])('of %d packed bits', (bits) => {
    for (const kind of ['sym', 'asym']) {
      const key = `packed/${bits}_${kind}`;
      expect(differing(packed(key, bits), floats(`${key}/values`)), kind).toBe(0);
    }
  });

  it('with inputs ordered by activation', () => {
    expect(differing(packed('packed/4_ordered', 4), floats('packed/4_ordered/values'))).toBe(0);
  });

  it('of integers that are not packed', () => {
    const scales = {
      ...{ perRow: 1, rows: 1, firstRow: 0, columns: 32 },
      values: floats('integers/weight_scale'),
      zeroPoints: Float32Array.from(new Int8Array(bytes('integers/weight_zero_point').buffer)),
    };
    const codes = new Int8Array(bytes('integers/weight').buffer);
    const actual = integerRows(codes, 32, scales, new Float32Array(16 * 32));
    expect(differing(actual, floats('integers/values'))).toBe(0);
  });

  it('of NVFP4, which it rounds to bfloat16', () => {
    const global = { value: floats('nvfp4/weight_global_scale')[0] ?? 0, divides: true };
    const [codes, scales] = [bytes('nvfp4/weight_packed'), bytes('nvfp4/weight_scale')];
    const actual = nvfp4Rows(codes, scales, global, 64, new Float32Array(16 * 64));
    expect(differing(actual.map(toBfloat16), floats('nvfp4/values'))).toBe(0);
  });
});

/** The nearest bfloat16, halves to even. */
function toBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
  const rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(Int32Array.of(rounded).buffer)[0] ?? 0;
}

describe('value for value what transformers makes', () => {
  it.each([
    ['blocks of 16 × 16', 'float8/blocks', 16, 16, 4],
    ['one scale', 'float8/tensor', 32, 64, 1],
  ])('of FP8 with %s', (_, key, blockRows, blockColumns, perRow) => {
    const codes = bytes(`${key}/weight`);
    const scales = (firstRow: number, values: Float32Array) => ({
      ...{ values, perRow, rows: blockRows, columns: blockColumns, firstRow },
    });
    const all = floats(`${key}/weight_scale_inv`);
    const expected = floats(`${key}/values`);
    const whole = float8Rows('e4m3', codes, 64, scales(0, all), new Float32Array(32 * 64));
    expect(differing(whole, expected)).toBe(0);
    const some = codes.subarray(9 * 64, 20 * 64);
    const band = float8Rows('e4m3', some, 64, scales(9, all), new Float32Array(some.length));
    expect(differing(band, expected.subarray(9 * 64, 20 * 64))).toBe(0);
  });

  it('of MXFP4 in blocks, which it turns to [experts, inputs, outputs]', () => {
    const [experts, outputs, inputs] = [2, 16, 64];
    const out = new Float32Array(experts * outputs * inputs);
    const actual = mxfp4Rows(bytes('mxfp4/blocks'), bytes('mxfp4/scales'), inputs, out);
    const turned = Float32Array.from(actual, (_, i) => {
      const [output, input] = [i % outputs, Math.floor(i / outputs) % inputs];
      const expert = Math.floor(i / outputs / inputs);
      return actual[(expert * outputs + output) * inputs + input] ?? Number.NaN;
    });
    expect(differing(turned, floats('mxfp4/values'))).toBe(0);
  });
});

/*
 * No output of MLX is at hand: the values of its own definition, worked by hand. Ends of blocks that the shape
 * cuts off are DeepSeek's definition (inference/kernel.py masks them).
 */
describe('by hand', () => {
  it.each([
    // Fields from the lowest bit on: 1, 2, 3, … in each number of bits.
    [2, 16, [0b11100100_11100100_11100100_11100100], [0, 1, 2, 3, 0, 1]],
    // 0b…110_101_100_011_010_001: the eleventh field goes on in the second word.
    [3, 32, [0b10_001_000_111_110_101_100_011_010_001, 0b1, 0], [1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 4]],
    [4, 8, [0x87654321], [1, 2, 3, 4, 5, 6, 7, 8]],
    [5, 32, [0b00_00110_00101_00100_00011_00010_00001, 0b1, 0, 0, 0], [1, 2, 3, 4, 5, 6, 4]],
    [6, 16, [0b00_000101_000100_000011_000010_000001, 0b1, 0], [1, 2, 3, 4, 5, 4]],
    [8, 4, [0xff030201], [1, 2, 3, 255]],
  ])(
    'MLX: %d bits one after the other, times a scale, plus a bias',
    (bits, columns, fields, codes) => {
      const band = {
        ...{ bits, columns, groupSize: columns },
        words: Uint32Array.from(fields),
        scales: Float32Array.of(0.25),
        biases: Float32Array.of(-3),
      };
      const values = mlxAffineRows(band, new Float32Array(columns));
      expect([...values.subarray(0, codes.length)]).toEqual(codes.map((q) => q * 0.25 - 3));
    },
  );

  it('FP8: blocks may end with the matrix', () => {
    const codes = new Uint8Array(3 * 5).fill(0x38); // 1.0
    const scales = {
      ...{ perRow: 3, rows: 2, columns: 2, firstRow: 0 },
      values: Float32Array.of(1, 2, 3, 4, 5, 6),
    };
    const values = float8Rows('e5m2', codes.fill(0x3c), 5, scales, new Float32Array(15));
    expect([...values]).toEqual([1, 1, 2, 2, 3, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6]);
  });

  it('ModelOpt: NVFP4 times the scale of the group and of the matrix', () => {
    // E4M3 0x40 is 2, 0x30 is 0.5; codes 1 … 7 and −0.5.
    const codes = Uint8Array.of(0x21, 0x43, 0x65, 0x97, 0, 0, 0, 0, 0x77, 0, 0, 0, 0, 0, 0, 0);
    const scale = { value: 0.5, divides: false };
    const values = nvfp4Rows(codes, Uint8Array.of(0x40, 0x30), scale, 32, new Float32Array(32));
    expect([...values.subarray(0, 8)]).toEqual([0.5, 1, 1.5, 2, 3, 4, 6, -0.5]);
    expect([...values.subarray(16, 19)]).toEqual([1.5, 1.5, 0]);
  });
});

describe('small floats by their codes', () => {
  it.each([
    ['E4M3', e4m3Values, 256, { 0: 0, 1: 2 ** -9, 8: 2 ** -6, 56: 1, 126: 448, 185: -1.125 }],
    ['E5M2', e5m2Values, 256, { 1: 2 ** -16, 4: 2 ** -14, 60: 1, 123: 57344, 190: -1.5 }],
    ['E2M1', e2m1Values, 16, { 1: 0.5, 2: 1, 3: 1.5, 4: 2, 5: 3, 6: 4, 7: 6, 9: -0.5, 15: -6 }],
    ['E8M0', e8m0Values, 256, { 0: 2 ** -127, 127: 1, 128: 2, 254: 2 ** 127 }],
  ])('%s', (_, table, count, values) => {
    expect(table).toHaveLength(count);
    expect(Object.keys(values).map((code) => table[Number(code)])).toEqual(Object.values(values));
  });

  it('what is no number', () => {
    expect([e4m3Values[0x7f], e4m3Values[0xff], e8m0Values[255], e5m2Values[0x7d]]).toEqual(
      new Array(4).fill(Number.NaN),
    );
    expect([e5m2Values[0x7c], e5m2Values[0xfc]]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });
});
