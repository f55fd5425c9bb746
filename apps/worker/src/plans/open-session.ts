import { encodeModel, type Graph } from '@layersense/onnx-ir';
import type { ComputeProcess, Session } from '@layersense/runtime';
import type { FisherPlanOptions } from './fisher-plan.js';

/** Loads a graph whose weights lie in the checkpoint's files. */
export function openSession(
  compute: ComputeProcess,
  graph: Graph,
  { checkpoint, device, threads }: FisherPlanOptions,
): Promise<Session> {
  return compute.openSession(encodeModel(graph), {
    device,
    weightsFolder: checkpoint.weightsFolder,
    // It would merge the Casts that keep half-precision weights from being widened all at once.
    disabledOptimizers: ['CommonSubexpressionElimination'],
    ...(threads === undefined ? {} : { threads }),
  });
}
