export { type ComputeCall, onComputeCall } from './compute-calls.js';
export {
  type ComputeProcess,
  type ComputeProcessOptions,
  startComputeProcess,
} from './compute-process.js';
export type { ProcessExit } from './explain-exit.js';
export type { ProcessStats, RunOptions, RunResult, RuntimeInfo } from './protocol.js';
export type { Session } from './session.js';
export type { Device, DeviceRequest, SessionOptions } from './session-options.js';
export type { TensorData, Tensors } from './tensor-data.js';
export type { DurableTensor, TensorStoreLimits } from './tensor-store.js';
