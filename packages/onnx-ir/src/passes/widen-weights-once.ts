import { elementTypeFromOnnxCode } from '../graph/element-type.js';
import {
  type GraphMessage,
  type ModelMessage,
  modelProto,
  type NodeMessage,
  toNumber,
} from '../serde/onnx-schema.js';

export interface WidenedOnce {
  readonly model: Uint8Array;
  /** Nodes that still handle half-precision values, such as the look-up of an embedding's rows. */
  readonly halfPrecisionNodes: readonly string[];
}

/**
 * The inverse of `oneCastPerUse`, on an encoded model of this project: a half-precision weight is
 * widened by one Cast for all its uses. A runtime that folds constants then keeps one float32 copy of
 * the weight, and nothing but `halfPrecisionNodes` is left that needs half-precision arithmetic.
 */
export function widenWeightsOnce(model: Uint8Array): WidenedOnce {
  const message = modelProto.decode(model) as ModelMessage;
  const graph = message.graph ?? {};
  const half = halfPrecisionInitializers(graph);
  if (half.size === 0) return { model, halfPrecisionNodes: [] };
  const shared = shareCasts(graph.node ?? [], half);
  const bytes = modelProto.encode({ ...message, graph: { ...graph, node: shared } }).finish();
  return {
    model: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    halfPrecisionNodes: nodesInHalfPrecision(shared, half),
  };
}

function halfPrecisionInitializers({ initializer = [] }: GraphMessage): ReadonlySet<string> {
  return new Set(
    initializer.flatMap(({ name = '', dataType }) => (isHalf(dataType) ? [name] : [])),
  );
}

function shareCasts(nodes: readonly NodeMessage[], half: ReadonlySet<string>): NodeMessage[] {
  const casts = new Map<string, string>();
  const renamed = new Map<string, string>();
  const kept: NodeMessage[] = [];
  for (const node of nodes) {
    const [weight = '', output = ''] = [node.input?.[0], node.output?.[0]];
    const key = node.opType === 'Cast' && half.has(weight) ? `${weight}\n${castTo(node)}` : '';
    const first = casts.get(key);
    if (first !== undefined) {
      renamed.set(output, first);
      continue;
    }
    if (key !== '') casts.set(key, output);
    kept.push({ ...node, input: (node.input ?? []).map((name) => renamed.get(name) ?? name) });
  }
  return kept;
}

/** Follows half-precision values from the weights on; a weight's own Cast is folded, not run. */
function nodesInHalfPrecision(
  nodes: readonly NodeMessage[],
  weights: ReadonlySet<string>,
): readonly string[] {
  const half = new Set(weights);
  return nodes.flatMap((node) => {
    const { name = '', opType, input = [], output = [] } = node;
    if (!input.some((value) => half.has(value))) return [];
    if (opType !== 'Cast' || isHalf(castTo(node))) for (const value of output) half.add(value);
    return opType === 'Cast' && weights.has(input[0] ?? '') ? [] : [name];
  });
}

function castTo({ attribute = [] }: NodeMessage): number {
  return toNumber(attribute.find(({ name }) => name === 'to')?.i);
}

function isHalf(onnxCode: number | undefined): boolean {
  const dtype = elementTypeFromOnnxCode(onnxCode ?? 0);
  return dtype === 'float16' || dtype === 'bfloat16';
}
