import { type DecodedNode, intAttribute } from '@layersense/onnx-ir';
import type { ParameterPart } from '../forward.js';
import type { OnnxModel } from './onnx-model.js';
import type { OnnxParameterUse } from './onnx-parameters.js';

/**
 * The queries, keys and values of projections that compute all three at once, which
 * GroupQueryAttention takes as one operand. By the packed parameter's name.
 */
export function packedParts({
  nodes,
  uses,
}: Pick<OnnxModel, 'nodes' | 'uses'>): ReadonlyMap<string, readonly ParameterPart[]> {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node])));
  const parts = new Map<string, readonly ParameterPart[]>();
  for (const node of nodes) {
    if (node.opType !== 'GroupQueryAttention' || (node.inputs[1] ?? '') !== '') continue;
    const keyHeads = intAttribute(node, 'kv_num_heads', 0);
    const heads = { q: intAttribute(node, 'num_heads', 0), k: keyHeads, v: keyHeads };
    for (const use of projectionOf(node.inputs[0] ?? '', producers, uses)) {
      parts.set(use.parameter.name, consecutive(use, heads));
    }
  }
  return parts;
}

/** The parameters of the matrix product, and of the bias after it, that make a value. */
function projectionOf(
  value: string,
  producers: ReadonlyMap<string, DecodedNode>,
  uses: OnnxModel['uses'],
): readonly OnnxParameterUse[] {
  const node = producers.get(value);
  const products = node?.opType === 'Add' ? node.inputs.map((name) => producers.get(name)) : [];
  return [node, ...products].flatMap((each) =>
    each && PROJECTION.includes(each.opType) ? [...(uses.get(each)?.values() ?? [])] : [],
  );
}

const PROJECTION = ['Add', 'Gemm', 'MatMul'];

/** Slices of the axis of outputs, in the parameter's value in the graph. */
function consecutive(
  { parameter, transposed }: OnnxParameterUse,
  heads: Readonly<Record<string, number>>,
): readonly ParameterPart[] {
  const stored = parameter.transposed ? parameter.shape.toReversed() : parameter.shape;
  const graphShape = parameter.turned ? stored.toReversed() : stored;
  const axis = transposed ? 0 : graphShape.length - 1;
  const total = Object.values(heads).reduce((sum, count) => sum + count, 0);
  const width = (graphShape[axis] ?? 0) / total;
  let end = 0;
  return Object.entries(heads).map(([name, count]) => {
    const start = end;
    end += count * width;
    return { name, axis, start, end };
  });
}
