import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import type { ComputeProcess, DeviceRequest, SessionOptions } from '@layersense/runtime';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import {
  largest,
  largestRelativeError,
  type ParityCheckpoint,
  parityFeeds,
} from '@layersense/testing/parity';

export interface ParityError {
  readonly checkpoint: string;
  readonly case: string;
  /** Of ‖gₙ(W)‖², relative to PyTorch in float64, over parameters and examples. */
  readonly largest: number;
  readonly parameter: string;
}

/** Every case of a checkpoint computed on `device`, against PyTorch's numbers. */
export async function parityErrors(
  compute: ComputeProcess,
  device: DeviceRequest,
  { name: checkpointName, folder, cases }: ParityCheckpoint,
  options: Pick<SessionOptions, 'profilePrefix'> = {},
): Promise<readonly ParityError[]> {
  const checkpoint = await openCheckpoint(folder);
  const model = parseModel(checkpoint.config);
  const errors: ParityError[] = [];
  for (const expected of cases) {
    const length = largest(expected.input_ids.map((ids) => ids.length));
    const shape = { batch: expected.input_ids.length, length };
    const forward = buildForward(model, checkpoint.tensors, shape);
    const { graph, parameters } = buildSensitivityGraph(forward, { labels: 'data' });
    const session = await compute.openSession(encodeModel(graph), {
      device,
      weightsFolder: checkpoint.weightsFolder,
      disabledOptimizers: ['CommonSubexpressionElimination'],
      ...options,
    });
    const { outputs } = await session.run(parityFeeds(expected, length, 'float32'));
    if (options.profilePrefix !== undefined) await session.endProfiling();
    await session.release();
    const byParameter = parameters.map(({ name, output }) => {
      const actual = outputs[output]?.data as Float32Array | undefined;
      const norms = expected.gradient_squared_norms[name];
      return { parameter: name, largest: largestRelativeError(actual, norms) };
    });
    const worst = byParameter.reduce((a, b) => (b.largest > a.largest ? b : a));
    errors.push({ checkpoint: checkpointName, case: expected.name, ...worst });
  }
  return errors;
}
