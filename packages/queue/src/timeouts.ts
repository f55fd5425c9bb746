/** Longest wait for a connection to the queue: a request has to be answered soon. */
export const OPEN_TIMEOUT_MS = { request: 3000, worker: 10_000 } as const;
/** Longest wait of a request for the queue's answer. */
export const COMMAND_TIMEOUT_MS = 3000;

/** @throws Error when the promise has not settled by then */
export function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds).unref();
  });
  return Promise.race([promise, timeout]);
}
