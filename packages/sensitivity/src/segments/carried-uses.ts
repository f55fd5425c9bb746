import { LayersenseError } from '@layersense/contracts';
import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { exampleRows, gram, innerProduct } from '../per-example/example-rows.js';
import type { ParameterUse } from '../per-example/parameter-uses.js';

/**
 * What a segment hands to earlier ones about its use of a parameter that they use too: enough for
 * the inner product of the gradients, and never a tensor as wide as the vocabulary.
 */
export type CarriedUse =
  /** What the lookup of `tokens` in the same table needs: x [B, S, K] and δₛ[tokenₜ] [B, S, T]. */
  | {
      readonly kind: 'lookup';
      readonly tokens: string;
      readonly x: Value;
      readonly atTokens: Value;
    }
  /** What another projection by the same matrix needs: x [B, S, K] and δ [B, S, N]. */
  | { readonly kind: 'rows'; readonly x: Value; readonly delta: Value };

export interface UseContext {
  readonly g: GraphBuilder;
  readonly batch: number;
  readonly cotangentOf: (value: Value) => Value;
}

/** Describes `later` to the segment that holds `earlier`, whose tokens are a value of this graph too. */
export function carryUse(
  { g, batch, cotangentOf }: UseContext,
  later: ParameterUse,
  earlier: ParameterUse,
): CarriedUse {
  if (later.kind === 'head' && earlier.kind === 'embedding') {
    const atTokens = later.atTokens.get(earlier.tokens.name);
    if (!atTokens) throw unsupported(later, earlier);
    const x = exampleRows(g, later.x, batch);
    return { kind: 'lookup', tokens: earlier.tokens.name, x, atTokens };
  }
  if (later.kind !== 'linear') throw unsupported(later, earlier);
  const x = exampleRows(g, later.x, batch);
  const delta = exampleRows(g, cotangentOf(later.output), batch);
  if (earlier.kind === 'linear') return { kind: 'rows', x, delta };
  if (earlier.kind !== 'embedding' || !later.transposed) throw unsupported(later, earlier);
  const row = g.reshape(g.value(earlier.tokens.name), [batch, 1, -1]);
  const indices = g.op('Expand', [row, g.int64([batch, delta.shape[1] ?? 0, row.shape[2] ?? 0])]);
  const atTokens = g.op('GatherElements', [delta, indices], { axis: int(2) });
  return { kind: 'lookup', tokens: earlier.tokens.name, x, atTokens };
}

/**
 * ⟨G_earlier, G_later⟩ per example: Σₜₛ δ′ₛ[tokenₜ] (δₜ·x′ₛ) for a lookup, and
 * Σₜₛ (xₜ·x′ₛ)(δₜ·δ′ₛ) for a projection; primes mark what was carried.
 */
export function carriedInnerProduct(
  { g, batch, cotangentOf }: UseContext,
  earlier: ParameterUse,
  later: CarriedUse,
): Value {
  const delta = exampleRows(g, cotangentOf(earlier.output), batch);
  if (later.kind === 'lookup') return innerProduct(g, later.atTokens, gram(g, later.x, delta));
  if (earlier.kind !== 'linear') throw unsupported({ kind: 'linear' }, earlier);
  const x = exampleRows(g, earlier.x, batch);
  return innerProduct(g, gram(g, x, later.x), gram(g, delta, later.delta));
}

/** Whether `later` was carried for `earlier`: for its tokens, or for any projection. */
export function isCarriedFor(later: CarriedUse, earlier: ParameterUse): boolean {
  return later.kind === 'lookup'
    ? earlier.kind === 'embedding' && earlier.tokens.name === later.tokens
    : earlier.kind !== 'embedding';
}

/** The tensors of a carried use: outputs of one graph, inputs of the others. */
export function carriedTensors(use: CarriedUse): readonly Value[] {
  return use.kind === 'lookup' ? [use.x, use.atTokens] : [use.x, use.delta];
}

type Kind = Pick<ParameterUse, 'kind'>;

function unsupported(later: Kind, earlier: Kind): LayersenseError {
  return new LayersenseError(
    'unsupported_operator',
    `A parameter is used as ${earlier.kind} early in the model and as ${later.kind} later, which only the whole plan can score. Choose --plan whole.`,
    { earlier: earlier.kind, later: later.kind },
  );
}
