import { logTraceIds } from '@layersense/telemetry';
import { type Logger, pino } from 'pino';

/** JSON lines on standard output, without what would let a reader act as the caller. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    mixin: logTraceIds,
    redact: ['req.headers.authorization', 'req.headers.cookie', '*.password', '*.token'],
  });
}
