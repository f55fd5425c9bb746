import { floatAttribute, type GraphBuilder, type Value } from '@layersense/onnx-ir';
import type { Decomposition } from './decomposition.js';

/** Y = X·(1 + erf(X/√2))/2 */
function exactGelu(g: GraphBuilder, x: Value): Value {
  const constant = (value: number) => g.scalar(value, x.dtype);
  const error = g.op('Erf', [g.mul(x, constant(Math.SQRT1_2))]);
  return g.mul(x, g.add(g.mul(error, constant(0.5)), constant(0.5)));
}

/**
 * Y = X·(1 + tanh u)/2 with u = √(2/π)·(X + 0.044715·X³). As (1 + tanh u)/2 = σ(2u), this is
 * X·σ(X·(a + b·X²)), which takes fewer nodes in both directions.
 */
function tanhGelu(g: GraphBuilder, x: Value): Value {
  const a = 2 * Math.sqrt(2 / Math.PI);
  const b = a * 0.044715;
  const quadratic = g.mul(g.mul(x, x), g.scalar(b, x.dtype));
  const slope = g.add(quadratic, g.scalar(a, x.dtype));
  return g.mul(x, g.op('Sigmoid', [g.mul(x, slope)]));
}

const gelu: Decomposition = ({ node, input }, g) => {
  const { approximate } = node.attributes;
  const tanh = approximate?.type === 'string' && approximate.value === 'tanh';
  return [tanh ? tanhGelu(g, input(0)) : exactGelu(g, input(0))];
};

/** The inputs are X and, optionally, a bias that is added to it first. */
const fastGelu: Decomposition = ({ input, inputs: [, bias] }, g) => [
  tanhGelu(g, bias ? g.add(input(0), bias) : input(0)),
];

const biasGelu: Decomposition = ({ input }, g) => [exactGelu(g, g.add(input(0), input(1)))];

/** Y = X·σ(αX); α = 1 is SiLU. */
const quickGelu: Decomposition = ({ node, input }, g) => {
  const x = input(0);
  const alpha = floatAttribute(node, 'alpha', 1.702);
  const scaled = alpha === 1 ? x : g.mul(x, g.scalar(alpha, x.dtype));
  return [g.mul(x, g.op('Sigmoid', [scaled]))];
};

export const geluDecompositions = {
  Gelu: gelu,
  'com.microsoft.BiasGelu': biasGelu,
  'com.microsoft.FastGelu': fastGelu,
  'com.microsoft.Gelu': gelu,
  'com.microsoft.QuickGelu': quickGelu,
} satisfies Record<string, Decomposition>;
