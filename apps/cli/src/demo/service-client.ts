import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CreateJobRequest,
  isTerminal,
  Job,
  LayersenseError,
  Problem,
  type Progress,
  ScoreReport,
} from '@layersense/contracts';
import type { z } from 'zod';

const POLL_MS = 150;

/** The calls that any program would make to get scores. */
export interface ServiceClient {
  /** Submits a job and follows it to its end. */
  compute(
    request: z.input<typeof CreateJobRequest>,
    onProgress: (progress: Progress) => void,
  ): Promise<ScoreReport>;
}

/** @throws LayersenseError with the code of the problem that the service answers */
export function createServiceClient(baseUrl: string, signal: AbortSignal): ServiceClient {
  const call = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(new URL(path, baseUrl), { ...init, signal });
    const body: unknown = await response.json();
    if (!response.ok) throw problemError(Problem.parse(body));
    return body;
  };
  return {
    async compute(request, onProgress) {
      let job = Job.parse(
        await call('/jobs', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(request),
        }),
      );
      while (!isTerminal(job.status)) {
        await sleep(POLL_MS, undefined, { signal });
        job = Job.parse(await call(`/jobs/${job.id}`));
        if (job.progress) onProgress(job.progress);
      }
      if (job.error) throw problemError(job.error);
      return ScoreReport.parse(await call(`/jobs/${job.id}/scores`));
    },
  };
}

const problemError = ({ code, detail }: Problem): LayersenseError =>
  new LayersenseError(code, detail);
