import {
  floatAttribute,
  type GraphBuilder,
  int,
  intAttribute,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { OperatorView } from '../vjp.js';
import type { Decomposition } from './decomposition.js';

/**
 * Rotates pairs of the first R of H features of every head by the angle of their position:
 * Y = X·C + P(X)·S, where P exchanges the members of each pair, C holds cos for both of them and
 * S holds −sin for the first and sin for the second.
 *
 * @param x [batch, sequence, heads, H] or [batch, heads, sequence, H].
 * @param cos, sin [batch or 1, sequence, R/2], or the same with an axis of 1 for the heads.
 */
export function rotate(
  g: GraphBuilder,
  x: Value,
  cos: Value,
  sin: Value,
  interleaved: boolean,
): Value {
  const half = cos.shape.at(-1) ?? 0;
  const width = x.shape.at(-1) ?? 0;
  const [rotated = x, rest] =
    2 * half === width ? [x] : splitLast(g, x, [2 * half, width - 2 * half]);
  const pairs = interleaved ? interleavedPairs(g, half) : halfSplitPairs(g, half);
  const direct = g.mul(rotated, pairs.join(cos, cos));
  const crossed = g.mul(pairs.exchange(rotated), pairs.join(g.neg(sin), sin));
  const y = g.add(direct, crossed);
  return rest ? concatLast(g, [y, rest]) : y;
}

interface Pairs {
  /** Puts per-pair values of the first and the second members in their places. */
  join(first: Value, second: Value): Value;
  exchange(x: Value): Value;
}

/** Feature i is paired with feature i + R/2. */
function halfSplitPairs(g: GraphBuilder, half: number): Pairs {
  return {
    join: (first, second) => concatLast(g, [first, second]),
    exchange: (x) => concatLast(g, splitLast(g, x, [half, half]).toReversed()),
  };
}

/** Feature 2i is paired with feature 2i + 1. */
function interleavedPairs(g: GraphBuilder, half: number): Pairs {
  const features = Array.from({ length: 2 * half }, (_, i) => i);
  const take = (x: Value, order: readonly number[]) =>
    g.op('Gather', [x, g.int64(order)], { axis: int(-1) });
  return {
    join: (first, second) =>
      take(
        concatLast(g, [first, second]),
        features.map((i) => (i % 2) * half + Math.floor(i / 2)),
      ),
    exchange: (x) =>
      take(
        x,
        features.map((i) => i ^ 1),
      ),
  };
}

/** The inputs are X, position ids, and the cos and sin tables [positions, R/2]. */
const contribRotaryEmbedding: Decomposition = (operator, g) => {
  const { node, input } = operator;
  if (floatAttribute(node, 'scale', 1) !== 1) {
    throw unsupported(node, 'its scale is not 1');
  }
  const positions = absolutePositions(g, input(1), sequenceLength(input(0)));
  const row = (table: Value) => g.op('Gather', [table, positions]);
  return [rotateHeads(g, operator, row(input(2)), row(input(3)))];
};

/** Takes X, cos, sin and position ids; without ids, cos and sin are rows [batch, sequence, R/2]. */
const rotaryEmbedding: Decomposition = (operator, g) => {
  const { input, inputs } = operator;
  const positions = inputs[3];
  const row = (table: Value) => (positions ? g.op('Gather', [table, positions]) : table);
  return [rotateHeads(g, operator, row(input(1)), row(input(2)))];
};

/** One id is the offset of the first token; otherwise there is one per token. */
function absolutePositions(g: GraphBuilder, ids: Value, length: number): Value {
  if (ids.shape.length !== 1) return ids;
  return g.add(ids, g.int64(Array.from({ length }, (_, i) => i)));
}

const sequenceLength = ({ shape }: Value): number => shape.at(shape.length === 4 ? 2 : 1) ?? 0;

/** Gives every head an axis of its own and the angles one beside it. `cos`, `sin`: [batch?, sequence, R/2]. */
function rotateHeads(
  g: GraphBuilder,
  { node, input }: OperatorView,
  cos: Value,
  sin: Value,
): Value {
  const x = input(0);
  const headsFirst = x.shape.length === 4;
  const [length = 0, half = 0] = cos.shape.slice(-2);
  const batch = cos.shape.slice(0, -2);
  const perHead = headsFirst ? [...batch, 1, length, half] : [...batch, length, 1, half];
  const hidden = x.shape.at(-1) ?? 0;
  const heads = intAttribute(node, 'num_heads', 0) || hidden / (2 * half);
  const split = headsFirst ? x.shape : [...x.shape.slice(0, -1), heads, hidden / heads];
  const interleaved = intAttribute(node, 'interleaved', 0) === 1;
  const angles = (table: Value) => g.reshape(table, perHead);
  return g.reshape(rotate(g, g.reshape(x, split), angles(cos), angles(sin), interleaved), x.shape);
}

function concatLast(g: GraphBuilder, parts: readonly Value[]): Value {
  return g.op('Concat', parts, { axis: int(-1) });
}

function splitLast(g: GraphBuilder, x: Value, sizes: readonly number[]): readonly Value[] {
  return g.ops('Split', [x, g.int64(sizes)], { axis: int(-1) }, { outputs: sizes.length });
}

export const rotaryDecompositions = {
  RotaryEmbedding: rotaryEmbedding,
  'com.microsoft.RotaryEmbedding': contribRotaryEmbedding,
} satisfies Record<string, Decomposition>;
