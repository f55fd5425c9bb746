import { type ComputeCall, onComputeCall } from '@layersense/runtime';
import { afterEach, beforeEach } from 'vitest';
import { WarmCompute } from '../plans/warm-compute.js';

/** What a test has to do with warm compute processes; another one for every test. */
export interface WatchedWarmCompute {
  readonly warm: WarmCompute;
  /** Every call to a compute process since the test began. */
  readonly calls: readonly ComputeCall[];
  /** How many sessions were opened. */
  readonly opened: () => number;
}

/** A test file calls this once: its hooks start the watching and stop the processes. */
export function useWarmCompute(): WatchedWarmCompute {
  let warm: WarmCompute;
  let calls: ComputeCall[];
  let stopListening: () => void;
  beforeEach(() => {
    warm = new WarmCompute();
    calls = [];
    stopListening = onComputeCall((call) => calls.push(call));
  });
  afterEach(async () => {
    stopListening();
    await warm.stop();
  });
  return {
    get warm() {
      return warm;
    },
    get calls() {
      return calls;
    },
    opened: () => calls.filter(({ operation }) => operation === 'open').length,
  };
}
