import type { Labels } from '@layersense/contracts';
import type { GraphBuilder, Value } from '@layersense/onnx-ir';
import type { ParameterUse } from '../per-example/parameter-uses.js';
import { attachChunkedHead } from './chunked-head.js';
import { attachLoss } from './cross-entropy.js';
import { findOutputHead, type OutputHead } from './output-head.js';

/** Elements of logits at which they are computed in chunks of the vocabulary: 64 MB of float32. */
export const LOGIT_CHUNK_ELEMENTS = 2 ** 24;
/** Elements of logits whose cotangent is worth reducing before the backward pass: 1 MB of float32. */
const REDUCED_AT_ONCE_ELEMENTS = 2 ** 18;

type Uses = ReadonlyMap<string, readonly ParameterUse[]>;

/** The loss, where differentiation starts, and the uses of parameters as the statistics see them. */
export interface HeadLoss {
  readonly losses: Value;
  readonly seeds: ReadonlyMap<string, Value>;
  readonly uses: Uses;
}

export interface HeadLossOptions {
  readonly logits: Value;
  readonly batch: number;
  readonly labels: Labels;
  readonly chunkElements?: number | undefined;
  /** Whether the statistics of the head's weight are to have marginals. */
  readonly marginals?: boolean | undefined;
}

/**
 * Attaches the loss: over all logits at once where these are small; otherwise their cotangent is
 * reduced to what is wanted of it before the backward pass, in chunks of the vocabulary where it is
 * large, so that memory does not grow with vocabulary × tokens. Labels drawn from the model are the same
 * in chunks but for rounding: where u lies within it of the cumulative distribution, the neighbour may be
 * drawn. Logits that need no chunks are left whole for them, so that few runs meet two roundings.
 *
 * @param lookupsOf tokens looked up in a parameter anywhere in the model, as values of this graph
 */
export function attachHeadLoss(
  g: GraphBuilder,
  options: HeadLossOptions,
  uses: Uses,
  lookupsOf: (parameter: string) => readonly Value[],
): HeadLoss {
  const {
    logits,
    batch,
    labels,
    chunkElements = LOGIT_CHUNK_ELEMENTS,
    marginals = false,
  } = options;
  const [rows = 0, vocabulary = 0] = logits.shape;
  const reducedAtOnce = labels === 'data' ? REDUCED_AT_ONCE_ELEMENTS : chunkElements;
  const isLarge = rows * vocabulary > Math.min(chunkElements, reducedAtOnce);
  const head = isLarge ? findOutputHead(g, logits) : undefined;
  if (!head || !isHeadOf(uses, head)) {
    const { losses, logitsCotangent } = attachLoss(g, { logits, batch, labels });
    return { losses, seeds: new Map([[logits.name, logitsCotangent]]), uses };
  }
  const chunk = chunkSize(vocabulary, Math.max(1, Math.floor(chunkElements / rows)));
  const lookups = lookupsOf(head.weight.name);
  const { losses, inputCotangent, weightUse, biasUse } = g.scope('head', () =>
    attachChunkedHead(g, head, { batch, chunk, labels, lookups, marginals }),
  );
  const ofHead = new Map<string, ParameterUse | undefined>([
    [head.weight.name, weightUse],
    [head.bias?.name ?? '', biasUse],
  ]);
  return {
    losses,
    seeds: new Map([[head.x.name, inputCotangent]]),
    uses: new Map(
      [...uses].map(([name, each]) => {
        const use = ofHead.get(name);
        return [name, use ? [...each.filter((other) => !isAt(head, other)), use] : each];
      }),
    ),
  };
}

/** Whether weight and bias are scored, and the bias is added nowhere else. */
function isHeadOf(uses: Uses, { weight, bias }: OutputHead): boolean {
  return uses.has(weight.name) && (!bias || uses.get(bias.name)?.length === 1);
}

function isAt({ outputs }: OutputHead, { output }: ParameterUse): boolean {
  return outputs.has(output.name);
}

/**
 * At most `most` entries of the vocabulary, and all chunks of one size where up to twice as many as
 * needed are: ONNX Runtime keeps buffers for values of one shape, so a remainder would have its own.
 */
function chunkSize(vocabulary: number, most: number): number {
  const least = Math.ceil(vocabulary / most);
  for (let chunks = least; chunks <= 2 * least; chunks++) {
    if (vocabulary % chunks === 0) return vocabulary / chunks;
  }
  return most;
}
