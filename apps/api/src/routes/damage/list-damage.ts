import { DamageList, DamageQuery } from '@layersense/contracts';
import { formatTotals, predictedDamage } from '@layersense/runs';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function listDamageRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/damage',
    {
      schema: {
        operationId: 'listDamage',
        tags: ['scores'],
        summary: 'What numeric formats are predicted to do to the loss, in nats per token',
        querystring: DamageQuery,
        response: {
          200: DamageList,
          404: problemResponse('No such run, or none that prices formats'),
          422: problemResponse('A format that the run does not have'),
        },
      },
    },
    async (request) => {
      const { run, matrices } = await database.runs.damage(request.query);
      const priced = run.priced_run ?? { run_id: run.id, groups: null };
      return {
        object: 'list' as const,
        run_id: run.id,
        priced_run: priced,
        data: [...predictedDamage(matrices, priced.groups)],
        totals: [...formatTotals(matrices, priced.groups)],
      };
    },
  );
}
