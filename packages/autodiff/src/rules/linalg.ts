import {
  elementCount,
  float,
  floatAttribute,
  type GraphBuilder,
  int,
  intAttribute,
  type Value,
} from '@layersense/onnx-ir';
import { unsupported } from '../unsupported.js';
import type { VjpRule } from '../vjp.js';
import { scale } from './rule-forms.js';

/**
 * Y = A·B  ⇒  dA = dY·Bᵀ,  dB = Aᵀ·dY, each summed over the axes it was broadcast along.
 *
 * A matrix B (a weight) is shared by every row of A, so the batch axes fold into rows and `Gemm`
 * reads B and A transposed in place: no transposed copy of a weight, no sum over the batch.
 */
const matMul: VjpRule = (node, [dy], g) => {
  if (!dy) return [undefined, undefined];
  const [a, b] = [node.input(0), node.input(1)];
  const rowVector = a.shape.length === 1;
  const columnVector = b.shape.length === 1;
  const left = rowVector ? g.reshape(a, [1, ...a.shape]) : a;
  const right = columnVector ? g.reshape(b, [...b.shape, 1]) : b;
  const batch = dy.shape.slice(0, dy.shape.length - (rowVector ? 0 : 1) - (columnVector ? 0 : 1));
  const [m, n] = [left.shape.at(-2) ?? 1, right.shape.at(-1) ?? 1];
  const product = g.reshape(dy, [...batch, m, n]);
  const pullLeft = () =>
    right.shape.length === 2
      ? gemm(g, asMatrix(g, product), right, { transB: true })
      : g.sumTo(g.matMul(product, g.swapLast(right)), left.shape);
  const pullRight = () =>
    right.shape.length === 2
      ? gemm(g, asMatrix(g, left), asMatrix(g, product), { transA: true })
      : g.sumTo(g.matMul(g.swapLast(left), product), right.shape);
  return [
    node.needs(0) ? g.reshape(pullLeft(), a.shape) : undefined,
    node.needs(1) ? g.reshape(pullRight(), b.shape) : undefined,
  ];
};

/** A product of possibly transposed operands, as `Gemm` and `FusedMatMul` compute it. */
type TransposableProduct = (a: Value, transA: boolean, b: Value, transB: boolean) => Value;

/**
 * Y = A′·B′, where ′ transposes the two trailing axes if the node says so
 *   ⇒  dA = dY·B′ᵀ,  or B′·dYᵀ when A was transposed
 *      dB = A′ᵀ·dY,  or dYᵀ·A′ when B was transposed
 */
function transposableCotangents(
  [a, transA]: readonly [Value, boolean],
  [b, transB]: readonly [Value, boolean],
  dy: Value,
  product: TransposableProduct,
): { readonly da: () => Value; readonly db: () => Value } {
  return {
    da: () => (transA ? product(b, transB, dy, true) : product(dy, false, b, !transB)),
    db: () => (transB ? product(dy, true, a, transA) : product(a, !transA, dy, false)),
  };
}

/** Y = α·A′·B′ + β·C  ⇒  dA, dB as above times α,  dC = β·dY summed to the shape of C */
const gemmRule: VjpRule = (node, [dy], g) => {
  if (!dy) return node.inputs.map(() => undefined);
  const transposed = (name: string) => intAttribute(node.node, name, 0) === 1;
  const alpha = floatAttribute(node.node, 'alpha', 1);
  const { da, db } = transposableCotangents(
    [node.input(0), transposed('transA')],
    [node.input(1), transposed('transB')],
    dy,
    (a, transA, b, transB) => gemm(g, a, b, { transA, transB, alpha }),
  );
  const dc = () => scale(g, g.sumTo(dy, node.input(2).shape), floatAttribute(node.node, 'beta', 1));
  return [da, db, dc]
    .slice(0, node.inputs.length)
    .map((pull, i) => (node.needs(i) ? pull() : undefined));
};

/** Y = α·A′·B′ over broadcast batch axes  ⇒  as `Gemm`, summed over the broadcast axes */
const fusedMatMul: VjpRule = (node, [dy], g) => {
  if (!dy) return [undefined, undefined];
  const [a, b] = [node.input(0), node.input(1)];
  const transposed = (name: string) => intAttribute(node.node, name, 0) === 1;
  const [transA, transB] = [transposed('transA'), transposed('transB')];
  const alpha = floatAttribute(node.node, 'alpha', 1);
  if (transposed('transBatchA') || transposed('transBatchB')) {
    throw unsupported(node.node, 'transBatchA and transBatchB have no formula');
  }
  const sharedMatrix = b.shape.length === 2 && !transA;
  const { da, db } = transposableCotangents(
    [sharedMatrix ? asMatrix(g, a) : a, transA],
    [b, transB],
    sharedMatrix ? asMatrix(g, dy) : dy,
    (left, transLeft, right, transRight) =>
      g.op(
        'FusedMatMul',
        [left, right],
        {
          transA: int(transLeft ? 1 : 0),
          transB: int(transRight ? 1 : 0),
          alpha: float(alpha),
        },
        { domain: 'com.microsoft' },
      ),
  );
  return [
    node.needs(0) ? g.reshape(sharedMatrix ? da() : g.sumTo(da(), a.shape), a.shape) : undefined,
    node.needs(1) ? g.sumTo(db(), b.shape) : undefined,
  ];
};

interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

function gemm(g: GraphBuilder, a: Value, b: Value, options: GemmOptions): Value {
  return g.op('Gemm', [a, b], {
    ...(options.transA ? { transA: int(1) } : {}),
    ...(options.transB ? { transB: int(1) } : {}),
    ...(options.alpha === undefined || options.alpha === 1 ? {} : { alpha: float(options.alpha) }),
  });
}

/** All axes but the last folded into rows. */
function asMatrix(g: GraphBuilder, x: Value): Value {
  return g.reshape(x, [elementCount(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1]);
}

export const linalgRules = {
  MatMul: matMul,
  Gemm: gemmRule,
  'com.microsoft.FusedMatMul': fusedMatMul,
} satisfies Record<string, VjpRule>;
