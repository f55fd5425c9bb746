import { fileURLToPath } from 'node:url';
import { wholeOf } from '@layersense/contracts';
import { buildForward, listParameters, parseModel } from '@layersense/models';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import { nonEmpty } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { openModel } from '../model/open-model.js';
import { type MatrixWeight, matrixWeights } from './matrix-weights.js';
import { RowReader } from './read-rows.js';

const fixtures = fileURLToPath(new URL('../../../testing/fixtures/', import.meta.url));

const open = (name: string, onnxFile?: string) =>
  openModel({
    name,
    revision: 'none',
    source: 'local',
    folder: `${fixtures}${name}`,
    files: [],
    ...(onnxFile === undefined ? {} : { onnxFile }),
  });

/** Sizes of the matrices that gradients have marginals of, by name: another reading of the same graph. */
async function marginalSizes(name: string, onnxFile?: string) {
  const { architecture, checkpoint } = await open(name, onnxFile);
  const forward = buildForward(architecture(), checkpoint.tensors, { batch: 1, length: 4 });
  const { marginals } = buildSensitivityGraph(forward, { labels: 'data', marginals: true });
  return new Map(marginals.map((each) => [each.name, `${each.outputs} from ${each.inputs}`]));
}

function sizes(weights: readonly MatrixWeight[]) {
  return new Map(
    weights.flatMap(({ layout: { matrices, inputs } }) =>
      matrices.flatMap((matrix) =>
        (matrix.parts.length > 0 ? matrix.parts : [matrix]).map(
          ({ name, start, end }) => [name, `${end - start} from ${inputs}`] as const,
        ),
      ),
    ),
  );
}

async function rowsOf(weight: MatrixWeight, name: string, reader = new RowReader()) {
  const all = weight.layout.matrices.flatMap((matrix) => [matrix, ...matrix.parts]);
  const matrix = all.find((each) => each.name === name);
  if (!matrix) throw new Error(`${name} is none of ${all.map((each) => each.name).join(', ')}`);
  const rows: number[][] = [];
  for await (const { values, rows: count, columns, start } of reader.blocksOf(weight, matrix)) {
    if (start !== rows.length) throw new Error(`row ${start} comes after ${rows.length} rows`);
    for (let row = 0; row < count; row++) {
      rows.push([...values.subarray(row * columns, (row + 1) * columns)]);
    }
  }
  return rows;
}

async function valuesOf({ chunks }: Pick<MatrixWeight, 'chunks'>): Promise<number[]> {
  const values: number[] = [];
  for await (const chunk of chunks()) values.push(...chunk);
  return values;
}

const find = (weights: readonly MatrixWeight[], parameter: string) => {
  const weight = weights.find((each) => each.parameter === parameter);
  if (!weight) throw new Error(`no ${parameter}`);
  return weight;
};

