import type { Batch } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import { buildForward } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import type { ComputeProcess, Session, TensorData, Tensors } from '@layersense/runtime';
import {
  type BatchStatistics,
  buildSensitivityGraph,
  labelUniforms,
  type SensitivityGraph,
} from '@layersense/sensitivity';
import type { DrawnBatch } from '../pending-batches.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';

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
    for (const batch of batches) {
      const { session, sensitivity } = await this.#graphFor(batch);
      const { outputs } = await session.run(this.#feeds(batch));
      const vector = (name: string): ArrayLike<number> => numbers(outputs[name]);
      yield {
        examples: batch.examplePositions,
        losses: vector(sensitivity.lossOutput),
        squaredNorms: new Map(
          sensitivity.parameters.map(({ name, output }) => [name, vector(output)]),
        ),
      };
    }
  }

  async #graphFor({ batch, length }: Batch): Promise<OpenGraph> {
    if (this.#open?.batch === batch && this.#open.length === length) return this.#open;
    await this.#open?.session.release();
    const { model, checkpoint, params, device, threads } = this.options;
    const forward = buildForward(model, checkpoint.tensors, { batch, length });
    const sensitivity = buildSensitivityGraph(forward, { labels: params.labels });
    const session = await this.compute.openSession(encodeModel(sensitivity.graph), {
      device,
      weightsFolder: checkpoint.weightsFolder,
      // It would merge the Casts that keep half-precision weights from being widened all at once.
      disabledOptimizers: ['CommonSubexpressionElimination'],
      ...(threads === undefined ? {} : { threads }),
    });
    this.#open = { batch, length, sensitivity, session };
    return this.#open;
  }

  #feeds(batch: DrawnBatch): Tensors {
    const positions = batch.batch * batch.length;
    const { datasetRows, params } = this.options;
    const { labels, seed } = params;
    return {
      input_ids: { dtype: 'int64', shape: [batch.batch, batch.length], data: batch.inputIds },
      loss_weights: { dtype: 'float32', shape: [positions], data: batch.lossWeights },
      ...(labels === 'data'
        ? { labels: { dtype: 'int64', shape: [positions], data: batch.labels } }
        : { uniforms: uniforms(batch, datasetRows, seed) }),
    };
  }
}

function uniforms(batch: DrawnBatch, datasetRows: readonly number[], seed: number): TensorData {
  const data = new Float32Array(batch.batch * batch.length);
  batch.examplePositions.forEach((position, i) => {
    const row = datasetRows[position] ?? position;
    data.set(labelUniforms(seed, row, batch.length, batch.draw), i * batch.length);
  });
  return { dtype: 'float32', shape: [data.length, 1], data };
}

function numbers(tensor: TensorData | undefined): ArrayLike<number> {
  if (tensor?.dtype === 'float32' || tensor?.dtype === 'float64') return tensor.data;
  throw new TypeError(`a statistic came back as ${tensor?.dtype ?? 'nothing'}`);
}
