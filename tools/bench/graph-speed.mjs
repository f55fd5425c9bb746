import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import { startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import { median } from './targets.mjs';

/**
 * Opens the whole plan's graph and the same graph without norms (forward pass, loss, and the gradient
 * of all activations down to the first layer, for one norm of `hidden` elements), and runs them in turns.
 *
 * @returns seconds a session takes to open and, per example, of each graph
 */
export async function graphSpeed(folder, { batch, length, threads, repeats }) {
  const checkpoint = await openCheckpoint(folder);
  const model = parseModel(checkpoint.config);
  const forward = () => buildForward(model, checkpoint.tensors, { batch, length });
  const build = (of) => buildSensitivityGraph(of, { labels: 'data' }).graph;
  const first = 'model.layers.0.input_layernorm.weight';
  const graphs = [build(forward()), build({ ...forward(), parameters: [first] })];
  const compute = await startComputeProcess();
  try {
    const opened = [];
    for (const graph of graphs) {
      const bytes = encodeModel(graph);
      const started = performance.now();
      const session = await openOnCpu(compute, bytes, { checkpoint, threads });
      opened.push({ session, seconds: (performance.now() - started) / 1000, runs: [] });
    }
    const work = { batch, length, vocabulary: checkpoint.config.vocab_size };
    for (let i = 0; i <= repeats; i++) {
      for (const { session, runs } of opened) {
        const { seconds } = await session.run(feedsOf(session, work));
        // The first run reads the weights.
        if (i > 0) runs.push(seconds / batch);
      }
    }
    const [withNorms, without] = opened.map(({ runs }) => median(runs));
    return { openSeconds: opened[0].seconds, withNorms, without };
  } finally {
    await compute.close();
  }
}

/** Opens a graph as the plans do, on the processor. */
export function openOnCpu(compute, bytes, { checkpoint, threads, profilePrefix }) {
  return compute.openSession(bytes, {
    device: 'cpu',
    threads,
    weightsFolder: checkpoint.weightsFolder,
    disabledOptimizers: ['CommonSubexpressionElimination'],
    profilePrefix,
  });
}

/** What a session of the whole plan's graph takes: tokens and labels that repeat nothing, no padding. */
export function feedsOf(session, work) {
  const given = Object.entries(feeds(work)).filter(([name]) => session.inputs.includes(name));
  return Object.fromEntries(given);
}

function feeds({ batch, length, vocabulary }) {
  const rows = batch * length;
  const ids = (step) =>
    BigInt64Array.from({ length: rows }, (_, i) => BigInt((i * step) % vocabulary));
  const ones = new Float32Array(rows).fill(1);
  return {
    input_ids: { dtype: 'int64', shape: [batch, length], data: ids(7919) },
    labels: { dtype: 'int64', shape: [rows], data: ids(104_729) },
    loss_weights: { dtype: 'float32', shape: [rows], data: ones.map(() => 1 / length) },
    token_mask: { dtype: 'float32', shape: [rows], data: ones },
  };
}
