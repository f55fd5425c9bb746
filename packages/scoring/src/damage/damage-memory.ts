import type { BatchShape } from '@layersense/calibration';
import { estimateMemory } from '@layersense/onnx-ir';
import { graphBytes, storedBytes } from '../plans/choose-plan.js';
import type { PlanName } from '../plans/fisher-plan.js';
import type { DamageGraphs } from './damage-graphs.js';

interface Request {
  /** The shape of the largest batch of so many tokens. */
  readonly shapeOf: (tokenBudget: number) => BatchShape;
  readonly graphsOf: (shape: BatchShape) => DamageGraphs;
  /** Tokens of all examples. */
  readonly tokens: number;
  /** Elements that a variant replaces, of the variant with most. */
  readonly replaced: number;
  /** How many variants go through the streamed segments together. */
  readonly together: number;
}

/** What measuring on the largest batch of a set needs, by the graphs of a plan. */
export function damageMemory({ shapeOf, graphsOf, tokens, replaced, together }: Request) {
  return (name: PlanName, tokenBudget: number, limit: number): number => {
    const shape = shapeOf(tokenBudget);
    const { segments, head, reference, compare } = graphsOf(shape);
    const forward = segments.map(({ graph }) => graph);
    const [rows = 1, width = 1] = head.hidden.shape;
    const boundaries = name === 'whole' ? segments.length : together + 1;
    const kept = storedBytes(4 * width * (tokens + rows) * boundaries, limit);
    if (name === 'whole') return graphBytes([...forward, reference, compare]) + 4 * replaced + kept;
    const graphs = [...forward.map((graph) => [graph]), [reference, compare]];
    const each = graphs.map((open) => {
      const narrow = open.reduce((sum, graph) => sum + estimateMemory(graph).weightBytes, 0);
      // As float32 a weight has twice the bytes of one of half precision.
      return graphBytes(open) + Math.min(4 * replaced, 2 * narrow);
    });
    return Math.max(...each) + kept;
  };
}
