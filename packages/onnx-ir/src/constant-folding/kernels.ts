import { countingKernels } from './counting-kernels.js';
import { elementwiseKernels } from './elementwise-kernels.js';
import type { Kernel } from './kernel.js';
import { movementKernels } from './movement-kernels.js';

/** The operators that are computed from constants, by operator key. */
export type FoldedOp =
  | 'Abs'
  | 'Add'
  | 'And'
  | 'Cast'
  | 'Ceil'
  | 'Div'
  | 'Equal'
  | 'Floor'
  | 'Greater'
  | 'GreaterOrEqual'
  | 'Less'
  | 'LessOrEqual'
  | 'Max'
  | 'Min'
  | 'Mod'
  | 'Mul'
  | 'Neg'
  | 'Not'
  | 'Or'
  | 'Pow'
  | 'Reciprocal'
  | 'Sqrt'
  | 'Sub'
  | 'Where'
  | 'Xor'
  | 'Concat'
  | 'Expand'
  | 'Flatten'
  | 'Gather'
  | 'GatherND'
  | 'Identity'
  | 'Reshape'
  | 'Slice'
  | 'Split'
  | 'Squeeze'
  | 'Tile'
  | 'Transpose'
  | 'Trilu'
  | 'Unsqueeze'
  | 'ConstantOfShape'
  | 'CumSum'
  | 'Range'
  | 'ReduceMax'
  | 'ReduceMin'
  | 'ReduceProd'
  | 'ReduceSum';

/** Every kernel, by operator key. A missing one does not compile. */
export const kernels: { readonly [Op in FoldedOp]: Kernel } = {
  ...elementwiseKernels,
  ...movementKernels,
  ...countingKernels,
};
