import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';

/** Where the router of one layer of experts sends its tokens. */
export interface Routing {
  /** int64 [batch · length, experts per token]: the experts of every token, by number. */
  readonly chosen: Value;
  /** The parameters that see only the tokens sent to an expert, by expert. */
  readonly experts: readonly (readonly string[])[];
}

/** What counting needs of a model, or of the segment of one that `g` holds. */
interface RoutedModel {
  readonly shape: { readonly batch: number; readonly length: number };
  readonly logits: Value;
  readonly routings?: readonly Routing[];
}

/** A graph output with the number of tokens per example and expert, [batch, experts]. */
export interface RoutedTokensOutput extends Pick<Routing, 'experts'> {
  readonly output: string;
}

/** The counts of every layer of experts that `g` computes, and what they are as its outputs. */
export function countRoutedTokens(
  g: GraphBuilder,
  { shape, logits, routings = [] }: RoutedModel,
): { readonly counts: readonly Value[]; readonly outputs: readonly RoutedTokensOutput[] } {
  const here = routings.filter(({ chosen }) => g.values.has(chosen.name));
  const counts = here.map((routing) =>
    g.scope('routed_tokens', () => routedTokens(g, routing, shape, logits.dtype)),
  );
  const outputs = here.map(({ experts }, i) => ({ experts, output: counts[i]?.name ?? '' }));
  return { counts, outputs };
}

/**
 * How many tokens of each example the router sent to each expert: [batch, experts]. Every token of an
 * example counts, its last one, which predicts nothing, too; padding does not. The counts are exact:
 * float32 holds every integer up to 2²⁴, and no example is that long.
 *
 * Adds the input `token_mask` [batch · length], 1 where there is a token and 0 where there is padding.
 */
function routedTokens(
  g: GraphBuilder,
  { chosen, experts }: Routing,
  { batch, length }: RoutedModel['shape'],
  dtype: Value['dtype'],
): Value {
  const rows = batch * length;
  const mask = g.values.get('token_mask') ?? g.input('token_mask', dtype, [rows]);
  const sent = g.op('Expand', [g.reshape(mask, [rows, 1]), g.int64(chosen.shape)]);
  const nowhere = g.op('Expand', [g.scalar(0, dtype), g.int64([rows, experts.length])]);
  const byToken = g.op('ScatterElements', [nowhere, chosen, sent], { axis: int(1) });
  return g.reduceSum(g.reshape(byToken, [batch, length, experts.length]), [1]);
}
