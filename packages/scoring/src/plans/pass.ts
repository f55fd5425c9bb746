import { createHash } from 'node:crypto';
import { canonicalJson } from '@layersense/contracts';
import { encodeModel, type Graph } from '@layersense/onnx-ir';
import type { BatchStatistics } from '@layersense/runs';
import type { Tensors } from '@layersense/runtime';
import type { SegmentGraphs } from '@layersense/sensitivity';
import type { DrawnBatch } from '../examples/pending-batches.js';
import { routedTokensOf, statisticOf } from './batch-feeds.js';

/** A backward graph against a forward graph: forward again, two products for one, and the norms. */
const BACKWARD_WORK = 3.5;

/** One batch on its way through the segments. */
export interface Pass {
  readonly batch: DrawnBatch;
  /** Tells its tensors and steps from those of other passes. */
  readonly key: string;
  readonly segments: readonly SegmentGraphs[];
  readonly feeds: Tensors;
  /** Keys of the tensors that later steps take. */
  readonly stored: Set<string>;
  readonly losses: Float64Array;
  /** The sum of the parts so far, by parameter. */
  readonly norms: ReadonlyMap<string, Float64Array>;
  readonly routedTokens: Map<string, readonly number[]>;
}

/** One graph of one pass. */
export interface Step {
  readonly pass: Pass;
  readonly index: number;
  readonly direction: 'forward' | 'backward';
  readonly segment: SegmentGraphs;
  readonly graph: Graph;
}

export function newPass(
  batch: DrawnBatch,
  key: string,
  segments: readonly SegmentGraphs[],
  feeds: Tensors,
): Pass {
  const parameters = segments.flatMap(({ norms }) => [...norms.keys()]);
  return {
    batch,
    key,
    segments,
    feeds,
    stored: new Set(),
    losses: new Float64Array(batch.batch),
    // The order is the model's, although the last segment comes first.
    norms: new Map(parameters.map((name) => [name, new Float64Array(batch.batch)])),
    routedTokens: new Map(),
  };
}

/** All segments forwards, then backwards, each over all passes. */
export function stepsOf(passes: readonly Pass[]): readonly Step[] {
  const segments = Math.max(0, ...passes.map((pass) => pass.segments.length));
  const upwards = Array.from({ length: segments }, (_, index) => index);
  const over = (index: number, direction: Step['direction']) =>
    passes.flatMap((pass) => {
      const segment = pass.segments[index];
      const graph = segment?.[direction];
      return segment && graph ? [{ pass, index, direction, segment, graph }] : [];
    });
  return [
    ...upwards.flatMap((index) => over(index, 'forward')),
    ...upwards.reverse().flatMap((index) => over(index, 'backward')),
  ];
}

export function nameOf({
  pass,
  direction,
  index,
}: Pick<Step, 'pass' | 'direction' | 'index'>): string {
  return `${pass.key} ${direction} ${index}`;
}

/** The work of a step, in units of a forward graph. */
export function workOf({ direction }: Step): number {
  return direction === 'forward' ? 1 : BACKWARD_WORK;
}

/** The statistics among the outputs of a step, one after the other. */
export function statisticsIn(step: Step, outputs: Tensors): Float64Array {
  const values = statisticsOf(step).flatMap(({ output }) => [...statisticOf(outputs[output])]);
  return Float64Array.from(values);
}

/** The outputs of a step that are statistics, with how many values each has. */
function statisticsOf({ pass, direction, segment }: Step) {
  if (direction === 'forward') return [];
  const { losses, norms, routedTokens } = segment;
  const perExample = [...(losses ? [losses] : []), ...norms.values()];
  const rows = pass.batch.batch;
  return [
    ...perExample.map((output) => ({ output, count: rows })),
    ...routedTokens.map(({ output, experts }) => ({ output, count: rows * experts.length })),
  ];
}

/** The opposite of {@link statisticsIn}. */
function outputsWith(step: Step, statistics: Float64Array): Tensors {
  let start = 0;
  const tensors = statisticsOf(step).map(({ output, count }) => {
    const data = statistics.subarray(start, start + count);
    start += count;
    return [output, { dtype: 'float64', shape: [count], data }] as const;
  });
  return Object.fromEntries(tensors);
}

/** The outputs of a step that later steps take, with the keys they are stored under. */
export function keptBy(step: Step): Readonly<Record<string, string>> {
  const { pass, index, direction, segment } = step;
  const keyOf = (name: string) => storeKey(pass, name);
  if (direction === 'forward') return { [segment.end]: keyOf(segment.end) };
  const before = pass.segments[index - 1];
  return {
    ...Object.fromEntries(segment.carried.map((name) => [name, keyOf(name)])),
    ...(segment.startCotangent &&
      before?.endCotangent && { [segment.startCotangent]: keyOf(before.endCotangent) }),
  };
}

/** Keys of the tensors that no step after this one takes: with the last step, all of the pass. */
export function spentBy({ pass, index, direction, segment }: Step): readonly string[] {
  if (direction === 'forward') return [];
  if (index === 0) return [...pass.stored];
  const names = [segment.start, segment.endCotangent];
  return names.flatMap((name) => (name === undefined ? [] : [storeKey(pass, name)]));
}

/** Adds to the pass what a step has computed; the parts of a norm are added in float64. */
export function complete(step: Step, spent: readonly string[], statistics: Float64Array): void {
  const { pass, direction, segment } = step;
  for (const key of Object.values(keptBy(step))) pass.stored.add(key);
  for (const key of spent) pass.stored.delete(key);
  if (direction === 'forward') return;
  const outputs = outputsWith(step, statistics);
  if (segment.losses) add(pass.losses, statisticOf(outputs[segment.losses]));
  for (const [name, output] of segment.norms)
    add(pass.norms.get(name), statisticOf(outputs[output]));
  for (const [name, counts] of routedTokensOf(outputs, segment.routedTokens)) {
    pass.routedTokens.set(name, counts);
  }
}

function add(sum: Float64Array | undefined, part: ArrayLike<number>): void {
  for (let row = 0; sum && row < sum.length; row++) {
    sum[row] = (sum[row] ?? 0) + (part[row] ?? Number.NaN);
  }
}

export function storeKey({ key }: Pass, name: string): string {
  return `${key}/${name}`;
}

export function batchStatistics({ batch, losses, norms, routedTokens }: Pass): BatchStatistics {
  return { examples: batch.examplePositions, losses, squaredNorms: norms, routedTokens };
}

/** Says what a pass computes, to the bit: its graphs, its examples and whatever `basis` holds. */
export class PassKeys {
  readonly #graphs = new Map<readonly SegmentGraphs[], string>();

  constructor(private readonly basis: Readonly<Record<string, unknown>>) {}

  of({ examplePositions, draw }: DrawnBatch, segments: readonly SegmentGraphs[]): string {
    const graphs = this.#graphs.get(segments) ?? hashOfGraphs(segments);
    this.#graphs.set(segments, graphs);
    const content = canonicalJson({ ...this.basis, graphs, examples: examplePositions, draw });
    return createHash('sha256').update(content).digest('hex').slice(0, 32);
  }
}

function hashOfGraphs(segments: readonly SegmentGraphs[]): string {
  const hash = createHash('sha256');
  for (const { forward, backward } of segments) {
    if (forward) hash.update(encodeModel(forward));
    hash.update(encodeModel(backward));
  }
  return hash.digest('hex');
}
