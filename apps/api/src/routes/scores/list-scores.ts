import { ScoresQuery, StoredScoreList } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';
import {
  acceptedFormat,
  contentOf,
  listFormats,
  sendLines,
} from '../../score-formats/answer-formats.js';

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
            content: contentOf(StoredScoreList, listFormats),
          },
          404: problemResponse('No such run'),
          406: problemResponse('Accept allows none of the three'),
          422: problemResponse('A filter that is not valid'),
        },
      },
    },
    async (request, reply) => {
      const format = acceptedFormat(request, reply, listFormats);
      const data = await database.scores.query(request.query);
      if (format !== null) return sendLines(reply, format, format.listLines(data));
      return reply.type('application/json; charset=utf-8').send({ object: 'list' as const, data });
    },
  );
}
