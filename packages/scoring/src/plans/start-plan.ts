import type { CalibrationSet } from '@layersense/calibration';
import type { Device } from '@layersense/contracts';
import { type BatchStatistics, withWholeNorms } from '@layersense/runs';
import { type DrawnBatch, largestBatch } from '../examples/pending-batches.js';
import type { JobServices } from '../job-services.js';
import { choosePlan, type PlanChoice } from './choose-plan.js';
import { fisherMemory } from './fisher-memory.js';
import type { FisherPlan, FisherPlanOptions } from './fisher-plan.js';
import { SegmentedPlan } from './segmented-plan.js';
import { ShapeGraphs } from './shape-graphs.js';
import { openSpill, type Spill } from './spill.js';
import { type ComputeSource, newCompute } from './warm-compute.js';
import { WholePlan } from './whole-plan.js';

/** A peak may be so many times its estimate: what earlier jobs have left must not fill the difference. */
const LARGEST_ERROR = 1.25;

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

interface PlanRequest extends FisherPlanOptions {
  readonly set: CalibrationSet;
  /** The choice that ran out of memory: a smaller one is taken. */
  readonly exhausted?: PlanChoice | undefined;
  readonly compute?: ComputeSource | undefined;
  /** The folder that {@link JobServices} gives. */
  readonly spillFolder: JobServices['spillFolder'];
}

/**
 * Chooses a plan and starts the process it computes in; aborting `signal` kills that process.
 *
 * @throws LayersenseError `out_of_memory` when no plan fits, `canceled`, `compute_process_died`
 */
export async function startPlan(request: PlanRequest, signal: AbortSignal): Promise<RunningPlan> {
  const spill = await openSpill(request.spillFolder);
  try {
    return await startIn(spill, request, signal);
  } catch (error) {
    await spill.close();
    throw error;
  }
}

async function startIn(
  spill: Spill,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<RunningPlan> {
  const { identity } = request;
  const { folder, journal } = spill;
  const { owner } = journal ?? {};
  const interruptedBudget = owner?.identity === identity ? owner.tokenBudget : undefined;
  const graphs = new ShapeGraphs(request);
  const { set, params, exhausted, device } = request;
  const plans = ['whole', 'checkpointed', 'streamed'] as const;
  const estimate = fisherMemory({ set, params, graphs });
  const choice = choosePlan({ params, exhausted, device, plans, estimate, interruptedBudget });
  graphs.keepOnly(choice.name, largestBatch(set, { params, tokenBudget: choice.tokenBudget }));
  const { name, tokenBudget, storeBytes: memoryBytes } = choice;
  const resumable = name === 'streamed' ? journal : undefined;
  await resumable?.belongTo({ identity, tokenBudget });
  const spareBytes = choice.limitBytes - LARGEST_ERROR * choice.estimatedBytes;
  const source = request.compute ?? newCompute;
  const compute = await source.start({ signal, spareBytes, stallMs: request.stallMs });
  await compute.resetStore({ memoryBytes, folder, durable: resumable !== undefined });
  const plan: FisherPlan =
    name === 'whole'
      ? new WholePlan(compute, request, graphs)
      : new SegmentedPlan(compute, request, graphs, name, spill);
  return {
    get choice() {
      const { resumption } = plan;
      return resumption ? { ...choice, reason: `${choice.reason}; ${resumption}` } : choice;
    },
    onnxRuntime: compute.runtime.onnxRuntime,
    arithmetic: compute.runtime.tf32 ? 'tf32' : 'float32',
    get device() {
      return plan.device;
    },
    run: (batches) => wholeStatistics(plan.run(batches)),
    peakMemoryBytes: async () => {
      const { peakRssBytes } = await compute.stats();
      return peakRssBytes + process.memoryUsage().rss;
    },
    close: async () => {
      await compute.close();
      await spill.close();
    },
  };
}

async function* wholeStatistics(
  computed: AsyncIterable<BatchStatistics>,
): AsyncGenerator<BatchStatistics> {
  for await (const statistics of computed) yield withWholeNorms(statistics);
}
