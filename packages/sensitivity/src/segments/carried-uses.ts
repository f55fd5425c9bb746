import { LayersenseError } from '@layersense/contracts';
import { type GraphBuilder, int, type Value } from '@layersense/onnx-ir';
import { exampleRows, gram, sumTrailing } from '../per-example/example-rows.js';
import { factorsOf } from '../per-example/factors.js';
import type { GramProduct, GramTerm } from '../per-example/gram-terms.js';
import type { ParameterUse } from '../per-example/parameter-uses.js';
import type { StatisticContext } from '../per-example/statistic-context.js';

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

export type UseContext = Pick<StatisticContext, 'g' | 'batch' | 'cotangentOf'>;

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
  if (earlier.kind === 'linear' && earlier.transposed === later.transposed) {
    return { kind: 'rows', x, delta };
  }
  if (earlier.kind !== 'embedding' || !later.transposed) throw unsupported(later, earlier);
  const row = g.reshape(g.value(earlier.tokens.name), [batch, 1, -1]);
  const indices = g.op('Expand', [row, g.int64([batch, delta.shape[1] ?? 0, row.shape[2] ?? 0])]);
  const atTokens = g.op('GatherElements', [delta, indices], { axis: int(2) });
  return { kind: 'lookup', tokens: earlier.tokens.name, x, atTokens };
}

/**
 * ⟨G_later, G_earlier⟩ per example: Σₜₛ δ′ₛ[tokenₜ] (δₜ·x′ₛ) for a lookup, and
 * Σₜₛ (xₜ·x′ₛ)(δₜ·δ′ₛ) for a projection; primes mark what was carried.
 */
export function carriedTerm(
  context: StatisticContext,
  earlier: ParameterUse,
  later: CarriedUse,
): GramTerm {
  const { g, batch, cotangentOf } = context;
  const delta = exampleRows(g, cotangentOf(earlier.output), batch);
  if (later.kind === 'lookup' && earlier.kind === 'embedding') {
    const firstGram = later.atTokens;
    const secondGram = gram(g, later.x, delta);
    return crossTerm(
      g,
      { firstGram, secondGram, product: g.mul(firstGram, secondGram) },
      {
        u: () => ({ first: undefined, second: later.x }),
        v: () => factorsOf(context, earlier),
      },
    );
  }
  if (later.kind !== 'rows' || earlier.kind !== 'linear') {
    throw unsupported({ kind: 'linear' }, earlier);
  }
  const x = exampleRows(g, earlier.x, batch);
  const ofInputs = gram(g, x, later.x);
  const ofCotangents = gram(g, delta, later.delta);
  const product = g.mul(ofInputs, ofCotangents);
  return earlier.transposed
    ? crossTerm(
        g,
        { firstGram: ofCotangents, secondGram: ofInputs, product },
        {
          u: () => ({ first: delta, second: x }),
          v: () => ({ first: later.delta, second: later.x }),
        },
      )
    : crossTerm(
        g,
        { firstGram: ofInputs, secondGram: ofCotangents, product },
        {
          u: () => ({ first: x, second: delta }),
          v: () => ({ first: later.x, second: later.delta }),
        },
      );
}

function crossTerm(
  g: GraphBuilder,
  grams: GramProduct,
  factors: Pick<GramTerm, 'u' | 'v'>,
): GramTerm {
  return { ...grams, ...factors, isSquare: false, innerProduct: sumTrailing(g, grams.product) };
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
