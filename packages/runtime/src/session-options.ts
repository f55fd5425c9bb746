/** Where a session computes. `auto` takes CUDA where it is installed and works, else the CPU. */
export type DeviceRequest = 'auto' | 'cpu' | 'cuda' | 'webgpu';
export type Device = Exclude<DeviceRequest, 'auto'>;

export interface SessionOptions {
  readonly device: DeviceRequest;
  /** Threads of one operator; all processors by default. */
  readonly threads?: number;
  /** The folder external initializers are relative to, as its real path (symbolic links resolved). */
  readonly weightsFolder?: string;
  /** By default `all`, and `basic` for graphs so large that `all` takes longer than it gains. */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Names of ONNX Runtime's graph transformers to leave out, e.g. `CommonSubexpressionElimination`. */
  readonly disabledOptimizers?: readonly string[];
  /** Writes `<profilePrefix>_<date>.json`, a Chrome trace, when the profiling ends. */
  readonly profilePrefix?: string;
}
