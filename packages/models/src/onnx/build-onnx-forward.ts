import { LayersenseError } from '@layersense/contracts';
import { elementCount, GraphBuilder, type Value } from '@layersense/onnx-ir';
import type { Arithmetic, BatchShape, ForwardGraph } from '../forward.js';
import { type BoundInput, bindInputs } from './bind-inputs.js';
import { orInvalidFile } from './errors.js';
import { GraphImport } from './graph-import.js';
import { logitsOf, type OnnxModel } from './onnx-model.js';
import type { OnnxParameter } from './onnx-parameters.js';
import { packedParts } from './packed-parts.js';

/** Graphs are written against this opset or the file's own, if that is newer. */
const OPSET = 18;

export interface OnnxForwardOptions {
  /**
   * Whether the model looks both ways, so that padding must be hidden from it. `attention_mask` and,
   * where the file has it, `token_type_ids` are then inputs of the graph, int64 [batch, length].
   */
  readonly encoder?: boolean;
  readonly arithmetic?: Arithmetic | undefined;
}

/**
 * The forward pass of an ONNX file for one batch shape: the same kind of graph as a checkpoint's.
 * Operators that fuse others are still in it; `decompose` of the autodiff package writes them out.
 *
 * `logits` are [batch · length, vocabulary], or [batch, classes] of a sequence classifier.
 *
 * @throws LayersenseError when the file cannot take the batch, or is not valid.
 */
export function buildOnnxForward(
  model: OnnxModel,
  shape: BatchShape,
  { encoder = false, arithmetic = 'float32' }: OnnxForwardOptions = {},
): ForwardGraph {
  const { decoded, file } = model;
  const opset = Math.max(OPSET, decoded.opsets.get('') ?? OPSET);
  const g = new GraphBuilder(decoded.name || file, opset);
  const inputs = bindInputs(decoded, file, shape, { encoder });
  return orInvalidFile(file, () => {
    const graph = new GraphImport(g, model, arithmetic);
    for (const [name, input] of inputs) declare(graph, name, input);
    for (const node of model.nodes) graph.add(node);
    const logits = flattened(g, graph.value(logitsOf(decoded, file)), shape, file);
    return {
      builder: g,
      shape,
      arithmetic,
      inputIds: g.value('input_ids'),
      logits: g.cast(logits, arithmetic),
      parameters: model.parameters.map(({ name }) => name),
      parts: packedParts(model),
      routings: [],
      transposed: new Set(model.parameters.filter(inGraphTransposed).map(({ name }) => name)),
    };
  });
}

const inGraphTransposed = ({ transposed, turned }: OnnxParameter): boolean => transposed !== turned;

function declare(graph: GraphImport, name: string, input: BoundInput): void {
  if (input.kind === 'constant') graph.constant(name, input.tensor);
  else graph.input(name, input.shape);
}

function flattened(
  g: GraphBuilder,
  logits: Value,
  { batch, length }: BatchShape,
  file: string,
): Value {
  const [first, second, classes] = logits.shape;
  if (logits.shape.length === 2 && first === batch) return logits;
  if (logits.shape.length === 3 && first === batch && second === length) {
    return g.reshape(logits, [batch * length, classes ?? elementCount(logits.shape)]);
  }
  throw new LayersenseError(
    'tensor_mismatch',
    `The logits of ${file} have the shape [${logits.shape.join(', ')}] for ${batch} sequences of ${length} tokens. A model that scores its last token alone cannot be used; export it with the logits of every token (genai builder: without prune_lm_head).`,
    { shape: logits.shape.map(String) },
  );
}
