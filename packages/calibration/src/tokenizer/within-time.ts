import vm from 'node:vm';

/** One for all calls, as making a context takes a millisecond. */
const sandbox: { body: () => unknown } = { body: () => undefined };
const context = vm.createContext(sandbox);
const script = new vm.Script('body()');

/**
 * Runs `body`, which must not wait for anything, and stops it when the time is up: even inside a
 * regular expression that backtracks for ever, and which a tokenizer file may hold.
 *
 * @throws RangeError when the time is up; what `body` throws
 */
export function withinTime<T>(milliseconds: number, body: () => T): T {
  sandbox.body = body;
  try {
    return script.runInContext(context, { timeout: milliseconds }) as T;
  } catch (error) {
    // The error may be of the context's own Error class.
    const { code } = error as { code?: unknown };
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new RangeError(`it was not done after ${milliseconds / 1000} s`);
  } finally {
    sandbox.body = () => undefined;
  }
}
