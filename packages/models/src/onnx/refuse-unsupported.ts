import { LayersenseError } from '@layersense/contracts';
import { canFold, type DecodedNode, hasInferenceRule, operatorKey } from '@layersense/onnx-ir';
import { firstFew } from './errors.js';
import { groupBy } from './group-by.js';

const CONTROL_FLOW = ['If', 'Loop', 'Scan'];

/** What rounds activations, or computes on integers: its derivative is zero almost everywhere. */
const ROUNDS_ACTIVATIONS = [
  'com.microsoft.DynamicQuantizeLSTM',
  'com.microsoft.DynamicQuantizeMatMul',
  'com.microsoft.MatMulIntegerToFloat',
  'com.microsoft.QAttention',
  'com.microsoft.QEmbedLayerNormalization',
  'com.microsoft.QGemm',
  'com.microsoft.QLinearAdd',
  'com.microsoft.QLinearMul',
  'com.microsoft.QuantizeLinear',
  'ConvInteger',
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'QLinearConv',
  'QLinearMatMul',
  'QuantizeLinear',
];

/** Integer weights whose values no formula is known for here. */
const UNKNOWN_WEIGHTS = ['com.microsoft.MatMulBnb4', 'com.microsoft.QMoE'];

/** What only ONNX Runtime's own optimiser writes; no exporter and no model builder does. */
const OPTIMISED = [
  'com.microsoft.BiasSplitGelu',
  'com.microsoft.EmbedLayerNormalization',
  'com.microsoft.FusedGemm',
  'com.microsoft.FusedMatMul',
  'com.microsoft.TransposeMatMul',
];

/** What the import writes with other operators, or as a constant. */
const REWRITTEN = ['Constant', 'CastLike', 'DequantizeLinear', 'com.microsoft.DequantizeLinear'];

/**
 * Everything about a graph's operators that rules it out, before any of it is built.
 *
 * @throws LayersenseError `unsupported_operator`, `dtype_unsupported`
 */
export function refuseUnsupported(nodes: readonly DecodedNode[], file: string): void {
  const nodesOf = (operators: readonly string[]) =>
    nodes.filter((node) => operators.includes(operatorKey(node)));
  refuseNodes(nodesOf(CONTROL_FLOW), (listing) =>
    unsupported(
      `${file} branches or loops while it runs: ${listing}. Export the model for one task with dynamic axes and without a merged decoder (optimum: --no-post-process).`,
    ),
  );
  refuseNodes(nodesOf(ROUNDS_ACTIVATIONS), (listing) => ({
    code: 'dtype_unsupported',
    message: `${file} rounds activations to integers: ${listing}. Rounding has no derivative, so there is no gradient to score; score the model before it is quantised, or one of which the weights alone are quantised.`,
  }));
  refuseNodes(nodesOf(UNKNOWN_WEIGHTS), (listing) => ({
    code: 'dtype_unsupported',
    message: `${file} stores weights in a way whose values are not known here: ${listing}. Score the model before it is quantised, or quantise it to MatMulNBits.`,
  }));
  refuseNodes(nodesOf(OPTIMISED), (listing) =>
    unsupported(
      `${file} was already optimised for inference: ${listing}. Use the file that the exporter wrote, before optimisation.`,
    ),
  );
  const unknown = nodes.filter(
    (node) => !REWRITTEN.includes(operatorKey(node)) && !hasInferenceRule(node) && !canFold(node),
  );
  refuseNodes(unknown, (listing) =>
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

/**
 * Throws if there are any `nodes`; all of them are in the error's context.
 *
 * @throws LayersenseError as `refusal` says
 */
export function refuseNodes(
  nodes: readonly DecodedNode[],
  refusal: (listing: string) => Refusal,
): void {
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
