import {
  isTerminal,
  type Job,
  JobIdParams,
  LayersenseError,
  metricsOf,
  PartialScoreReport,
  ScoreReport,
} from '@layersense/contracts';
import { layerScoreCsv } from '@layersense/report-formats';
import { z } from 'zod';
import type { App, AppDependencies } from '../../app-context.js';
import { partialReport } from '../../partial-report.js';
import { problemResponse } from '../../plugins/openapi.js';
import { ndjsonReport } from '../../score-formats/ndjson-report.js';
import { ndjson, scoreTypeOf, sendLines } from '../../score-formats/score-types.js';

const JSON_TYPE = 'application/json; charset=utf-8';

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
        summary: 'The scores of a job, those so far while it runs, as JSON, CSV or NDJSON',
        params: JobIdParams,
        querystring: JobScoresQuery,
        response: {
          200: {
            description: 'The report; as CSV and NDJSON one line per score',
            content: {
              'application/json': { schema: z.union([ScoreReport, PartialScoreReport]) },
              'text/csv': { schema: z.string() },
              'application/x-ndjson': { schema: z.string() },
            },
          },
          404: problemResponse('No such job'),
          406: problemResponse('Accept allows none of the three'),
          409: problemResponse('The job has no scores, or none yet'),
        },
      },
    },
    async (request, reply) => {
      const type = scoreTypeOf(request, reply);
      const { per_example: perExample } = request.query;
      const job = await database.jobs.get(request.params.id);
      reply.header('layersense-job-status', job.status);
      const partial = isTerminal(job.status) ? undefined : await partialReport(database, job);
      if (partial) {
        if (type === 'application/json') return reply.type(JSON_TYPE).send(partial);
        const metrics = metricsOf[job.request.method];
        return type === 'text/csv'
          ? sendLines(reply, type, layerScoreCsv(metrics, partial.scores))
          : sendLines(reply, type, ndjson(partial.scores));
      }
      const runId = finishedRunOf(job);
      if (type === 'application/json') {
        const report = await database.runs.report(runId, { perExample });
        return reply.type(JSON_TYPE).send(report);
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
