import type { BatchShape } from '@layersense/calibration';
import { buildForward } from '@layersense/models';
import {
  buildSegments,
  buildSensitivityGraph,
  type SegmentGraphs,
  type SensitivityGraph,
} from '@layersense/sensitivity';
import type { FisherPlanOptions, PlanName } from './fisher-plan.js';

/** The graphs of a model by batch shape: what the choice of a plan has built, the plan runs. */
export class ShapeGraphs {
  readonly #whole = new Map<string, SensitivityGraph>();
  readonly #segments = new Map<string, readonly SegmentGraphs[]>();

  constructor(private readonly of: Pick<FisherPlanOptions, 'model' | 'checkpoint' | 'params'>) {}

  whole(shape: BatchShape): SensitivityGraph {
    return once(this.#whole, shapeKey(shape), () =>
      buildSensitivityGraph(this.#forward(shape), { labels: this.of.params.labels }),
    );
  }

  segments(shape: BatchShape): readonly SegmentGraphs[] {
    return once(this.#segments, shapeKey(shape), () =>
      buildSegments(this.#forward(shape), { labels: this.of.params.labels }),
    );
  }

  /** Lets go of a shape that will not be met again. */
  forget(shape: BatchShape): void {
    this.#whole.delete(shapeKey(shape));
    this.#segments.delete(shapeKey(shape));
  }

  /** Lets go of what other plans and shapes have needed. */
  keepOnly(plan: PlanName, shape: BatchShape): void {
    keepKey(this.#whole, plan === 'whole' ? shapeKey(shape) : undefined);
    keepKey(this.#segments, plan === 'whole' ? undefined : shapeKey(shape));
  }

  #forward({ batch, length }: BatchShape) {
    return buildForward(this.of.model, this.of.checkpoint.tensors, { batch, length });
  }
}

function shapeKey({ batch, length }: BatchShape): string {
  return `${batch}×${length}`;
}

function once<T>(known: Map<string, T>, key: string, build: () => T): T {
  const built = known.get(key) ?? build();
  known.set(key, built);
  return built;
}

function keepKey(map: Map<string, unknown>, kept: string | undefined): void {
  for (const key of map.keys()) if (key !== kept) map.delete(key);
}
