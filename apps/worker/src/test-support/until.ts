import { setTimeout as sleep } from 'node:timers/promises';

/** Only what hangs takes as long: a busy machine is slow, and fails no test. */
const LIMIT_MS = 300_000;

/** The first value that passes, asked for every 50 ms. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  passes: (value: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + LIMIT_MS;
  let value = await ask();
  while (!passes(value)) {
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)}`);
    await sleep(50);
    value = await ask();
  }
  return value;
}
