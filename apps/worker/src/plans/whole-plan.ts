import type { Batch } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import { buildForward } from '@layersense/models';
import type { ComputeProcess, Session } from '@layersense/runtime';
import {
  type BatchStatistics,
  buildSensitivityGraph,
  type SensitivityGraph,
} from '@layersense/sensitivity';
import type { DrawnBatch } from '../pending-batches.js';
import { batchFeeds, statisticOf } from './batch-feeds.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';
import { openSession } from './open-session.js';

interface OpenGraph {
  readonly batch: number;
  readonly length: number;
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
    private readonly compute: ComputeProcess,
    private readonly options: FisherPlanOptions,
  ) {}

  get device(): Device | undefined {
    return this.#open?.session.device;
  }

  async *run(batches: Iterable<DrawnBatch>): AsyncGenerator<BatchStatistics> {
    const { datasetRows, params } = this.options;
    for (const batch of batches) {
      const { session, sensitivity } = await this.#graphFor(batch);
      const { outputs } = await session.run(batchFeeds(batch, datasetRows, params));
      yield {
        examples: batch.examplePositions,
        losses: statisticOf(outputs[sensitivity.lossOutput]),
        squaredNorms: new Map(
          sensitivity.parameters.map(({ name, output }) => [name, statisticOf(outputs[output])]),
        ),
      };
    }
  }

  async #graphFor({ batch, length }: Batch): Promise<OpenGraph> {
    if (this.#open?.batch === batch && this.#open.length === length) return this.#open;
    await this.#open?.session.release();
    const { model, checkpoint, params } = this.options;
    const forward = buildForward(model, checkpoint.tensors, { batch, length });
    const sensitivity = buildSensitivityGraph(forward, { labels: params.labels });
    const session = await openSession(this.compute, sensitivity.graph, this.options);
    this.#open = { batch, length, sensitivity, session };
    return this.#open;
  }
}
