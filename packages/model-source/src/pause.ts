import { setTimeout as sleep } from 'node:timers/promises';
import { canceledError } from './canceled-error.js';

/** @throws LayersenseError `canceled` as soon as the signal is aborted. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch((error: unknown) => {
    throw signal?.aborted ? canceledError('The download', signal) : error;
  });
}
