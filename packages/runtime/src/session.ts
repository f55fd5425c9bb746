import type { ComputeChannel } from './compute-channel.js';
import type { RunOptions, RunResult, SessionInfo } from './protocol.js';
import type { Device } from './session-options.js';
import type { Tensors } from './tensor-data.js';

/** A graph loaded in the compute process. */
export interface Session {
  /** The device in use, which `auto` has chosen. */
  readonly device: Device;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Runs the graph once. Inputs come from `feeds` or, as `options` says, from tensors that earlier
   * runs left in the compute process.
   *
   * @throws LayersenseError `compute_failed`, `out_of_memory`, or what ended the process.
   */
  run(feeds: Tensors, options?: RunOptions): Promise<RunResult>;
  /** Writes the profile; for sessions opened with `profilePrefix`. */
  endProfiling(): Promise<void>;
  /** Frees the graph's memory. A released session can be released again. */
  release(): Promise<void>;
}

/** The parent's handle of a session that the child has opened. */
export function sessionOver(channel: ComputeChannel, info: SessionInfo): Session {
  const { session, device, inputs, outputs } = info;
  return {
    device,
    inputs,
    outputs,
    run: (feeds, options = {}) => channel.call('run', { session, feeds, options }),
    endProfiling: async () => {
      await channel.call('endProfiling', { session });
    },
    release: async () => {
      await channel.call('release', { session });
    },
  };
}
