import { LayersenseError } from '@layersense/contracts/error-codes';
import { isOutOfMemory, killedBySystem, outOfMemory } from './ort-error.js';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Why a compute process that nobody stopped has ended. `stderr` is the end of what it wrote. */
export function explainExit({ code, signal }: ProcessExit, stderr: string): LayersenseError {
  if (signal === 'SIGKILL') return killedBySystem();
  if (isOutOfMemory(stderr)) return outOfMemory('go on', stderr.trim());
  const how = signal === null ? `with exit code ${code}` : `by signal ${signal}`;
  const written = stderr.trim() === '' ? 'It wrote nothing.' : `It wrote: ${stderr.trim()}`;
  return new LayersenseError(
    'compute_process_died',
    `The compute process ended ${how}. ${written}`,
    signal === null ? { exitCode: code ?? -1 } : { signal },
  );
}
