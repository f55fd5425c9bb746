import type { Value } from '@layersense/onnx-ir';
import { z } from 'zod';
import type { Forward } from '../forward.js';

type ActivationFunction = (f: Forward, x: Value) => Value;

/** x · σ(x). */
const silu: ActivationFunction = ({ g }, x) => g.mul(x, g.op('Sigmoid', [x]));

/** x · Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel 2016). */
const gelu: ActivationFunction = (f, x) => {
  const erf = f.g.op('Erf', [f.g.mul(x, f.scalar(Math.SQRT1_2))]);
  return f.g.mul(x, half(f, erf));
};

/** Its tanh approximation, ½x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
const geluTanh: ActivationFunction = (f, x) => {
  const { g } = f;
  const slope = Math.sqrt(2 / Math.PI);
  const cubic = g.add(g.mul(g.mul(x, x), f.scalar(0.044715 * slope)), f.scalar(slope));
  return g.mul(x, half(f, g.op('Tanh', [g.mul(x, cubic)])));
};

/** ½ (1 + y) for y in [−1, 1]. */
function half(f: Forward, y: Value): Value {
  return f.g.add(f.g.mul(y, f.scalar(0.5)), f.scalar(0.5));
}

const relu: ActivationFunction = ({ g }, x) => g.op('Relu', [x]);

/** relu(x)² (So et al. 2021). */
const relu2: ActivationFunction = (f, x) => {
  const positive = relu(f, x);
  return f.g.mul(positive, positive);
};

const relu6: ActivationFunction = (f, x) => f.g.op('Clip', [x, f.scalar(0), f.scalar(6)]);

/** x · σ(1.702 x), an approximation of gelu. */
const quickGelu: ActivationFunction = (f, x) =>
  f.g.mul(x, f.g.op('Sigmoid', [f.g.mul(x, f.scalar(1.702))]));

/** x · tanh(log(1 + eˣ)) (Misra 2019). */
const mish: ActivationFunction = ({ g }, x) => g.mul(x, g.op('Tanh', [g.op('Softplus', [x])]));

/** Under the names of config.json, which are those of transformers' table of activations. */
const activations = {
  silu,
  swish: silu,
  relu,
  relu2,
  relu6,
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  quick_gelu: quickGelu,
  mish,
  tanh: ({ g }, x) => g.op('Tanh', [x]),
  sigmoid: ({ g }, x) => g.op('Sigmoid', [x]),
  linear: (_, x) => x,
} as const satisfies Readonly<Record<string, ActivationFunction>>;

export const Activation = z.enum(
  Object.keys(activations) as [keyof typeof activations, ...(keyof typeof activations)[]],
);
export type Activation = z.infer<typeof Activation>;

/** Elementwise; the shape of `x` stays. */
export function activation(f: Forward, name: Activation, x: Value): Value {
  return activations[name](f, x);
}
