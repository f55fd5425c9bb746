import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Batch, type CalibrationSet, calibrationBatches } from '@layersense/calibration';
import type { Device, Loss } from '@layersense/contracts';
import { elementCount } from '@layersense/onnx-ir';
import { batchOptions, largestBatch, largestTokenBudget } from '../examples/pending-batches.js';
import type { JobServices } from '../job-services.js';
import { choosePlan, type PlanChoice, type PlanParams, storedBytes } from '../plans/choose-plan.js';
import { openSpill, type Spill } from '../plans/spill.js';
import { newCompute } from '../plans/warm-compute.js';
import type { BatchDamage } from './batch-damage.js';
import { type DamageGraphs, DamageGraphsByShape } from './damage-graphs.js';
import { damageMemory } from './damage-memory.js';
import type { DamagePlan, DamagePlanOptions } from './damage-plan.js';
import { ForwardPasses } from './forward-passes.js';
import { StreamedDamagePlan } from './streamed-damage-plan.js';
import type { Variant } from './variant.js';
import { WholeDamagePlan } from './whole-damage-plan.js';

/** A peak may be so many times its estimate: what earlier jobs have left must not fill the difference. */
const LARGEST_ERROR = 1.25;
/** What the tensors between streamed segments may take in memory and on disk. */
const MOST_BETWEEN_SEGMENTS = 8e9;

export interface DamageRequest
  extends Pick<JobServices, 'threads' | 'stallMs' | 'compute' | 'spillFolder'>,
    Pick<DamagePlanOptions, 'model' | 'checkpoint' | 'device' | 'variants' | 'isKnown' | 'onStep'> {
  readonly set: CalibrationSet;
  /** Positions of the examples to measure on; all where absent. */
  readonly examples?: readonly number[] | undefined;
  readonly params: PlanParams;
  /** Decides what of an example is predicted. */
  readonly loss: Loss;
  readonly padId: number;
  /** The choice that ran out of memory: a smaller one is taken. */
  readonly exhausted?: PlanChoice | undefined;
}

/** A chosen plan with a compute process of its own. */
export interface RunningDamage {
  readonly choice: PlanChoice;
  readonly onnxRuntime: string;
  /** What factors of a product are rounded to. */
  readonly arithmetic: 'float32' | 'tf32';
  /** What `auto` turned out to be; undefined before the first batch. */
  readonly device: Device | undefined;
  run(): AsyncGenerator<BatchDamage>;
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
export async function startDamage(
  request: DamageRequest,
  signal: AbortSignal,
): Promise<RunningDamage> {
  const spill = await openSpill(request.spillFolder);
  try {
    // What an earlier attempt has left between segments is of no use: its batches are not.
    for (const name of await readdir(spill.folder))
      await rm(join(spill.folder, name), { recursive: true });
    return await startIn(spill, request, signal);
  } catch (error) {
    await spill.close();
    throw error;
  }
}

async function startIn(
  { folder, close }: Spill,
  request: DamageRequest,
  signal: AbortSignal,
): Promise<RunningDamage> {
  const { params, exhausted, device, set, variants } = request;
  const graphs = new DamageGraphsByShape(request);
  const shapeOf = (tokenBudget: number) => largestBatch(set, { params, tokenBudget });
  const together = sweepSize(set, graphs.get(shapeOf(largestTokenBudget(device))));
  const replaced = Math.max(0, ...variants.map(replacedElements));
  const { tokens } = set;
  const estimate = damageMemory({
    shapeOf,
    graphsOf: (shape) => graphs.get(shape),
    tokens,
    replaced,
    together: Math.min(together, variants.length),
  });
  const choice = choosePlan({
    params,
    exhausted,
    device,
    plans: ['whole', 'streamed'],
    estimate,
  });
  const spareBytes = choice.limitBytes - LARGEST_ERROR * choice.estimatedBytes;
  const source = request.compute ?? newCompute;
  const compute = await source.start({ signal, spareBytes, stallMs: request.stallMs });
  const memoryBytes = storedBytes(Number.POSITIVE_INFINITY, choice.limitBytes);
  await compute.resetStore({ memoryBytes, folder });
  const options = { ...request, folder };
  const passes = new ForwardPasses(compute, options, graphs);
  const plan: DamagePlan =
    choice.name === 'whole'
      ? new WholeDamagePlan(passes, options)
      : new StreamedDamagePlan(passes, options, together);
  return {
    choice,
    onnxRuntime: compute.runtime.onnxRuntime,
    arithmetic: compute.runtime.tf32 ? 'tf32' : 'float32',
    get device() {
      return plan.device;
    },
    run: () => plan.run(batchesOf(request, choice)),
    peakMemoryBytes: async () => {
      const { peakRssBytes } = await compute.stats();
      return peakRssBytes + process.memoryUsage().rss;
    },
    close: async () => {
      await compute.close();
      await close();
    },
  };
}

/** As many variants as may go through streamed segments together, each with a tensor per example. */
function sweepSize({ tokens }: CalibrationSet, { head }: DamageGraphs): number {
  const [, width = 1] = head.hidden.shape;
  return Math.max(1, Math.floor(MOST_BETWEEN_SEGMENTS / (4 * width * tokens)));
}

function replacedElements({ weights }: Variant): number {
  return weights.reduce((sum, { stored }) => sum + elementCount(stored.shape), 0);
}

function batchesOf(
  { set, examples: wanted, params, loss, padId }: DamageRequest,
  { tokenBudget }: PlanChoice,
): readonly Batch[] {
  const positions = wanted ?? set.examples.map((_, position) => position);
  const examples = positions.flatMap((position) => set.examples[position] ?? []);
  const options = { loss, padId, ...batchOptions(set, { params, tokenBudget }) };
  return [...calibrationBatches({ examples }, options)].map((batch) => ({
    ...batch,
    examplePositions: batch.examplePositions.map((i) => positions[i] ?? -1),
  }));
}
