/** Bytes of tensors after which the dead ones among them are worth a collection of milliseconds. */
const THRESHOLD = 32 * 2 ** 20;

let passed = 0;

/**
 * Counts the bytes of tensors that came and went, and collects garbage once they are many. Left to
 * itself the engine sees a small heap and lets hundreds of megabytes of dead tensors lie about.
 */
export function collectGarbage(bytes: number): void {
  passed += bytes;
  if (passed < THRESHOLD) return;
  passed = 0;
  globalThis.gc?.();
}
