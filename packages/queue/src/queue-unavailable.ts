import { LayersenseError } from '@layersense/contracts';

/** @param advice what whoever reads it can do */
export function queueUnavailable(cause: unknown, advice: string): LayersenseError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LayersenseError(
    'queue_unavailable',
    `The job queue does not answer (${reason}). ${advice}`,
    {},
    { cause },
  );
}
