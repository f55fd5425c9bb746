import { fileURLToPath } from 'node:url';
import { dequantisedMatrix, parseFormat } from '@layersense/formats';
import { readTensor } from '@layersense/model-source';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { matrixWeights } from '../matrices/matrix-weights.js';
import { openModel } from '../model/open-model.js';
import { inFormat, type MatrixOf } from './rounded-values.js';

const fixtures = fileURLToPath(new URL('../../../testing/fixtures/', import.meta.url));

async function open(name: string) {
  const folder = `${fixtures}${name}`;
  const model = { name, revision: 'none', source: 'local' as const, folder, files: [] };
  const opened = await openModel(model);
  const all = matrixWeights(opened).weights.flatMap((weight) =>
    weight.layout.matrices.map((matrix) => ({ weight, matrix })),
  );
  const find = (wanted: string): MatrixOf => {
    const found = all.find(({ matrix }) => matrix.name === wanted);
    if (!found) throw new Error(`${wanted} is none of ${all.map(({ matrix }) => matrix.name)}`);
    return found;
  };
  return { checkpoint: opened.checkpoint, find };
}

async function written(
  of: MatrixOf,
  format: string,
  { checkpoint }: Awaited<ReturnType<typeof open>>,
) {
  const { stored, values } = inFormat(of, parseFormat(format), checkpoint);
  const rounded: number[] = [];
  for await (const some of values()) rounded.push(...some);
  return { stored, rounded, original: await readTensor(checkpoint.weightsFolder, stored) };
}

/** [rows, columns] as [columns, rows]. */
function transposed(values: ArrayLike<number>, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: values.length }, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows];
    return values[row * columns + column] ?? Number.NaN;
  });
}

describe('a matrix in a format', () => {
  it.each(['int8_channel', 'bf16'])(
    'has its values in the place of its own: %s',
    async (format) => {
      const model = await open('checkpoints/llama-tied');
      const { rounded, original, stored } = await written(
        model.find('model.layers.1.mlp.up_proj.weight'),
        format,
        model,
      );
      expect(stored.shape).toEqual([40, 32]);
      const expected = dequantisedMatrix(
        parseFormat(format),
        Float32Array.from(original),
        [40, 32],
      );
      expect(rounded).toEqual([...expected]);
      expect(rounded).not.toEqual([...original]);
    },
  );

  it('has groups along its inputs where these are stored first, and lies as it did', async () => {
    const model = await open('checkpoints/gpt2');
    const of = model.find('transformer.h.0.mlp.c_fc.weight');
    const { rounded, original } = await written(of, 'int4_g16', model);
    const [inputs, outputs] = nonEmpty(of.weight.shape) as unknown as [number, number];
    const rows = transposed(original, inputs, outputs);
    const expected = dequantisedMatrix(parseFormat('int4_g16'), rows, [outputs, inputs]);
    expect(rounded).toEqual([...transposed(expected, outputs, inputs)]);
  });

  it('is its own stretch of a stack of experts', async () => {
    const model = await open('variants/mixtral-packed');
    const stack = 'model.layers.0.mlp.experts.gate_up_proj';
    const whole = model.checkpoint.tensors.get(stack);
    if (!whole) throw new Error(`there is no ${stack}`);
    // Of each of 4 experts, 24 rows of gate before 24 of up.
    const { stored, rounded, original } = await written(
      model.find(`${stack}[2_up]`),
      'int8_channel',
      model,
    );
    expect(whole.shape).toEqual([4, 48, 32]);
    const offset = whole.offset + 4 * 32 * (2 * 48 + 24);
    expect(stored).toEqual({ ...whole, shape: [24, 32], offset, length: 4 * 24 * 32 });
    const values = Float32Array.from(original);
    expect(rounded).toEqual([...dequantisedMatrix(parseFormat('int8_channel'), values, [24, 32])]);
  });

  it('is refused where it does not fit', async () => {
    const model = await open('checkpoints/llama-tied');
    const of = model.find('model.layers.0.mlp.down_proj.weight');
    expect(() => inFormat(of, parseFormat('int4_g32'), model.checkpoint)).toThrow(
      expect.objectContaining({ code: 'format_unsuitable' }),
    );
  });
});
