import { LayersenseError } from '@layersense/contracts';
import type { DecodedModel, DecodedNode } from '@layersense/onnx-ir';
import { orInvalidFile } from './errors.js';
import { neededNodes } from './needed-nodes.js';
import { groupParameters, type OnnxParameter, type OnnxParameterUses } from './onnx-parameters.js';
import { dequantizeNodes } from './quantized-nodes.js';
import type { StoredTensor } from './quantized-tensor.js';
import { refuseUnsupported } from './refuse-unsupported.js';
import type { ReadStored } from './same-content.js';
import { storedUses } from './stored-uses.js';
import { OLDEST_OPSET } from './upgrade-node.js';

/** An ONNX file that can be scored, with the parts that scoring needs. */
export interface OnnxModel {
  /** Base name of the file. */
  readonly file: string;
  readonly decoded: DecodedModel;
  /** What is stored, and the values of what is stored as integers. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the logits depend on, in topological order. */
  readonly nodes: readonly DecodedNode[];
  readonly uses: OnnxParameterUses;
  /** The parameters in the order of their first use. */
  readonly parameters: readonly OnnxParameter[];
}

/**
 * Finds out what a decoded ONNX file computes and which parameters it has.
 *
 * @param file base name of the file, for messages.
 * @param read reads stored tensors, to find those that the file holds twice.
 * @throws LayersenseError `checkpoint_invalid`, `checkpoint_missing`, `model_type_unsupported`,
 *   `unsupported_operator`, `dtype_unsupported`
 */
export async function parseOnnxModel(
  decoded: DecodedModel,
  file: string,
  read: ReadStored,
): Promise<OnnxModel> {
  const opset = decoded.opsets.get('') ?? 0;
  if (opset < OLDEST_OPSET) {
    throw new LayersenseError(
      'unsupported_operator',
      `${file} is written in opset ${opset}; ${OLDEST_OPSET} is the oldest that is read. Export the model at opset 17 or later.`,
      { opset },
    );
  }
  const { nodes, tensors } = orInvalidFile(file, () => {
    const needed = neededNodes(decoded, logitsOf(decoded, file));
    refuseUnsupported(needed, file);
    return dequantizeNodes(needed, decoded, file);
  });
  const uses = await groupParameters(storedUses(tensors, nodes), tensors, read);
  const parameters = new Set(
    nodes.flatMap((node) => [...(uses.get(node)?.values() ?? [])].map((use) => use.parameter)),
  );
  if (parameters.size === 0) {
    throw new LayersenseError(
      'checkpoint_missing',
      `${file} holds no weight that a score could be given to. Use the file that the exporter wrote, with its weights.`,
      { file },
    );
  }
  return { file, decoded, tensors, nodes, uses, parameters: [...parameters] };
}

/** The name of the output that holds the logits. */
export function logitsOf({ outputs }: Pick<DecodedModel, 'outputs'>, file: string): string {
  const [only] = outputs;
  const logits = outputs.find(({ name }) => name === 'logits') ?? (outputs.length === 1 && only);
  if (logits) return logits.name;
  throw new LayersenseError(
    'model_type_unsupported',
    `${file} has no output named logits, but ${outputs.map(({ name }) => name).join(', ') || 'none at all'}. Export the model with its head (optimum: --task text-generation, fill-mask or text-classification).`,
    { outputs: outputs.map(({ name }) => name) },
  );
}