describe('matrixWeights', () => {
  it.each([
    ['checkpoints/gpt2', undefined],
    ['checkpoints/gpt2-base', undefined],
    ['checkpoints/llama-tied', undefined],
    ['checkpoints/phi3', undefined],
    ['checkpoints/mixtral', undefined],
    ['variants/packed-qwen3-moe', undefined],
    ['onnx/llama', 'builder-style-packed.onnx'],
    ['onnx/llama', 'genai-int4-cpu.onnx'],
    ['onnx/qwen3', 'genai-int4-cpu-gather.onnx'],
  ])('has the axes of %s that its gradients have', async (name, onnxFile) => {
    const { weights, notes } = matrixWeights(await open(name, onnxFile));
    expect(notes).toEqual([]);
    const expected = await marginalSizes(name, onnxFile);
    expect([...sizes(weights)].sort()).toEqual([...nonEmpty([...expected])].sort());
  });

  it.each([
    ['checkpoints/gpt2', undefined],
    ['checkpoints/phi3', undefined],
    ['variants/packed-qwen3-moe', undefined],
    ['onnx/llama', 'builder-style-packed.onnx'],
    ['onnx/qwen3', 'genai-int4-cpu-gather.onnx'],
  ])('has the shapes of %s that Fisher scores have', async (name, onnxFile) => {
    const opened = await open(name, onnxFile);
    const { weights } = matrixWeights(opened);
    const scored = listParameters(opened.architecture(), opened.checkpoint.tensors);
    const shapes = weights.flatMap(({ parameter, shape, layout: { matrices } }) => [
      { name: parameter, shape },
      ...matrices.flatMap((matrix) => [matrix, ...matrix.parts]),
    ]);
    for (const { name: each, shape } of nonEmpty(shapes)) {
      expect(shape, each).toEqual(scored.get(each)?.shape);
    }
  });

  it('turns what Conv1D stores with the inputs first', async () => {
    const { weights } = matrixWeights(await open('checkpoints/gpt2'));
    const parameter = 'transformer.h.0.attn.c_attn.weight';
    const weight = find(weights, parameter);
    const [inputs = 0, outputs = 0] = weight.shape;
    const stored = await valuesOf(weight);
    const expected = Array.from({ length: outputs }, (_, o) =>
      Array.from({ length: inputs }, (__, i) => stored[i * outputs + o]),
    );
    expect(outputs).toBe(3 * inputs);
    expect(await rowsOf(weight, parameter)).toEqual(expected);
    expect(await rowsOf(weight, `${parameter}[k]`)).toEqual(expected.slice(inputs, 2 * inputs));
  });

  it('reads a matrix in blocks where it is larger than one', async () => {
    const { weights } = matrixWeights(await open('checkpoints/gpt2'));
    const names = ['transformer.h.0.mlp.c_fc.weight', 'transformer.wte.weight'];
    for (const weight of nonEmpty(names.map((name) => find(weights, name)))) {
      const whole = await rowsOf(weight, weight.parameter);
      const reader = new RowReader(5 * weight.layout.inputs);
      expect(await rowsOf(weight, weight.parameter, reader)).toEqual(whole);
    }
  });

  it('has the matrices of each expert where one tensor holds all of them', async () => {
    const { weights } = matrixWeights(await open('variants/packed-qwen3-moe'));
    const stack = weights.find(({ parameter }) => parameter.endsWith('.gate_up_proj'));
    if (!stack) throw new Error('the experts are stored as one tensor');
    const [experts = 0, rows = 0, columns = 0] = stack.shape;
    const { matrices } = stack.layout;
    expect(matrices).toHaveLength(2 * experts);
    expect(matrices.map(({ name }) => wholeOf(name))).toEqual(matrices.map(() => stack.parameter));
    const stored = await valuesOf(stack);
    const last = matrices.at(-1)?.name ?? '';
    expect(last).toBe(`${stack.parameter}[${experts - 1}_up]`);
    expect((await rowsOf(stack, last)).flat()).toEqual(stored.slice(-(rows / 2) * columns));
  });

  it.each(['torchscript-17.onnx', 'dynamo-20.onnx', 'builder-style-packed.onnx'])(
    'reads the same rows of an ONNX file however it is exported: %s',
    async (file) => {
      // One that keeps what the modules hold, [outputs, inputs], and turns it round in the graph.
      const { weights } = matrixWeights(await open('onnx/llama', 'dynamo-20-unoptimized.onnx'));
      expect(weights.some(({ layout }) => layout.turnedRows !== undefined)).toBe(false);
      const exported = matrixWeights(await open('onnx/llama', file));
      expect(exported.weights.some(({ layout }) => layout.turnedRows !== undefined)).toBe(true);
      const common = exported.weights.filter(({ parameter }) =>
        weights.some((each) => each.parameter === parameter),
      );
      for (const weight of nonEmpty(common)) {
        const { parameter } = weight;
        const expected = await rowsOf(find(weights, parameter), parameter);
        expect(await rowsOf(weight, parameter), parameter).toEqual(expected);
      }
    },
  );

  it('finds the inputs first in an ONNX file of Conv1D', async () => {
    const { weights } = matrixWeights(await open('onnx/gpt2', 'dynamo-20.onnx'));
    const { layout, shape } = find(weights, 'transformer.h.0.attn.c_attn.weight');
    expect(layout).toMatchObject({ rows: shape[1], inputs: shape[0], turnedRows: shape[1] });
  });

  it('takes an unknown model for one of linear layers, and says so', async () => {
    const known = await open('checkpoints/llama-tied');
    const layouts = () => {
      parseModel({ model_type: 'unheard_of' });
      return new Map();
    };
    const { weights, others, notes } = matrixWeights({ ...known, layouts });
    expect(notes).toEqual([expect.stringContaining('(model_type_unsupported)')]);
    expect(weights.map(({ parameter }) => parameter)).toEqual(
      matrixWeights(known).weights.map(({ parameter }) => parameter),
    );
    expect(others).toContain('model.norm.weight');
  });
});
