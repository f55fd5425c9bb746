import { LayersenseError } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import type { AxisSums } from './axis-sums.js';
import type { ParameterUse } from './parameter-uses.js';

/**
 * Where a graph has the marginals of a matrix: the sums of its squared gradient over inputs and over
 * outputs, per example. Which axis of the stored matrix is which depends on how it is used. A table of
 * embeddings has a row for each output, as the head has that may be tied to it.
 */
export interface MarginalOutputs {
  /** The matrix, or the part of a packed one: those of the whole follow from its parts. */
  readonly name: string;
  /** The graph output with Σᵦ gₐᵦ² for every output a: [batch, outputs]. */
  readonly byOutput: string;
  readonly outputs: number;
  /** The graph output with Σₐ gₐᵦ² for every input b: [batch, inputs]. */
  readonly byInput: string;
  readonly inputs: number;
}

/** @throws LayersenseError `unsupported_operator` where uses disagree on what the outputs are */
export function marginalOutputs(
  name: string,
  { first, second }: AxisSums,
  uses: readonly ParameterUse[],
): MarginalOutputs {
  const [byOutput, byInput] = hasOutputsFirst(name, uses) ? [first, second] : [second, first];
  return {
    name,
    byOutput: byOutput.name,
    outputs: widthOf(byOutput),
    byInput: byInput.name,
    inputs: widthOf(byInput),
  };
}

function hasOutputsFirst(name: string, uses: readonly ParameterUse[]): boolean {
  const turned = uses.filter((use) => use.kind === 'linear' && !use.transposed).length;
  if (turned === 0) return true;
  if (turned === uses.length) return false;
  throw new LayersenseError(
    'unsupported_operator',
    `${name} is used both as a matrix and as its transpose, so its marginals have no outputs and inputs. Score it without marginals.`,
    { parameter: name },
  );
}

function widthOf({ shape }: Value): number {
  return shape.at(-1) ?? 0;
}
