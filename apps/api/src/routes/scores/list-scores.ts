import { ScoresQuery, StoredScoreList } from '@layersense/contracts';
import { storedScoreCsv } from '@layersense/report-formats';
import { z } from 'zod';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';
import { ndjson, scoreTypeOf, sendLines } from '../../score-formats/score-types.js';

export function listScoresRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/scores',
    {
      schema: {
        operationId: 'listScores',
        tags: ['scores'],
        summary: 'Scores of the newest run of each model, revision, dataset and method',
        querystring: ScoresQuery,
        response: {
          200: {
            description: 'The scores; as CSV and NDJSON one line each',
            content: {
              'application/json': { schema: StoredScoreList },
              'text/csv': { schema: z.string() },
              'application/x-ndjson': { schema: z.string() },
            },
          },
          404: problemResponse('No such run'),
          406: problemResponse('Accept allows none of the three'),
          422: problemResponse('A filter that is not valid'),
        },
      },
    },
    async (request, reply) => {
      const type = scoreTypeOf(request, reply);
      const data = await database.scores.query(request.query);
      if (type === 'text/csv') return sendLines(reply, type, storedScoreCsv(data));
      if (type === 'application/x-ndjson') return sendLines(reply, type, ndjson(data));
      return reply.type('application/json; charset=utf-8').send({ object: 'list' as const, data });
    },
  );
}
