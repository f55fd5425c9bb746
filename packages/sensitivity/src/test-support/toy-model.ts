import { GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import type { Tensors } from '@layersense/runtime';
import type { DifferentiableModel } from '../build-sensitivity-graph.js';
import type { ParameterPart } from '../per-example/part-statistics.js';

const VOCABULARY = 7;
const WIDTH = 5;
const HIDDEN = 6;
const HEAD = 2;
const POSITIONS = 13;

export const parameterShapes: Record<string, readonly number[]> = {
  embedding: [VOCABULARY, WIDTH],
  positions: [POSITIONS, WIDTH],
  scale: [WIDTH],
  shifted: [WIDTH],
  head_scale: [HEAD],
  projection: [HIDDEN, WIDTH],
  bias: [HIDDEN],
  back: [HIDDEN, WIDTH],
};

/** The halves of two matrices and a bias, along the axis of their outputs. */
export const parts: ReadonlyMap<string, readonly ParameterPart[]> = new Map([
  ['projection', halves(0, 2, HIDDEN)],
  ['bias', halves(0, 2, HIDDEN)],
  ['back', halves(1, 3, WIDTH)],
]);

function halves(axis: number, middle: number, end: number): readonly ParameterPart[] {
  return [
    { name: 'low', axis, start: 0, end: middle },
    { name: 'high', axis, start: middle, end },
  ];
}

export interface Example {
  readonly tokens: readonly number[];
}

export const examples: readonly Example[] = [
  { tokens: [1, 2] },
  { tokens: [3, 3, 3, 5, 3, 0] },
  { tokens: [6, 0, 2, 4, 1, 5, 2, 6] },
];

export type Parameters = Record<string, Float64Array>;

interface ToyOptions {
  /** The parameter of the output head: the embedding itself, by default. */
  readonly head?: string | undefined;
  /** Values that the graph holds itself, as a chunked head needs; inputs, to be perturbed, by default. */
  readonly stored?: Parameters | undefined;
}

/** A model with every kind of use, in float64. */
export function toyModel(
  batch: number,
  length: number,
  { head = 'embedding', stored }: ToyOptions = {},
): DifferentiableModel {
  const g = new GraphBuilder('toy');
  const declare = (name: string, shape: readonly number[]): Value => {
    const data = stored?.[name];
    if (!data) return g.input(name, 'float64', shape);
    const tensor = { dtype: 'float64', shape, data: [...data] } as const;
    return g.initializer(name, { kind: 'inline', tensor });
  };
  const parameter = Object.fromEntries(
    Object.entries(parameterShapes).map(([name, shape]) => [name, declare(name, shape)]),
  );
  const of = (name: string): Value => parameter[name] ?? declare(name, [VOCABULARY, WIDTH]);
  const [embedding, scale, projection] = [of('embedding'), of('scale'), of('projection')];
  const [bias, back] = [of('bias'), of('back')];
  const ids = g.input('input_ids', 'int64', [batch, length]);
  // The rows of the table of positions are the same for every example.
  const places = g.op('Gather', [of('positions'), g.int64([...Array(length).keys()])]);
  const placed = g.add(g.op('Gather', [embedding, ids]), places);
  const rows = g.reshape(placed, [batch * length, WIDTH]);
  const scaled = g.mul(g.mul(rows, scale), g.add(g.scalar(1, 'float64'), of('shifted')));
  const projected = g.op('Gemm', [scaled, projection, bias], { transB: int(1) });
  const heads = g.mul(g.reshape(projected, [batch, length, HIDDEN / HEAD, HEAD]), of('head_scale'));
  const hidden = g.op('Tanh', [g.reshape(heads, [batch * length, HIDDEN])]);
  const returned = g.matMul(hidden, back);
  // The projection a second time, and the embedding as the output head: both are tied weights.
  const again = g.op('Gemm', [g.op('Tanh', [returned]), projection], { transB: int(1) });
  const mixed = g.add(returned, g.matMul(g.op('Tanh', [again]), back));
  const logits = g.op('Gemm', [mixed, of(head)], { transB: int(1) });
  const parameters = [...new Set([...Object.keys(parameterShapes), head])];
  return { builder: g, shape: { batch, length }, logits, parameters, parts };
}

/** Values of all parameters, always the same. */
export function weights(): Parameters {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  return Object.fromEntries(
    Object.entries(parameterShapes).map(([name, shape]) => [
      name,
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 1.5 * next()),
    ]),
  );
}

/** What a graph of the model takes: a batch padded to `length`, and the parameters. */
export function toyFeeds(
  batch: readonly Example[],
  length: number,
  parameters: Parameters,
): Tensors {
  return { ...tokenFeeds(batch, length), ...tensors(parameters) };
}

function tensors(parameters: Parameters): Tensors {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, data]) => [
      name,
      { dtype: 'float64', shape: parameterShapes[name] ?? [VOCABULARY, WIDTH], data } as const,
    ]),
  );
}

function tokenFeeds(batch: readonly Example[], length: number): Tensors {
  const rows = batch.length * length;
  const ids = new BigInt64Array(rows);
  const labels = new BigInt64Array(rows);
  const lossWeights = new Float64Array(rows);
  batch.forEach(({ tokens }, row) => {
    tokens.forEach((token, t) => {
      ids[row * length + t] = BigInt(token);
      const next = tokens[t + 1];
      if (next === undefined) return;
      labels[row * length + t] = BigInt(next);
      lossWeights[row * length + t] = 1 / (tokens.length - 1);
    });
  });
  return {
    input_ids: { dtype: 'int64', shape: [batch.length, length], data: ids },
    labels: { dtype: 'int64', shape: [rows], data: labels },
    loss_weights: { dtype: 'float64', shape: [rows], data: lossWeights },
  };
}
