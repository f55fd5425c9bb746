import type { CalibrationSet } from '@layersense/calibration';
import type { FisherParams } from '@layersense/contracts';
import type { SegmentGraphs } from '@layersense/sensitivity';
import { largestBatch } from '../examples/pending-batches.js';
import { graphBytes, storedBytes } from './choose-plan.js';
import type { PlanName } from './fisher-plan.js';
import type { ShapeGraphs } from './shape-graphs.js';

interface Request {
  readonly set: CalibrationSet;
  readonly params: FisherParams;
  readonly graphs: ShapeGraphs;
}

/** What computing the largest batch of a set needs, by the graphs of a plan. */
export function fisherMemory({ graphs, set, params }: Request) {
  return (name: PlanName, tokenBudget: number, limit: number): number => {
    const shape = largestBatch(set, { params, tokenBudget });
    if (name === 'whole') return graphBytes([graphs.whole(shape).graph]);
    const segments = graphs.segments(shape);
    const each = segments.flatMap(({ forward: f, backward }) => (f ? [f, backward] : [backward]));
    const boundaries = boundaryBytes(segments);
    if (name === 'checkpointed') return graphBytes(each) + boundaries;
    const ofAllExamples = (boundaries * set.tokens) / (shape.batch * shape.length);
    const largest = Math.max(...each.map((graph) => graphBytes([graph])));
    return largest + storedBytes(ofAllExamples, limit);
  };
}

/** One tensor per cut, of one batch. */
function boundaryBytes(segments: readonly SegmentGraphs[]): number {
  return segments.reduce((sum, { start, backward }) => {
    const value = start === undefined ? undefined : backward.values.get(start);
    return sum + (value ? 4 * value.shape.reduce((a, b) => a * b, 1) : 0);
  }, 0);
}
