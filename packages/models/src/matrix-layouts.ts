import { isPart, partName } from '@layersense/contracts';
import { type GraphBuilder, intAttribute, type TensorRef } from '@layersense/onnx-ir';
import type { ParameterPart, UsedStack } from './forward.js';
import type { ParsedModel } from './parsed-model.js';

/** Rows of a weight, each of which makes one output, under the name that they are scored by. */
export interface MatrixRows {
  readonly name: string;
  /** As its module holds it, which may have the inputs first. */
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** A matrix [outputs, inputs] that its model multiplies with. */
export interface LaidOutMatrix extends MatrixRows {
  /** The parts that a packed one is scored by; none of any other. */
  readonly parts: readonly MatrixRows[];
}

/**
 * A stored weight by the meaning of its axes: [rows, inputs], each row making one output. One weight is
 * one matrix, but for a stack of experts, which is one for each projection of each expert.
 */
export interface MatrixLayout {
  readonly rows: number;
  readonly inputs: number;
  /**
   * How many rows lie together as [inputs, rows], as Conv1D of GPT-2 stores them all; absent where each
   * row's inputs are stored side by side, as those of a linear layer.
   */
  readonly turnedRows?: number;
  readonly matrices: readonly LaidOutMatrix[];
}

/** A stack [matrices, outputs, inputs] of which no more is known. */
export function stackLayout(name: string, shape: readonly number[]): MatrixLayout {
  const [count = 0, outputs = 0, inputs = 0] = shape;
  const matrices = Array.from({ length: count }, (_, i) => ({
    name: partName(name, String(i)),
    shape: [outputs, inputs],
    start: i * outputs,
    end: (i + 1) * outputs,
    parts: [],
  }));
  return { rows: count * outputs, inputs, matrices };
}

/** How a matrix is stored, and how its module holds it. */
interface Orientation {
  readonly storedInputsFirst: boolean;
  readonly heldInputsFirst: boolean;
}

/** One stored matrix with its outputs in rows, and the parts that make some of its outputs. */
export function layoutOf(
  name: string,
  shape: readonly number[],
  { storedInputsFirst, heldInputsFirst }: Orientation,
  parts: readonly ParameterPart[] = [],
): MatrixLayout {
  const [rows = 0, inputs = 0] = heldInputsFirst ? shape.toReversed() : shape;
  const held = (count: number) => (heldInputsFirst ? [inputs, count] : [count, inputs]);
  const ofParts = parts.map(({ name: part, start, end }) => ({
    name: partName(name, part),
    shape: held(end - start),
    start,
    end,
  }));
  const matrices = [{ name, shape, start: 0, end: rows, parts: ofParts }];
  return { rows, inputs, ...(storedInputsFirst ? { turnedRows: rows } : {}), matrices };
}

/** The matrices of a model that config.json describes, by the parameter that stores them; vectors are none. */
export function matrixLayouts(
  model: ParsedModel,
  tensors: ReadonlyMap<string, TensorRef>,
): ReadonlyMap<string, MatrixLayout> {
  const { builder, parameters, parts, stacks = [] } = model.build(tensors, { batch: 1, length: 2 });
  const layouts = new Map(stacks.map((stack) => [stack.name, ofStack(stack)]));
  const inputsFirst = readInputsFirst(builder, parameters);
  for (const name of parameters) {
    const { shape } = builder.value(name);
    if (shape.length !== 2 || isPart(name)) continue;
    const isTurned = inputsFirst.has(name);
    const orientation = { storedInputsFirst: isTurned, heldInputsFirst: isTurned };
    layouts.set(name, layoutOf(name, shape, orientation, parts.get(name)));
  }
  return layouts;
}

function ofStack({ name, shape, parts }: UsedStack): MatrixLayout {
  const [count, rows, inputs] = shape;
  const matrices = parts.map(({ part, matrix, start, end }) => ({
    name: partName(name, part),
    shape: [end - start, inputs],
    start: matrix * rows + start,
    end: matrix * rows + end,
    parts: [],
  }));
  return { rows: count * rows, inputs, matrices: matrices.toSorted((a, b) => a.start - b.start) };
}

/** The parameters W that are used as x W: the others are looked up, or used as x Wᵀ. */
function readInputsFirst(g: GraphBuilder, parameters: readonly string[]): ReadonlySet<string> {
  const names = new Map(parameters.map((name) => [name, name]));
  const found = new Set<string>();
  for (const node of g.nodes) {
    const [widened, weight] = node.inputs.map((input) => names.get(input));
    if (node.opType === 'Cast' && widened) names.set(node.outputs[0] ?? '', widened);
    const turned = node.opType === 'MatMul' || intAttribute(node, 'transB', 0) === 0;
    if (weight && MULTIPLIES.has(node.opType) && turned) found.add(weight);
  }
  return found;
}

const MULTIPLIES: ReadonlySet<string> = new Set(['Gemm', 'MatMul']);
