import type { GraphBuilder, Value } from '@layersense/onnx-ir';
import type { VjpRule } from '../vjp.js';
import { elementwise, scale } from './rule-forms.js';

/** Where(condition, dY, 0): the cotangent of an input that is selected by `condition`. */
const where = (g: GraphBuilder, condition: Value, yes: Value, no: Value): Value =>
  g.op('Where', [condition, yes, no]);

/**
 * Y = max(X₁, …, Xₙ) or min  ⇒  dXᵢ = dY where Xᵢ = Y, else 0.
 * Among equal operands the first takes the whole cotangent, so that Σ dXᵢ = dY also at ties.
 */
const selectExtremum: VjpRule = (node, [dy], g) => {
  if (!dy) return node.inputs.map(() => undefined);
  const y = node.output(0);
  const zero = g.scalar(0, dy.dtype);
  let remaining = dy;
  return node.inputs.map((x, i) => {
    if (!x) return undefined;
    const chosen = g.op('Equal', [x, y]);
    const share = node.needs(i) ? g.sumTo(where(g, chosen, remaining, zero), x.shape) : undefined;
    const last = !node.inputs.some((_, j) => j > i && node.needs(j));
    if (!last) remaining = where(g, chosen, zero, remaining);
    return share;
  });
};

export const elementwiseRules = {
  /** Y = A + B  ⇒  dA = dY,  dB = dY */
  Add: elementwise(
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),

  /** Y = A − B  ⇒  dA = dY,  dB = −dY */
  Sub: elementwise(
    ({ dy }) => dy,
    ({ g, dy, unbroadcast }) => g.neg(unbroadcast(dy)),
  ),

  /** Y = A·B  ⇒  dA = dY·B,  dB = dY·A */
  Mul: elementwise(
    ({ g, dy, b }) => g.mul(dy, b),
    ({ g, dy, a }) => g.mul(dy, a),
  ),

  /** Y = A/B  ⇒  dA = dY/B,  dB = −dY·Y/B */
  Div: elementwise(
    ({ g, dy, b }) => g.div(dy, b),
    ({ g, dy, b, y, unbroadcast }) => g.neg(g.div(unbroadcast(g.mul(dy, y)), b)),
  ),

  /** Y = −X  ⇒  dX = −dY */
  Neg: elementwise(({ g, dy }) => g.neg(dy)),

  /** Y = Aᵖ  ⇒  dA = dY·p·Aᵖ⁻¹,  dp = dY·Y·ln A */
  Pow: elementwise(
    ({ g, node, dy, a, b }) => {
      const exponents = node.constantOrUndefined(1);
      const [p] = exponents ?? [];
      if (exponents?.length === 1 && p !== undefined) {
        const power = p === 2 ? a : g.op('Pow', [a, g.scalar(p - 1, a.dtype)]);
        return g.mul(dy, scale(g, power, p));
      }
      const exponent = g.cast(b, a.dtype);
      const power = g.op('Pow', [a, g.sub(exponent, g.scalar(1, a.dtype))]);
      return g.mul(dy, g.mul(exponent, power));
    },
    ({ g, dy, a, b, y }) => g.cast(g.mul(dy, g.mul(y, g.op('Log', [a]))), b.dtype),
  ),

  /** Y = √X  ⇒  dX = dY / 2Y */
  Sqrt: elementwise(({ g, dy, y }) => g.div(dy, scale(g, y, 2))),

  /** Y = 1/X  ⇒  dX = −dY·Y² */
  Reciprocal: elementwise(({ g, dy, y }) => g.neg(g.mul(dy, g.mul(y, y)))),

  /** Y = eˣ  ⇒  dX = dY·Y */
  Exp: elementwise(({ g, dy, y }) => g.mul(dy, y)),

  /** Y = ln X  ⇒  dX = dY/X */
  Log: elementwise(({ g, dy, a }) => g.div(dy, a)),

  /** Y = |X|  ⇒  dX = dY·sign X, which is 0 at X = 0 */
  Abs: elementwise(({ g, dy, a }) => g.mul(dy, g.op('Sign', [a]))),

  /** Y = sin X  ⇒  dX = dY·cos X */
  Sin: elementwise(({ g, dy, a }) => g.mul(dy, g.op('Cos', [a]))),

  /** Y = cos X  ⇒  dX = −dY·sin X */
  Cos: elementwise(({ g, dy, a }) => g.neg(g.mul(dy, g.op('Sin', [a])))),

  Max: selectExtremum,
  Min: selectExtremum,

  /** Y = min(max(X, low), high)  ⇒  dX = dY where X was inside or on the bounds, else 0 */
  Clip: elementwise(({ g, dy, a, y }) =>
    where(g, g.op('Equal', [a, y]), dy, g.scalar(0, dy.dtype)),
  ),

  /** Y = C ? A : B  ⇒  dA = C ? dY : 0,  dB = C ? 0 : dY */
  Where: elementwise(
    undefined,
    ({ g, a: condition, dy }) => where(g, condition, dy, g.scalar(0, dy.dtype)),
    ({ g, a: condition, dy }) => where(g, condition, g.scalar(0, dy.dtype), dy),
  ),

  /** Y = X  ⇒  dX = dY */
  Identity: elementwise(({ dy }) => dy),

  /** Y = X in another floating-point type  ⇒  dX = dY in the type of X */
  Cast: elementwise(({ g, a, dy }) => g.cast(dy, a.dtype)),
} satisfies Record<string, VjpRule>;
