import { channel } from 'node:diagnostics_channel';
import type { Operation } from './protocol.js';

/** A call that a compute process has answered. Times are epoch milliseconds. */
export interface ComputeCall {
  readonly operation: Operation;
  /** Of the compute process. */
  readonly pid: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

const calls = channel('layersense:compute-call');

/**
 * Hears of every answered call of every compute process of this one, each in the asynchronous
 * context of its caller. Returns what ends that.
 */
export function onComputeCall(listener: (call: ComputeCall) => void): () => void {
  const heard = (message: unknown) => listener(message as ComputeCall);
  calls.subscribe(heard);
  return () => void calls.unsubscribe(heard);
}

export function tellComputeCall(call: ComputeCall): void {
  if (calls.hasSubscribers) calls.publish(call);
}
