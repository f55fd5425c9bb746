import type { ErrorCode, ErrorContext } from '@layersense/contracts/error-codes';
import type { Device, SessionOptions } from './session-options.js';
import type { Tensors } from './tensor-data.js';
import type { DurableTensor, TensorStoreLimits } from './tensor-store.js';

/** What the compute process can be asked, and what it answers. */
export interface Operations {
  open: { request: { model: Uint8Array; options: SessionOptions }; response: SessionInfo };
  run: { request: { session: number; feeds: Tensors; options: RunOptions }; response: RunResult };
  forget: { request: { keys: readonly string[] }; response: null };
  resetStore: { request: { limits: TensorStoreLimits }; response: null };
  adopt: { request: { tensors: readonly DurableTensor[] }; response: readonly string[] };
  endProfiling: { request: { session: number }; response: null };
  release: { request: { session: number }; response: null };
  stats: { request: { resetPeak: boolean }; response: ProcessStats };
}

export type Operation = keyof Operations;

export interface SessionInfo {
  readonly session: number;
  readonly device: Device;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Which tensors stay in the compute process instead of crossing to its parent. */
export interface RunOptions {
  /** Key of the stored tensor an input takes, by input name. */
  readonly stored?: Readonly<Record<string, string>>;
  /** Key to store an output under, by output name; it is not returned. */
  readonly keep?: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly outputs: Tensors;
  /** Of a durable store, the outputs that stayed in the compute process. */
  readonly kept: readonly DurableTensor[];
  /** Time in ONNX Runtime, without the way to the compute process and back. */
  readonly seconds: number;
}

export interface ProcessStats {
  readonly rssBytes: number;
  /** The highest resident set since the process started or since the peak was last reset. */
  readonly peakRssBytes: number;
  /** Whether the peak begins anew: asked for, and possible on this machine. */
  readonly peakWasReset: boolean;
}

/** What the numbers depend on besides graph and device, for the record of a result. */
export interface RuntimeInfo {
  readonly onnxRuntime: string;
  /** Whether an NVIDIA device may round float32 factors to 10 bits. Always off in this project. */
  readonly tf32: boolean;
}

export type Request = {
  [K in Operation]: { readonly operation: K; readonly id: number } & Operations[K]['request'];
}[Operation];

/** The first reply has the id 0 and holds the {@link RuntimeInfo}: the process has started. */
export type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly context: ErrorContext;
    };
