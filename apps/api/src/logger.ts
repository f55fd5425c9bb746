import { redactSecrets } from '@layersense/contracts';
import { logTraceIds } from '@layersense/telemetry';
import { type DestinationStream, type Logger, pino } from 'pino';

/** JSON lines, on standard output by default, without what would let a reader act as the caller. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = { level, mixin: logTraceIds, hooks: { streamWrite: redactSecrets } };
  return destination === undefined ? pino(options) : pino(options, destination);
}
