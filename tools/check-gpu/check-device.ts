import { LayersenseError } from '@layersense/contracts';
import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { type ComputeProcess, type Device, startComputeProcess } from '@layersense/runtime';
import { demoCheckpoint, parityCheckpoints } from '@layersense/testing/parity';
import { type BenchResult, benchDevice, benchWorks } from './bench-device.js';
import { type ParityError, parityErrors } from './parity-error.js';
import { roundsFactors } from './rounds-factors.js';

/** What was seen on one device. */
export interface DeviceCheck {
  readonly device: Device;
  readonly onnxRuntime: string;
  readonly roundsFactors: boolean;
  readonly parity: readonly ParityError[];
  /** What a checkpoint or a bench failed with, by its name. */
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  readonly bench: readonly BenchResult[];
}

/** Where a step would take minutes, as on a device made of software, the rest is left out. */
const PATIENCE_SECONDS_PER_EXAMPLE = 2;

/**
 * Parity with PyTorch on every fixture, then the bench.
 *
 * @throws LayersenseError `device_unavailable`
 */
export async function checkDevice(
  device: Device,
  log: (line: string) => void,
): Promise<DeviceCheck> {
  const compute = await startComputeProcess();
  try {
    await assertAvailable(compute, device);
    const failures: { name: string; message: string }[] = [];
    const attempt = async <T>(name: string, body: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await body();
      } catch (error) {
        if (!(error instanceof LayersenseError)) throw error;
        log(`${device}: ${name}: ${error.code}: ${error.message}`);
        failures.push({ name, message: `${error.code}: ${error.message}` });
        return undefined;
      }
    };
    const rounds = await roundsFactors(compute, device);
    const parity: ParityError[] = [];
    for (const checkpoint of [...parityCheckpoints(), demoCheckpoint()]) {
      const errors = await attempt(checkpoint.name, () =>
        parityErrors(compute, device, checkpoint),
      );
      const worst = Math.max(...(errors ?? []).map(({ largest }) => largest));
      if (errors) log(`${device}: ${checkpoint.name}: ${worst.toExponential(1)}`);
      parity.push(...(errors ?? []));
    }
    const bench: BenchResult[] = [];
    for (const work of benchWorks) {
      if ((bench.at(-1)?.secondsPerExample ?? 0) > PATIENCE_SECONDS_PER_EXAMPLE) break;
      const result = await attempt(work.name, () => benchDevice(compute, device, work));
      if (!result) break;
      log(`${device}: ${work.name}: ${result.secondsPerExample.toFixed(4)} s per example`);
      bench.push(result);
    }
    const { onnxRuntime } = compute.runtime;
    return { device, onnxRuntime, roundsFactors: rounds, parity, failures, bench };
  } finally {
    await compute.close();
  }
}

async function assertAvailable(compute: ComputeProcess, device: Device): Promise<void> {
  const g = new GraphBuilder('probe');
  const model = encodeModel(g.build([g.neg(g.input('x', 'float32', [1]))]));
  const session = await compute.openSession(model, { device });
  await session.release();
}
