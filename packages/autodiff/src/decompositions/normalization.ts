import {
  elementCount,
  float,
  floatAttribute,
  type GraphBuilder,
  int,
  intAttribute,
  type Node,
  normalizeAxis,
  type Value,
} from '@layersense/onnx-ir';
import type { Decomposition } from './decomposition.js';

interface Normalized {
  /** (X − mean)/√(variance + ε), or X/√(mean square + ε), in the type of X. */
  readonly y: Value;
  readonly mean?: Value;
  /** 1/√(variance + ε), or 1/√(mean square + ε); appends nodes, so it is made where it is read. */
  readonly inverse: () => Value;
}

/** The axes from `axis` to the last; only the last by default. */
function trailingAxes(x: Value, axis: number): readonly number[] {
  const first = normalizeAxis(axis, x.shape.length);
  return x.shape.flatMap((_, i) => (i >= first ? [i] : []));
}

/** Half-precision inputs are normalised in float32, as ONNX's `stash_type` asks. */
function widened(g: GraphBuilder, x: Value): Value {
  return x.dtype === 'float64' ? x : g.cast(x, 'float32');
}

/** The kernel without its scale, which has a use of its own: it may be a parameter. */
export function rms(
  g: GraphBuilder,
  x: Value,
  axes: readonly number[],
  epsilon: number,
): Normalized {
  const wide = widened(g, x);
  const shape = axes.map((axis) => x.shape[axis] ?? 1);
  const data = new Float32Array(elementCount(shape)).fill(1);
  const y = g.op(
    'SimplifiedLayerNormalization',
    [wide, g.constant({ dtype: wide.dtype, shape, data })],
    { axis: int(axes[0] ?? -1), epsilon: float(epsilon) },
  );
  const inverse = () => {
    const meanSquare = g.reduceMean(g.mul(wide, wide), axes, true);
    const deviation = g.op('Sqrt', [g.add(meanSquare, g.scalar(epsilon, wide.dtype))]);
    return g.op('Reciprocal', [deviation]);
  };
  return { y: g.cast(y, x.dtype), inverse };
}

/** C = X − mean X,  Y = C/√(mean C² + ε): more exact than the kernel, which takes mean X² − mean² X. */
function layer(g: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Normalized {
  const wide = widened(g, x);
  const mean = g.reduceMean(wide, axes, true);
  const { y, inverse } = rms(g, g.sub(wide, mean), axes, epsilon);
  return { y: g.cast(y, x.dtype), mean, inverse };
}

/** Output `i` of `node`, made only if it is read. */
const ifRead = (node: Node, i: number, output: () => Value): Value | undefined =>
  (node.outputs[i] ?? '') === '' ? undefined : output();

const affine = (g: GraphBuilder, y: Value, scale?: Value, bias?: Value): Value => {
  const scaled = scale ? g.mul(y, scale) : y;
  return bias ? g.add(scaled, bias) : scaled;
};

/** The inputs are X, scale and bias; the outputs are Y, mean and 1/deviation. */
const layerNormalization: Decomposition = ({ node, input, inputs }, g) => {
  const axes = trailingAxes(input(0), intAttribute(node, 'axis', -1));
  const { y, mean, inverse } = layer(g, input(0), axes, floatAttribute(node, 'epsilon', 1e-5));
  return [affine(g, y, inputs[1], inputs[2]), mean, ifRead(node, 2, inverse)];
};

/** The inputs are X and scale; the outputs are Y and 1/root mean square. */
const rmsNormalization: Decomposition = ({ node, input, inputs }, g) => {
  const axes = trailingAxes(input(0), intAttribute(node, 'axis', -1));
  const { y, inverse } = rms(g, input(0), axes, floatAttribute(node, 'epsilon', 1e-5));
  return [affine(g, y, inputs[1]), ifRead(node, 1, inverse)];
};

/** Takes X, skip, γ, β and bias; the outputs are Y, mean, 1/deviation and X + skip + bias. */
const skipLayerNormalization: Decomposition = ({ node, input, inputs }, g) => {
  const sum = addSkip(g, input(0), input(1), inputs[4]);
  const epsilon = floatAttribute(node, 'epsilon', 1e-12);
  const { y, mean, inverse } = layer(g, sum, trailingAxes(sum, -1), epsilon);
  return [affine(g, y, inputs[2], inputs[3]), mean, ifRead(node, 2, inverse), sum];
};

/** Takes X, skip, γ and bias; the outputs are Y, none, 1/root mean square and X + skip + bias. */
const skipRmsNormalization: Decomposition = ({ node, input, inputs }, g) => {
  const sum = addSkip(g, input(0), input(1), inputs[3]);
  const epsilon = floatAttribute(node, 'epsilon', 1e-12);
  const { y, inverse } = rms(g, sum, trailingAxes(sum, -1), epsilon);
  return [affine(g, y, inputs[2]), undefined, ifRead(node, 2, inverse), sum];
};

function addSkip(g: GraphBuilder, x: Value, skip: Value, bias: Value | undefined): Value {
  const sum = g.add(x, skip);
  return bias ? g.add(sum, bias) : sum;
}

export const normalizationDecompositions = {
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
  'com.microsoft.SkipLayerNormalization': skipLayerNormalization,
  'com.microsoft.SkipSimplifiedLayerNormalization': skipRmsNormalization,
} satisfies Record<string, Decomposition>;
