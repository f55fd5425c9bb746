import { LayersenseError } from '@layersense/contracts/error-codes';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { collectGarbage } from './collect-garbage.js';
import { isCudaInstalled } from './cuda-provider.js';
import { deviceUnavailable, explainOrtError, isMissingDevice } from './ort-error.js';
import { ortOptions } from './ort-options.js';
import { prepareForDevice } from './prepare-for-device.js';
import type { RunOptions, RunResult, SessionInfo } from './protocol.js';
import type { Device, SessionOptions } from './session-options.js';
import type { TensorData, Tensors } from './tensor-data.js';
import { type DurableTensor, TensorStore } from './tensor-store.js';

/** The sessions of this process by number. */
export class SessionTable {
  /** What runs leave here for later runs, of any session. */
  readonly store = new TensorStore();
  readonly #sessions = new Map<number, InferenceSession>();
  #next = 0;

  async open(model: Uint8Array, options: SessionOptions): Promise<SessionInfo> {
    const { session, device } = await create(model, options);
    const number = this.#next++;
    this.#sessions.set(number, session);
    return { session: number, device, inputs: session.inputNames, outputs: session.outputNames };
  }

  async run(number: number, feeds: Tensors, options: RunOptions): Promise<RunResult> {
    const session = this.#get(number);
    try {
      const stored = mapValues(options.stored ?? {}, (key) => this.store.get(key));
      const inputs = mapValues({ ...feeds, ...stored }, toOrtTensor);
      const start = performance.now();
      const outputs = await session.run(inputs);
      collectGarbage(bytesOf(inputs) + bytesOf(outputs));
      const seconds = (performance.now() - start) / 1000;
      return { ...this.#divide(mapValues(outputs, fromOrtTensor), options), seconds };
    } catch (error) {
      throw explainOrtError(error, 'run the graph');
    }
  }

  /** Stores the outputs that are to be kept; the others go to the parent. */
  #divide(all: Tensors, { keep = {} }: RunOptions): Pick<RunResult, 'outputs' | 'kept'> {
    const kept: DurableTensor[] = [];
    const outputs = Object.entries(all).filter(([name, tensor]) => {
      const key = keep[name];
      if (key === undefined) return true;
      const durable = this.store.put(key, tensor);
      if (durable) kept.push(durable);
      return false;
    });
    return { outputs: Object.fromEntries(outputs), kept };
  }

  endProfiling(number: number): void {
    this.#get(number).endProfiling();
  }

  async release(number: number): Promise<void> {
    const session = this.#sessions.get(number);
    this.#sessions.delete(number);
    await session?.release();
  }

  #get(number: number): InferenceSession {
    const session = this.#sessions.get(number);
    if (!session) throw new LayersenseError('compute_failed', 'This session has been released.');
    return session;
  }
}

async function create(
  model: Uint8Array,
  options: SessionOptions,
): Promise<{ session: InferenceSession; device: Device }> {
  const devices = candidates(options);
  for (const device of devices) {
    try {
      const prepared = prepareForDevice(model, device);
      const session = await InferenceSession.create(
        prepared.model,
        ortOptions(prepared, options, device),
      );
      return { session, device };
    } catch (error) {
      const fallback = device !== devices.at(-1) && isMissingDevice(error);
      if (!fallback) throw explainCreateError(error, device);
    }
  }
  throw new LayersenseError('internal', 'No device to open a session on.');
}

function candidates({ device }: SessionOptions): readonly Device[] {
  if (device === 'auto') return isCudaInstalled() ? ['cuda', 'cpu'] : ['cpu'];
  if (device === 'cuda' && !isCudaInstalled()) throw deviceUnavailable('cuda');
  return [device];
}

function explainCreateError(error: unknown, device: Device): LayersenseError {
  if (device !== 'cpu' && isMissingDevice(error)) return deviceUnavailable(device, error);
  return explainOrtError(error, 'open a session for the graph');
}

function toOrtTensor({ dtype, data, shape }: TensorData): Tensor {
  return new Tensor(dtype, data, shape);
}

function fromOrtTensor({ type, data, dims }: Tensor): TensorData {
  switch (type) {
    case 'float32':
    case 'float64':
    case 'int64':
    case 'int32':
    case 'uint8':
    case 'bool':
      return { dtype: type, shape: dims, data } as TensorData;
    default:
      throw new Error(`an output has type ${type}, which cannot leave the compute process`);
  }
}

function bytesOf(tensors: Readonly<Record<string, Tensor>>): number {
  return Object.values(tensors).reduce((sum, { data }) => sum + (data as Uint8Array).byteLength, 0);
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
