import type { Checkpoint } from '@layersense/model-source';
import { encodeModel, type Graph } from '@layersense/onnx-ir';
import type { ComputeProcess, Session, SessionOptions } from '@layersense/runtime';
import type { FisherPlanOptions } from './fisher-plan.js';
import { orInvalidModel } from './or-invalid-model.js';
import type { JobCompute } from './warm-compute.js';

/** What a session depends on beside its graph. */
export interface SessionSettings extends Pick<FisherPlanOptions, 'model' | 'device' | 'threads'> {
  /** The folder that holds the weights' files. */
  readonly checkpoint: Pick<Checkpoint, 'weightsFolder'>;
}

/** Loads a graph whose weights lie in the checkpoint's files. */
export function openSession(
  compute: ComputeProcess,
  graph: Graph,
  options: SessionSettings,
): Promise<Session> {
  return compute.openSession(encoded(graph, options), sessionOptions(options));
}

/** Or takes it over from an earlier job. */
export function reuseSession(
  compute: JobCompute,
  graph: Graph,
  options: FisherPlanOptions,
): Promise<Session> {
  return compute.reuseSession(encoded(graph, options), sessionOptions(options), options.weights);
}

function encoded(graph: Graph, { model }: Pick<SessionSettings, 'model'>): Uint8Array {
  return orInvalidModel(model, () => encodeModel(graph));
}

function sessionOptions({ checkpoint, device, threads }: SessionSettings): SessionOptions {
  return {
    device,
    weightsFolder: checkpoint.weightsFolder,
    // It would merge the Casts that keep half-precision weights from being widened all at once.
    disabledOptimizers: ['CommonSubexpressionElimination'],
    ...(threads === undefined ? {} : { threads }),
  };
}
