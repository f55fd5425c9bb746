import type { BatchShape, CalibrationSet } from '@layersense/calibration';
import { type FisherParams, LayersenseError } from '@layersense/contracts';
import type { Checkpoint } from '@layersense/model-source';
import { buildForward, type ParsedModel } from '@layersense/models';
import { estimateMemory, type Graph } from '@layersense/onnx-ir';
import { buildSegments, buildSensitivityGraph, type SegmentGraphs } from '@layersense/sensitivity';
import { LARGEST_TOKEN_BUDGET, largestBatch } from '../pending-batches.js';
import type { PlanName } from './fisher-plan.js';

export interface PlanChoice {
  readonly name: PlanName;
  /** Tokens of a batch, padding included. */
  readonly tokenBudget: number;
  /** Of this process and the compute process together. */
  readonly estimatedBytes: number;
  /** Of the tensors between segments, how many bytes may stay in memory. */
  readonly storeBytes: number;
  readonly reason: string;
}

/** Resident in a compute process before it runs, sessions included. */
const PROCESS_BYTES = 130e6;
/** What the allocator holds beyond what is alive. */
const FRAGMENTATION = 1.15;
/** Of what the machine or the container still has, when nobody says how much may be used. */
const SHARE_OF_AVAILABLE = 0.8;
/** Of the limit, for the tensors between streamed segments; more of them goes to disk. */
const STORE_SHARE = 0.25;

/** From the fastest to the one that needs least. */
const plans: readonly PlanName[] = ['whole', 'checkpointed', 'streamed'];

interface Request {
  readonly model: ParsedModel;
  readonly checkpoint: Checkpoint;
  readonly set: CalibrationSet;
  readonly params: FisherParams;
}

/**
 * The fastest plan, with the largest batches, whose estimated peak is within the limit. Estimates
 * come from the graphs themselves: sizes and lifetimes of their tensors in execution order.
 *
 * @throws LayersenseError `out_of_memory` naming the smallest limit that would do
 */
export function choosePlan(request: Request): PlanChoice {
  const { params } = request;
  const limit =
    params.memory_limit_bytes ?? Math.floor(process.availableMemory() * SHARE_OF_AVAILABLE);
  const asked = params.plan ?? 'auto';
  const candidates = asked === 'auto' ? plans : [asked];
  const segmentsOf = segmentsByShape(request);
  let smallest = Number.POSITIVE_INFINITY;
  for (const name of candidates) {
    for (const tokenBudget of tokenBudgets(params)) {
      const estimatedBytes = estimate(name, tokenBudget, request, segmentsOf, limit);
      smallest = Math.min(smallest, estimatedBytes);
      // A plan that was asked for and no limit that was set: whoever asks knows.
      const fits = estimatedBytes <= limit;
      if (!fits && (asked === 'auto' || params.memory_limit_bytes !== undefined)) continue;
      const fastest = name === plans[0] && tokenBudget === LARGEST_TOKEN_BUDGET;
      const why = asked === 'auto' ? (fastest ? 'fastest' : 'the fastest that fits') : 'asked for';
      const reason = `${why}: an estimated ${mebibytes(estimatedBytes)} of ${mebibytes(limit)}`;
      const storeBytes = name === 'streamed' ? limit * STORE_SHARE : Number.MAX_SAFE_INTEGER;
      return { name, tokenBudget, estimatedBytes, storeBytes, reason };
    }
  }
  throw new LayersenseError(
    'out_of_memory',
    `No plan fits: the least that ${asked === 'auto' ? 'any plan' : `the ${asked} plan`} needs is about ${mebibytes(smallest)}, and ${mebibytes(limit)} may be used. Raise memory_limit (--memory-limit) to ${mebibytes(smallest)}, or lower max_length${params.batch_size === undefined ? '' : ' or batch_size'}.`,
    { limit_bytes: limit, smallest_sufficient_bytes: Math.ceil(smallest) },
  );
}

function tokenBudgets({ batch_size: batchSize }: FisherParams): readonly number[] {
  return batchSize === undefined
    ? [LARGEST_TOKEN_BUDGET, LARGEST_TOKEN_BUDGET / 2, LARGEST_TOKEN_BUDGET / 4, 1]
    : [LARGEST_TOKEN_BUDGET];
}

function estimate(
  name: PlanName,
  tokenBudget: number,
  { model, checkpoint, set, params }: Request,
  segmentsOf: (shape: BatchShape) => readonly SegmentGraphs[],
  limit: number,
): number {
  const shape = largestBatch(set, { params, tokenBudget });
  const base = process.memoryUsage().rss + PROCESS_BYTES;
  if (name === 'whole') {
    const forward = buildForward(model, checkpoint.tensors, shape);
    return base + graphBytes([buildSensitivityGraph(forward, { labels: params.labels }).graph]);
  }
  const segments = segmentsOf(shape);
  const graphs = segments.flatMap(({ forward: f, backward }) => (f ? [f, backward] : [backward]));
  const boundaries = boundaryBytes(segments);
  if (name === 'checkpointed') return base + graphBytes(graphs) + boundaries;
  const ofAllExamples = (boundaries * set.tokens) / (shape.batch * shape.length);
  const stored = Math.min(ofAllExamples, limit * STORE_SHARE);
  return base + Math.max(...graphs.map((graph) => graphBytes([graph]))) + stored;
}

/** Two plans share the segments of a shape, and short examples have one shape for several budgets. */
function segmentsByShape({ model, checkpoint, params }: Request) {
  const known = new Map<string, readonly SegmentGraphs[]>();
  return (shape: BatchShape): readonly SegmentGraphs[] => {
    const key = `${shape.batch}×${shape.length}`;
    const segments =
      known.get(key) ??
      buildSegments(buildForward(model, checkpoint.tensors, shape), { labels: params.labels });
    known.set(key, segments);
    return segments;
  };
}

/** Every open graph maps its own weights; the activations are those of one graph at a time. */
function graphBytes(graphs: readonly Graph[]): number {
  const estimates = graphs.map(estimateMemory);
  const activations = Math.max(...estimates.map(({ activationBytes }) => activationBytes));
  const mapped = estimates.reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  return FRAGMENTATION * activations + mapped;
}

/** One tensor per cut, of one batch. */
function boundaryBytes(segments: readonly SegmentGraphs[]): number {
  return segments.reduce((sum, { start, backward }) => {
    const value = start === undefined ? undefined : backward.values.get(start);
    return sum + (value ? 4 * value.shape.reduce((a, b) => a * b, 1) : 0);
  }, 0);
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
