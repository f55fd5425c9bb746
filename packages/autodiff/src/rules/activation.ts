import type { VjpRule } from '../vjp.js';
import { elementwise, scale } from './rule-forms.js';

export const activationRules = {
  /** Y = erf X  ⇒  dX = dY·(2/√π)·e^(−X²) */
  Erf: elementwise(({ g, dy, a }) => {
    const bell = g.op('Exp', [g.neg(g.mul(a, a))]);
    return g.mul(dy, scale(g, bell, 2 / Math.sqrt(Math.PI)));
  }),

  /** Y = tanh X  ⇒  dX = dY·(1 − Y²) */
  Tanh: elementwise(({ g, dy, y }) => g.mul(dy, g.sub(g.scalar(1, y.dtype), g.mul(y, y)))),

  /** Y = σ(X)  ⇒  dX = dY·Y·(1 − Y) */
  Sigmoid: elementwise(({ g, dy, y }) => g.mul(g.mul(dy, y), g.sub(g.scalar(1, y.dtype), y))),

  /** Y = max(X, 0)  ⇒  dX = dY where X > 0, else 0 */
  Relu: elementwise(({ g, dy, a }) => {
    const zero = g.scalar(0, dy.dtype);
    return g.op('Where', [g.op('Greater', [a, zero]), dy, zero]);
  }),

  /** Y = ln(1 + eˣ)  ⇒  dX = dY·σ(X) */
  Softplus: elementwise(({ g, dy, a }) => g.mul(dy, g.op('Sigmoid', [a]))),
} satisfies Record<string, VjpRule>;
