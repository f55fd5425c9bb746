import { setTimeout as sleep } from 'node:timers/promises';

/** The first value that passes, asked for every 50 ms. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  passes: (value: T) => boolean,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let value = await ask();
  while (!passes(value)) {
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)}`);
    await sleep(50);
    value = await ask();
  }
  return value;
}
