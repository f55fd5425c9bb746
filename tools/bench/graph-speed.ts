import { type Checkpoint, openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import {
  type ComputeProcess,
  type Session,
  startComputeProcess,
  type Tensors,
} from '@layersense/runtime';
import { buildSensitivityGraph, type DifferentiableModel } from '@layersense/sensitivity';
import { median } from './targets.js';

interface FeedShape {
  readonly batch: number;
  readonly length: number;
  readonly vocabulary: number;
}

interface GraphWork extends FeedShape {
  readonly threads: number;
  /** How often either graph runs, after a first time that is not counted. */
  readonly repeats: number;
}

interface GraphSpeed {
  readonly openSeconds: number;
  readonly withNorms: number;
  readonly withMarginals: number;
  readonly without: number;
}

/**
 * Opens the whole plan's graph, the same graph with marginals and the same graph without norms (forward
 * pass, loss, and the gradient of all activations down to the first layer, for one norm of `hidden`
 * elements), and runs them in turns.
 *
 * @returns seconds a session takes to open and, per example, of each graph
 */
export async function graphSpeed(
  folder: string,
  { batch, length, vocabulary, threads, repeats }: GraphWork,
): Promise<GraphSpeed> {
  const checkpoint = await openCheckpoint(folder);
  const model = parseModel(checkpoint.config);
  const forward = () => buildForward(model, checkpoint.tensors, { batch, length });
  const build = (of: DifferentiableModel, marginals = false) =>
    buildSensitivityGraph(of, { labels: 'data', marginals }).graph;
  const first = 'model.layers.0.input_layernorm.weight';
  const withNorms = build(forward());
  const withMarginals = build(forward(), true);
  const without = build({ ...forward(), parameters: [first] });
  const compute = await startComputeProcess();
  try {
    const open = async (graph: typeof withNorms): Promise<Opened> => {
      const bytes = encodeModel(graph);
      const started = performance.now();
      const session = await openOnCpu(compute, bytes, { checkpoint, threads });
      return { session, seconds: (performance.now() - started) / 1000, runs: [] };
    };
    const scored = await open(withNorms);
    const [summed, plain] = [await open(withMarginals), await open(without)];
    const work = { batch, length, vocabulary };
    for (let i = 0; i <= repeats; i++) {
      for (const { session, runs } of [scored, summed, plain]) {
        const { seconds } = await session.run(feedsOf(session, work));
        // The first run reads the weights.
        if (i > 0) runs.push(seconds / batch);
      }
    }
    return {
      openSeconds: scored.seconds,
      withNorms: median(scored.runs),
      withMarginals: median(summed.runs),
      without: median(plain.runs),
    };
  } finally {
    await compute.close();
  }
}

interface Opened {
  readonly session: Session;
  readonly seconds: number;
  readonly runs: number[];
}

interface OpenOptions {
  readonly checkpoint: Checkpoint;
  readonly threads: number;
  readonly profilePrefix?: string;
}

/** Opens a graph as the plans do, on the processor. */
export function openOnCpu(
  compute: ComputeProcess,
  bytes: Uint8Array,
  { checkpoint, ...options }: OpenOptions,
): Promise<Session> {
  return compute.openSession(bytes, {
    ...options,
    device: 'cpu',
    weightsFolder: checkpoint.weightsFolder,
    disabledOptimizers: ['CommonSubexpressionElimination'],
  });
}

/** What a session of the whole plan's graph takes: tokens and labels that repeat nothing, no padding. */
export function feedsOf(session: Session, work: FeedShape): Tensors {
  const given = Object.entries(feeds(work)).filter(([name]) => session.inputs.includes(name));
  return Object.fromEntries(given);
}

function feeds({ batch, length, vocabulary }: FeedShape): Tensors {
  const rows = batch * length;
  const ids = (step: number) =>
    BigInt64Array.from({ length: rows }, (_, i) => BigInt((i * step) % vocabulary));
  const ones = new Float32Array(rows).fill(1);
  return {
    input_ids: { dtype: 'int64', shape: [batch, length], data: ids(7919) },
    labels: { dtype: 'int64', shape: [rows], data: ids(104_729) },
    loss_weights: { dtype: 'float32', shape: [rows], data: ones.map(() => 1 / length) },
    token_mask: { dtype: 'float32', shape: [rows], data: ones },
  };
}
