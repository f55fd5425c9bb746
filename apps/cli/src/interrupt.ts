import { LayersenseError } from '@layersense/contracts';

export interface Interrupt {
  /** Aborts on the first SIGINT or SIGTERM, with a `canceled` error. */
  readonly signal: AbortSignal;
  /** 130 or 143 once interrupted. */
  readonly exitCode: number | undefined;
  /** Gives the signals back. */
  release(): void;
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** The first signal asks for an orderly end; a second one does not wait for it. */
export function catchInterrupts(): Interrupt {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const onSignal = (name: keyof typeof exitCodes): void => {
    if (exitCode !== undefined) process.exit(exitCode);
    exitCode = exitCodes[name];
    controller.abort(new LayersenseError('canceled', 'Canceled.'));
  };
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
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
