import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalibrationSet } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import { startComputeProcess } from '@layersense/runtime';
import type { BatchStatistics } from '@layersense/sensitivity';
import type { DrawnBatch } from '../pending-batches.js';
import { choosePlan, type PlanChoice } from './choose-plan.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';
import { SegmentedPlan } from './segmented-plan.js';
import { ShapeGraphs } from './shape-graphs.js';
import { WholePlan } from './whole-plan.js';

/** A chosen plan with a compute process of its own. */
export interface RunningPlan {
  readonly choice: PlanChoice;
  readonly onnxRuntime: string;
  /** What factors of a product are rounded to; TF32 is switched off for every compute process. */
  readonly arithmetic: 'float32' | 'tf32';
  /** What `auto` turned out to be; undefined before the first batch. */
  readonly device: Device | undefined;
  run(batches: Iterable<DrawnBatch>): AsyncGenerator<BatchStatistics>;
  /** Resident at most in the compute process, and now in this one. */
  peakMemoryBytes(): Promise<number>;
  /** Ends the compute process and removes what it left on disk. */
  close(): Promise<void>;
}

/**
 * Chooses a plan and starts the process it computes in; aborting `signal` kills that process.
 *
 * @throws LayersenseError `out_of_memory` when no plan fits, `canceled`, `compute_process_died`
 */
export async function startPlan(
  options: FisherPlanOptions & { readonly set: CalibrationSet },
  signal: AbortSignal,
): Promise<RunningPlan> {
  const graphs = new ShapeGraphs(options);
  const choice = choosePlan({ ...options, graphs });
  const compute = await startComputeProcess({ signal });
  const folder = await mkdtemp(join(tmpdir(), 'layersense-tensors-'));
  await compute.limitStore({ memoryBytes: choice.storeBytes, folder });
  const plan: FisherPlan =
    choice.name === 'whole'
      ? new WholePlan(compute, options, graphs)
      : new SegmentedPlan(compute, options, graphs, choice.name);
  return {
    choice,
    onnxRuntime: compute.runtime.onnxRuntime,
    arithmetic: compute.runtime.tf32 ? 'tf32' : 'float32',
    get device() {
      return plan.device;
    },
    run: (batches) => plan.run(batches),
    peakMemoryBytes: async () => {
      const { peakRssBytes } = await compute.stats();
      return peakRssBytes + process.memoryUsage().rss;
    },
    close: async () => {
      await compute.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
