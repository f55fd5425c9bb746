import { UsageError } from './usage-error.js';

/** @throws UsageError unless `port` can be listened on */
export function checkedPort(port: number): number {
  if (port >= 0 && port <= 65_535) return port;
  throw new UsageError(`--port must be from 0 (a free one) to 65535, not ${port}.`);
}
