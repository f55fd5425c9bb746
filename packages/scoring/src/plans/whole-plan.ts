import type { BatchShape } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import type { BatchStatistics } from '@layersense/runs';
import type { Session } from '@layersense/runtime';
import type { SensitivityGraph } from '@layersense/sensitivity';
import type { DrawnBatch } from '../examples/pending-batches.js';
import { batchFeeds, feedsOf, marginalsOf, routedTokensOf, statisticOf } from './batch-feeds.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';
import { reuseSession } from './open-session.js';
import type { ShapeGraphs } from './shape-graphs.js';
import type { JobCompute } from './warm-compute.js';

interface OpenGraph {
  readonly shape: BatchShape;
  readonly sensitivity: SensitivityGraph;
  readonly session: Session;
}

/**
 * One graph holds the whole model, forwards and backwards. Shapes are static, so a new batch shape
 * means a new graph; one is open at a time, since batches of one shape follow each other.
 */
export class WholePlan implements FisherPlan {
  readonly name = 'whole';
  #open: OpenGraph | undefined;

  constructor(
    private readonly compute: JobCompute,
    private readonly options: FisherPlanOptions,
    private readonly graphs: ShapeGraphs,
  ) {}

  get device(): Device | undefined {
    return this.#open?.session.device;
  }

  async *run(batches: Iterable<DrawnBatch>): AsyncGenerator<BatchStatistics> {
    const { datasetRows, params } = this.options;
    for (const batch of batches) {
      const { session, sensitivity } = await this.#graphFor(batch);
      const { outputs } = await session.run(
        feedsOf(session, batchFeeds(batch, datasetRows, params)),
      );
      yield {
        examples: batch.examplePositions,
        losses: statisticOf(outputs[sensitivity.lossOutput]),
        squaredNorms: new Map(
          sensitivity.parameters.map(({ name, output }) => [name, statisticOf(outputs[output])]),
        ),
        routedTokens: routedTokensOf(outputs, sensitivity.routedTokens),
        ...(this.options.marginals && { marginals: marginalsOf(outputs, sensitivity.marginals) }),
      };
    }
  }

  async #graphFor({ batch, length }: BatchShape): Promise<OpenGraph> {
    const before = this.#open;
    if (before?.shape.batch === batch && before.shape.length === length) return before;
    await before?.session.release();
    if (before) this.graphs.forget(before.shape);
    const shape = { batch, length };
    const sensitivity = this.graphs.whole(shape);
    const session = await reuseSession(this.compute, sensitivity.graph, this.options);
    this.#open = { shape, sensitivity, session };
    return this.#open;
  }
}
