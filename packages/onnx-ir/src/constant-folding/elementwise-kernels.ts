import { elementTypes } from '../graph/element-type.js';
import type { InlineTensor } from '../graph/graph.js';
import type { TensorType } from '../inference/inference-rule.js';
import { broadcastOffset, mapCoordinates, stridesOf } from './coordinates.js';
import type { Kernel, KernelArguments } from './kernel.js';

/** The inputs broadcast against each other, then `apply` on the elements that meet. */
function broadcast(apply: (...elements: number[]) => number): Kernel {
  return ({ node, input, outputs: [output] }) => {
    const tensors = node.inputs.map((_, i) => input(i));
    const strides = tensors.map(({ shape }) => stridesOf(shape));
    const values = mapCoordinates(output?.shape ?? [], (coordinates) =>
      apply(
        ...tensors.map(
          ({ data, shape }, i) => data[broadcastOffset(shape, strides[i] ?? [], coordinates)] ?? 0,
        ),
      ),
    );
    return [values];
  };
}

const bit = (condition: boolean): number => (condition ? 1 : 0);

/** Integer division truncates, as in C; that of a negative number is never needed for a shape. */
const divide: Kernel = (args) =>
  broadcast(isFloating(args.input(0)) ? (a, b) => a / b : (a, b) => Math.trunc(a / b))(args);

/** `fmod = 0` takes the sign of the divisor, `fmod = 1` that of the dividend. */
const modulo: Kernel = (args: KernelArguments) => {
  const { fmod } = args.node.attributes;
  const truncated = fmod?.type === 'int' && fmod.value === 1;
  return broadcast(truncated ? (a, b) => a % b : (a, b) => a - b * Math.floor(a / b))(args);
};

/** A cast to an integer rounds towards zero; one to bool says whether the number is not zero. */
const cast: Kernel = ({ input, outputs: [output] }) => {
  const { data } = input(0);
  return [Array.from(data, (x) => convert(x, output))];
};

function convert(x: number, output: TensorType | undefined): number {
  if (output?.dtype === 'bool') return bit(x !== 0);
  return isFloating(output) ? x : Math.trunc(x);
}

function isFloating(type: Pick<InlineTensor, 'dtype'> | undefined): boolean {
  return type !== undefined && elementTypes[type.dtype].floating;
}

export const elementwiseKernels = {
  Abs: broadcast(Math.abs),
  Add: broadcast((a, b) => a + b),
  And: broadcast((a, b) => bit(a !== 0 && b !== 0)),
  Cast: cast,
  Ceil: broadcast(Math.ceil),
  Div: divide,
  Equal: broadcast((a, b) => bit(a === b)),
  Floor: broadcast(Math.floor),
  Greater: broadcast((a, b) => bit(a > b)),
  GreaterOrEqual: broadcast((a, b) => bit(a >= b)),
  Less: broadcast((a, b) => bit(a < b)),
  LessOrEqual: broadcast((a, b) => bit(a <= b)),
  Max: broadcast(Math.max),
  Min: broadcast(Math.min),
  Mod: modulo,
  Mul: broadcast((a, b) => a * b),
  Neg: broadcast((a) => -a),
  Not: broadcast((a) => bit(a === 0)),
  Or: broadcast((a, b) => bit(a !== 0 || b !== 0)),
  Pow: broadcast((a, b) => a ** b),
  Reciprocal: broadcast((a) => 1 / a),
  Sqrt: broadcast(Math.sqrt),
  Sub: broadcast((a, b) => a - b),
  Where: broadcast((condition, a = 0, b = 0) => (condition ? a : b)),
  Xor: broadcast((a, b) => bit((a !== 0) !== (b !== 0))),
} satisfies Record<string, Kernel>;
