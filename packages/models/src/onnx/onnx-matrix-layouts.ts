import { type DecodedNode, intAttribute } from '@layersense/onnx-ir';
import { layoutOf, type MatrixLayout } from '../matrix-layouts.js';
import type { OnnxModel } from './onnx-model.js';
import type { OnnxParameterUse } from './onnx-parameters.js';
import { packedParts } from './packed-parts.js';

/** The matrices of an ONNX file by the parameter that stores them, as its nodes use them; vectors are none. */
export function onnxMatrixLayouts(model: OnnxModel): ReadonlyMap<string, MatrixLayout> {
  const inputsFirst = new Set<string>();
  for (const [node, uses] of model.uses) {
    const weight = uses.get(1);
    if (weight && multipliesInputsFirst(node, weight)) inputsFirst.add(weight.parameter.name);
  }
  const parts = packedParts(model);
  const matrices = model.parameters.filter(({ shape }) => shape.length === 2);
  return new Map(
    matrices.map(({ name, shape, transposed, turned }) => {
      // What the graph turns round is stored the other way, and so is the transpose of what a module holds.
      const storedInputsFirst = inputsFirst.has(name) !== turned;
      const heldInputsFirst = storedInputsFirst !== transposed;
      const orientation = { storedInputsFirst, heldInputsFirst };
      return [name, layoutOf(name, shape, orientation, parts.get(name))];
    }),
  );
}

/** Whether the value that stands for the parameter in the graph is W of x W, and not of x Wᵀ. */
function multipliesInputsFirst(node: DecodedNode, { transposed }: OnnxParameterUse): boolean {
  if (node.opType === 'MatMul') return !transposed;
  return node.opType === 'Gemm' && (intAttribute(node, 'transB', 0) === 1) === transposed;
}
