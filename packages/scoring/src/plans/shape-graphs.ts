import type { BatchShape } from '@layersense/calibration';
import { buildForward, type ForwardGraph } from '@layersense/models';
import {
  buildSegments,
  buildSensitivityGraph,
  type SegmentGraphs,
  type SensitivityGraph,
  type SensitivityOptions,
} from '@layersense/sensitivity';
import type { FisherPlanOptions, PlanName } from './fisher-plan.js';
import { orInvalidModel } from './or-invalid-model.js';

/** The graphs of a model by batch shape: what the choice of a plan has built, the plan runs. */
export class ShapeGraphs {
  readonly #whole = new Map<string, SensitivityGraph>();
  readonly #segments = new Map<string, readonly SegmentGraphs[]>();

  constructor(
    private readonly of: Pick<FisherPlanOptions, 'model' | 'checkpoint' | 'params' | 'marginals'>,
  ) {}

  /** @throws LayersenseError `unsupported_operator`; for an ONNX file also `checkpoint_invalid` */
  whole(shape: BatchShape): SensitivityGraph {
    return once(this.#whole, shapeKey(shape), () =>
      this.#differentiated(shape, buildSensitivityGraph),
    );
  }

  /** @throws LayersenseError as `whole` */
  segments(shape: BatchShape): readonly SegmentGraphs[] {
    return once(this.#segments, shapeKey(shape), () => this.#differentiated(shape, buildSegments));
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

  #differentiated<Graphs>(
    { batch, length }: BatchShape,
    build: (forward: ForwardGraph, options: SensitivityOptions) => Graphs,
  ): Graphs {
    const { model, checkpoint, params, marginals } = this.of;
    const forward = buildForward(model, checkpoint.tensors, { batch, length });
    return orInvalidModel(model, () => build(forward, { labels: params.labels, marginals }));
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
