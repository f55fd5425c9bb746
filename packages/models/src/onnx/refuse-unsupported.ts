import { LayersenseError } from '@layersense/contracts';
import { canFold, type DecodedNode, hasInferenceRule, operatorKey } from '@layersense/onnx-ir';
import { firstFew } from './errors.js';
import { groupBy } from './group-by.js';

const CONTROL_FLOW = ['If', 'Loop', 'Scan'];

/** Weights that exist only as integers have no gradient. */
const QUANTISED = [
  'com.microsoft.GatherBlockQuantized',
  'com.microsoft.MatMulBnb4',
  'com.microsoft.MatMulNBits',
  'com.microsoft.QMoE',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'QLinearMatMul',
];

/** What only ONNX Runtime's own optimiser writes; no exporter and no model builder does. */
const OPTIMISED = [
  'com.microsoft.BiasSplitGelu',
  'com.microsoft.EmbedLayerNormalization',
  'com.microsoft.FusedGemm',
  'com.microsoft.FusedMatMul',
  'com.microsoft.TransposeMatMul',
];

/** What the import writes with other operators, or as a constant. */
const REWRITTEN = ['Constant', 'CastLike'];

/**
 * Everything about a graph's operators that rules it out, before any of it is built.
 *
 * @throws LayersenseError `unsupported_operator`, `dtype_unsupported`
 */
export function refuseUnsupported(nodes: readonly DecodedNode[], file: string): void {
  const nodesOf = (operators: readonly string[]) =>
    nodes.filter((node) => operators.includes(operatorKey(node)));
  refuse(nodesOf(CONTROL_FLOW), (listing) =>
    unsupported(
      `${file} branches or loops while it runs: ${listing}. Export the model for one task with dynamic axes and without a merged decoder (optimum: --no-post-process).`,
    ),
  );
  refuse(nodesOf(QUANTISED), (listing) => ({
    code: 'dtype_unsupported',
    message: `${file} stores weights as integers only: ${listing}. Integer weights have no gradient; score the model before it is quantised.`,
  }));
  refuse(nodesOf(OPTIMISED), (listing) =>
    unsupported(
      `${file} was already optimised for inference: ${listing}. Use the file that the exporter wrote, before optimisation.`,
    ),
  );
  const unknown = nodes.filter(
    (node) => !REWRITTEN.includes(operatorKey(node)) && !hasInferenceRule(node) && !canFold(node),
  );
  refuse(unknown, (listing) =>
    unsupported(
      `${file} uses operators that are not supported: ${listing}. Export the model with torch.onnx.export or optimum at opset 17 to 23, in standard operators.`,
    ),
  );
}

interface Refusal {
  readonly code: 'unsupported_operator' | 'dtype_unsupported';
  readonly message: string;
}

const unsupported = (message: string): Refusal => ({ code: 'unsupported_operator', message });

/** Throws if there are any `nodes`; all of them are in the error's context. */
function refuse(nodes: readonly DecodedNode[], refusal: (listing: string) => Refusal): void {
  if (nodes.length === 0) return;
  const byOperator = groupBy(nodes, operatorKey);
  const listing = [...byOperator].map(
    ([operator, users]) => `${operator} (${firstFew(users.map(({ name }) => name))})`,
  );
  const { code, message } = refusal(firstFew(listing, 20));
  throw new LayersenseError(code, message, {
    operators: [...byOperator.keys()],
    nodes: nodes.map(({ name }) => name),
  });
}
