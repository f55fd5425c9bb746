import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { Problem } from '@layersense/contracts';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { App } from '../app-context.js';

/** For the `response` of a route: what each listed status answers when it is an error. */
export const problemResponse = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
});

/** `/openapi.json`, and `/docs` with assets from this process: it works without a network. */
export async function registerOpenApi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'layersense',
        version: '0.1.0',
        description:
          'Which layers of a neural network can be quantised, and which cannot: exact per-example Fisher scores and weight magnitudes.',
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
      tags: [
        { name: 'jobs', description: 'Computations, from request to scores' },
        { name: 'scores', description: 'The scores of all runs' },
        { name: 'runs', description: 'Finished computations with their provenance' },
        { name: 'service', description: 'Health' },
      ],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
