import {
  isTerminal,
  type Job,
  JobIdParams,
  LayersenseError,
  ScoreReport,
} from '@layersense/contracts';
import { z } from 'zod';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';
import { scoresToCsv } from '../../scores-csv.js';

const JobScoresQuery = z.strictObject({
  per_example: z.stringbool().default(false).describe('add the value of every example, JSON only'),
});

export function getJobScoresRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/jobs/:id/scores',
    {
      schema: {
        tags: ['jobs'],
        summary: 'The scores of a job that succeeded, as JSON or (Accept: text/csv) CSV',
        params: JobIdParams,
        querystring: JobScoresQuery,
        response: {
          200: {
            description: 'The report',
            content: {
              'application/json': { schema: ScoreReport },
              'text/csv': { schema: z.string() },
            },
          },
          404: problemResponse('No such job'),
          409: problemResponse('The job has not succeeded'),
        },
      },
    },
    async (request, reply) => {
      const job = await database.jobs.get(request.params.id);
      const report = await database.runs.report(finishedRunOf(job), {
        perExample: request.query.per_example,
      });
      if (prefersCsv(request.headers.accept)) {
        return reply.type('text/csv; charset=utf-8').send(scoresToCsv(report));
      }
      return reply.type('application/json; charset=utf-8').send(report);
    },
  );
}

function finishedRunOf(job: Job): string {
  if (job.run_id !== null && job.status === 'succeeded') return job.run_id;
  if (!isTerminal(job.status)) {
    throw new LayersenseError(
      'job_unfinished',
      `Job ${job.id} is ${job.status}. Ask again when GET ${job.urls.self} says succeeded.`,
      { status: job.status },
    );
  }
  const reason = job.error ? `: ${job.error.detail}` : '.';
  throw new LayersenseError(
    'job_without_scores',
    `Job ${job.id} is ${job.status} and has no scores${reason}`,
    { status: job.status },
  );
}

/** Whichever of the two the Accept header names first; JSON unless CSV is asked for. */
function prefersCsv(accept = ''): boolean {
  const csv = accept.indexOf('text/csv');
  const json = accept.indexOf('application/json');
  return csv >= 0 && (json < 0 || csv < json);
}
