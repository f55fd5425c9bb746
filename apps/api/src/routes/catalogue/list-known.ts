import { KnownDatasetList, KnownModelList, ListKnownQuery } from '@layersense/contracts';
import type { App, AppDependencies } from '../../app-context.js';
import { problemResponse } from '../../plugins/openapi.js';

export function listModelsRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/models',
    {
      schema: {
        operationId: 'listModels',
        tags: ['catalogue'],
        summary: 'Model revisions that have runs, the most recently scored first',
        querystring: ListKnownQuery,
        response: { 200: KnownModelList, 422: problemResponse('A cursor that is not valid') },
      },
    },
    (request) => database.catalogue.models(request.query),
  );
}

export function listDatasetsRoute(app: App, { database }: AppDependencies): void {
  app.get(
    '/datasets',
    {
      schema: {
        operationId: 'listDatasets',
        tags: ['catalogue'],
        summary: 'Datasets that have runs, the most recently used first',
        querystring: ListKnownQuery,
        response: { 200: KnownDatasetList, 422: problemResponse('A cursor that is not valid') },
      },
    },
    (request) => database.catalogue.datasets(request.query),
  );
}
