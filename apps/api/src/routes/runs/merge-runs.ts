import { type ComputedReport, LayersenseError, MergeRunsRequest, Run } from '@layersense/contracts';
import { isOfSameSubject, mergeReports } from '@layersense/runs';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

/** The bootstrap over so many examples holds up other requests for a second or two. */
const MOST_EXAMPLES = 4096;

export function mergeRunsRoute(app: App, { database }: AppDependencies): void {
  app.post(
    '/runs/merge',
    {
      schema: {
        operationId: 'mergeRuns',
        tags: ['runs'],
        summary: 'Join Fisher runs over disjoint examples into the run over all of them',
        body: MergeRunsRequest,
        response: {
          200: Run,
          201: Run,
          404: problemResponse('No such run'),
          422: problemResponse('Runs that differ in more than their examples, or share some'),
        },
      },
    },
    async (request, reply) => {
      const reports: ComputedReport[] = [];
      await assertFew(request.body.runs, database);
      for (const id of request.body.runs) {
        const report = await database.runs.report(id, { perExample: true });
        const has = report.run.marginals !== undefined;
        const marginals = has ? await (await database.runs.marginals(id)).all() : undefined;
        reports.push({ ...report, marginals });
      }
      const merged = mergeReports(reports);
      const { identity, model, dataset } = merged.run;
      const stored = await database.runs.findByIdentity(identity, (known) =>
        isOfSameSubject(known, { model, dataset: dataset?.name }),
      );
      const run = stored ?? (await database.runs.save(merged));
      return reply
        .code(stored ? 200 : 201)
        .header('location', `/runs/${run.id}`)
        .send(run);
    },
  );
}

async function assertFew(
  ids: readonly string[],
  { runs }: AppDependencies['database'],
): Promise<void> {
  let examples = 0;
  for (const id of ids) examples += (await runs.get(id)).dataset?.indices.length ?? 0;
  if (examples <= MOST_EXAMPLES) return;
  throw new LayersenseError(
    'invalid_request',
    `The runs have ${examples} examples, and the service merges ${MOST_EXAMPLES} at most. Fetch them with ?per_example=true and use layersense merge.`,
    { examples },
  );
}
