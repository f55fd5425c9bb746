import {
  isTerminal,
  type Job,
  JobIdParams,
  type LayerScore,
  LayersenseError,
  PartialScoreReport,
  ScoreReport,
} from '@layersense/contracts';
import { z } from 'zod';
import type { App, AppDependencies } from '../../app-context.js';
import { partialReport } from '../../partial-report.js';
import { problemResponse } from '../../plugins/openapi.js';
import {
  acceptedFormat,
  answerFormats,
  contentOf,
  sendLines,
} from '../../score-formats/answer-formats.js';
import { scoresWithExamples } from '../../score-formats/scores-with-examples.js';

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
            content: contentOf(z.union([ScoreReport, PartialScoreReport]), answerFormats),
          },
          404: problemResponse('No such job'),
          406: problemResponse('Accept allows none of the three'),
          409: problemResponse('The job has no scores, or none yet'),
        },
      },
    },
    async (request, reply) => {
      const format = acceptedFormat(request, reply, answerFormats);
      const { per_example: perExample } = request.query;
      const job = await database.jobs.get(request.params.id);
      reply.header('layersense-job-status', job.status);
      const partial = isTerminal(job.status) ? undefined : await partialReport(database, job);
      if (partial) {
        if (format === null) return reply.type(JSON_TYPE).send(partial);
        const { scores } = partial;
        return sendLines(
          reply,
          format,
          format.lines({ run: null, metrics: metricsIn(scores), scores }),
        );
      }
      const runId = finishedRunOf(job);
      if (format === null) {
        const report = await database.runs.report(runId, { perExample });
        return reply.type(JSON_TYPE).send(report);
      }
      const report = await database.runs.report(runId);
      const { run } = report;
      const scores =
        perExample && format.holdsExamples ? scoresWithExamples(database, report) : report.scores;
      return sendLines(reply, format, format.lines({ run, metrics: run.metrics, scores }));
    },
  );
}

/** The metrics of scores that have no run yet: all of them have values of the same ones. */
function metricsIn([first]: readonly LayerScore[]): readonly string[] {
  return Object.keys(first?.values ?? {});
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
