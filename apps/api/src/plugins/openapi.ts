import { STATUS_CODES } from 'node:http';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Problem } from '@layersense/contracts';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import type { App } from '../app-context.js';
import { addExamples } from './openapi-examples.js';

/** For the `response` of a route: what each listed status answers when it is an error. */
export const problemResponse = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
});

/** What any route may answer, and any with a body; their own words stand before these. */
const anywhere = {
  400: problemResponse('Malformed as HTTP'),
  500: problemResponse('A fault of ours'),
  503: problemResponse('The database or the queue is away'),
};
const withParameters = { 422: problemResponse('A parameter that is not valid') };
const withBody = {
  413: problemResponse('A body beyond the limit'),
  415: problemResponse('A body that is not application/json'),
};

/** `/openapi.json`, and `/docs` with assets from this process: it works without a network. */
export async function registerOpenApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'layersense',
        version: '0.2.0',
        description:
          'Which layers of a neural network can be quantised, and which cannot: exact per-example Fisher scores and weight magnitudes.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: {
        securitySchemes: {
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            description:
              'A key of `layersense keys create`. Not needed on loopback while there is none.',
          },
        },
      },
      servers: [{ url: 'http://127.0.0.1:8080', description: 'layersense serve' }],
      tags: [
        { name: 'jobs', description: 'Computations, from request to scores' },
        { name: 'scores', description: 'The scores of all runs' },
        { name: 'runs', description: 'Finished computations with their provenance' },
        {
          name: 'catalogue',
          description: 'What there are scores of, and how they are computed',
        },
        { name: 'service', description: 'Health' },
      ],
    },
    transform: (route) => jsonSchemaTransform({ ...route, schema: withProblems(route.schema) }),
    transformObject: (document) => {
      const complete = jsonSchemaTransformObject(document) as OpenAPIV3_1.Document;
      describeStatuses(complete);
      keepReferenced(complete);
      addExamples(complete);
      return complete;
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

type Route = Parameters<typeof jsonSchemaTransform>[0];

function withProblems(schema: Route['schema']): Route['schema'] {
  if (!schema || schema.hide) return schema;
  const { body, params, querystring, headers, response } = schema;
  return {
    ...schema,
    response: {
      ...anywhere,
      ...(params || querystring || headers || body ? withParameters : {}),
      ...(body ? withBody : {}),
      ...(response as object | undefined),
    },
  };
}

function describeStatuses({ paths = {} }: OpenAPIV3_1.Document): void {
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations ?? {})) {
      if (typeof operation !== 'object' || !('responses' in operation)) continue;
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        if (!('description' in response) || response.description !== 'Default Response') continue;
        response.description = STATUS_CODES[status] ?? status;
      }
    }
  }
}

/** Every schema comes in a form for requests and one for answers; most are used in one alone. */
function keepReferenced(document: OpenAPIV3_1.Document): void {
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  const collect = (value: unknown) => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(
      /"#\/components\/schemas\/(\w+)"/g,
    )) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name]);
    }
  };
  collect(document.paths);
  for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name];
}
