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
import { layerScoreCsv } from '../../score-formats/csv.js';
import { ndjsonReport } from '../../score-formats/ndjson-report.js';
import { scoreTypeOf, sendLines } from '../../score-formats/score-types.js';

const JobScoresQuery = z.strictObject({
  per_example: z.stringbool().default(false).describe('add the value of every example; not in CSV'),
});

export function getJobScoresRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/jobs/:id/scores',
    {
      schema: {
        operationId: 'getJobScores',
        tags: ['jobs'],
        summary: 'The scores of a job that succeeded, as JSON, CSV or NDJSON',
        params: JobIdParams,
        querystring: JobScoresQuery,
        response: {
          200: {
            description: 'The report; as CSV and NDJSON one line per score',
            content: {
              'application/json': { schema: ScoreReport },
              'text/csv': { schema: z.string() },
              'application/x-ndjson': { schema: z.string() },
            },
          },
          404: problemResponse('No such job'),
          406: problemResponse('Accept allows none of the three'),
          409: problemResponse('The job has not succeeded'),
        },
      },
    },
    async (request, reply) => {
      const type = scoreTypeOf(request, reply);
      const { per_example: perExample } = request.query;
      const runId = finishedRunOf(await database.jobs.get(request.params.id));
      if (type === 'application/json') {
        const report = await database.runs.report(runId, { perExample });
        return reply.type('application/json; charset=utf-8').send(report);
      }
      const report = await database.runs.report(runId);
      return type === 'text/csv'
        ? sendLines(reply, type, layerScoreCsv(report.run.metrics, report.scores))
        : sendLines(reply, type, ndjsonReport(database, report, perExample));
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
