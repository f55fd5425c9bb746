import { encodeModel, type Graph } from '@layersense/onnx-ir';
import type { ComputeProcess, Session } from '@layersense/runtime';
import type { FisherPlanOptions } from './fisher-plan.js';
import { orInvalidModel } from './or-invalid-model.js';

/** Loads a graph whose weights lie in the checkpoint's files. */
export function openSession(
  compute: ComputeProcess,
  graph: Graph,
  { model, checkpoint, device, threads }: FisherPlanOptions,
): Promise<Session> {
  const encoded = orInvalidModel(model, () => encodeModel(graph));
  return compute.openSession(encoded, {
    device,
    weightsFolder: checkpoint.weightsFolder,
    // It would merge the Casts that keep half-precision weights from being widened all at once.
    disabledOptimizers: ['CommonSubexpressionElimination'],
    ...(threads === undefined ? {} : { threads }),
  });
}
