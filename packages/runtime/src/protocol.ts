import type { ErrorCode, ErrorContext } from '@layersense/contracts';
import type { Device, SessionOptions } from './session-options.js';
import type { Tensors } from './tensor-data.js';

/** What the compute process can be asked, and what it answers. */
export interface Operations {
  open: { request: { model: Uint8Array; options: SessionOptions }; response: SessionInfo };
  run: { request: { session: number; feeds: Tensors }; response: RunResult };
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

export interface RunResult {
  readonly outputs: Tensors;
  /** Time in ONNX Runtime, without the way to the compute process and back. */
  readonly seconds: number;
}

export interface ProcessStats {
  readonly rssBytes: number;
  /** The highest resident set since the process started or since the peak was last reset. */
  readonly peakRssBytes: number;
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
