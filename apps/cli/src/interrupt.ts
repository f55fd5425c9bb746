import { LayersenseError } from '@layersense/contracts';

// SIGHUP: the terminal was closed. SIGPIPE: nobody reads the output any more (main.ts emits it).
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGPIPE: 141 } as const;
type SignalName = keyof typeof exitCodes;

/**
 * Runs `work`, whose signal aborts on the first signal that ends programs; a second one ends the
 * process at once. Answers the exit code: that of the signal where it made `work` fail, for what an interrupted
 * computation dies of is a consequence and no news.
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  let received: SignalName | undefined;
  const onSignal = (name: SignalName): void => {
    // Both streams of one closed pipe say so.
    if (received === 'SIGPIPE' && name === 'SIGPIPE') return;
    if (received) process.exit(exitCodes[received]);
    received = name;
    controller.abort(new LayersenseError('canceled', 'Canceled.'));
  };
  const names = Object.keys(exitCodes) as SignalName[];
  for (const name of names) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!received) throw error;
    process.stderr.write('Canceled.\n');
    return exitCodes[received];
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // A listener keeps no process alive, and until the signal there may be nothing else that does.
    const alive = setInterval(() => undefined, 2 ** 30);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}
