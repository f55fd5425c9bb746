import { LayersenseError } from '@layersense/contracts';
import { expect, it } from 'vitest';
import { families } from './families.js';
import { familyFormats } from './formats.js';
import { parseFormat } from './parse-format.js';

function refusal(name: string): LayersenseError {
  try {
    parseFormat(name);
  } catch (error) {
    if (error instanceof LayersenseError) return error;
  }
  throw new Error(`${name} was not refused`);
}

it('knows every format by its name alone', () => {
  expect(parseFormat('int4_g64_asym').name).toBe('int4_g64_asym');
  expect(parseFormat('bf16').family).toBe('float');
});

it.each([
  [
    'int7_g32',
    'The bits of int{2,3,4,5,6,8}_g{16,32,64,128}[_asym] may be 2, 3, 4, 5, 6 or 8, not 7',
  ],
  [
    'int4_g48_asym',
    'The group size of int{2,3,4,5,6,8}_g{16,32,64,128}[_asym] may be 16, 32, 64 or 128, not 48',
  ],
  ['int9_g7', 'not 9; The group size of'],
  ['int1_channel', 'may be 2, 3, 4, 5, 6 or 8, not 1'],
  ['int4', 'It says not all that a format must. Perhaps int4_g16, int4_g16_asym, int4_g32,'],
  ['INT4-G32', 'It is called int4_g32 here. Perhaps int4_g32.'],
  ['float16', 'It is called fp16 here. Perhaps fp16.'],
  ['bfloat16', 'It is called bf16 here. Perhaps bf16.'],
  ['w4a16', 'It is called int4_g128 here'],
  ['w8a8', 'W4A4, W8A8 and their like are not covered'],
  ['int8_w8a8', 'formats are of weights alone'],
  ['nvfp4a4', 'formats are of weights alone'],
  ['int4_gg32', 'No family has such names. Perhaps int4_g32.'],
  ['int4_g32_sym', 'No family has such names. Perhaps int4_g32_asym.'],
  [
    'fp8',
    'It says not all that a format must. Perhaps fp8_e4m3_channel, fp8_e4m3_tensor, fp8_e4m3_block128.',
  ],
  [
    'fp8_e4m3_row',
    'The scales of fp8_e4m3_{channel,tensor,block128} may be channel, tensor or block128, not row.',
  ],
  ['mxfp6', 'It says not all that a format must. Perhaps mxfp6_e2m3, mxfp6_e3m2.'],
  ['mlx4_g16', 'The group size of mlx{2,3,4,5,6,8}_g{32,64,128} may be 32, 64 or 128, not 16'],
  ['q4_2', 'Perhaps q4_0, q4_1, q4_k.'],
  ['q8_k', 'The bits of q{2,3,4,5,6}_k may be 2, 3, 4, 5 or 6, not 8'],
  ['Q4_K', 'It is called q4_k here. Perhaps q4_k.'],
  ['Q4_K_M', 'llama-quantize calls a mixture of formats so, most of them q4_k. Perhaps q4_k.'],
  ['nf5', 'No family has such names. Perhaps nf4.'],
  [
    'something else',
    'No family has such names. Formats are int{2,3,4,5,6,8}_g{16,32,64,128}[_asym], int',
  ],
  ['', 'No format is called "".'],
])('says what is wrong with %j', (name, problem) => {
  const { code, message } = refusal(name);
  expect(code).toBe('format_unknown');
  expect(message).toContain(problem);
});

it('gives programs the nearest names', () => {
  expect(refusal('int7_g32').context.nearest).toEqual([
    'int2_g32',
    'int3_g32',
    'int4_g32',
    'int5_g32',
    'int6_g32',
    'int8_g32',
  ]);
});

it('has no name twice', () => {
  const names = families.flatMap(familyFormats).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
