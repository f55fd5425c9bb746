import type { ApiKey } from '@layersense/contracts';
import type { Database } from '@layersense/database';
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RouteOptions,
} from 'fastify';
import type { App, AppDependencies } from '../app-context.js';
import { answerError } from '../plugins/error-handler.js';
import { problemResponse } from '../plugins/openapi.js';
import { authorize, identify } from './authenticate.js';
import { assertFromThisMachine } from './browser-guard.js';
import { cachedKeys } from './key-cache.js';
import { createKeyPolicy } from './key-policy.js';
import { createLimit } from './rate-limit.js';
import { type Access, accessOf, accessOrAdmin } from './route-access.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is; null where no key was needed, or none was given that is valid. */
    apiKey: ApiKey | null;
  }
  interface FastifyInstance {
    /** What routeAccess lacks; a test holds it empty. */
    routesWithoutAccess: string[];
  }
}

/** Decides about every request before its body is read. Comes before the routes. */
export async function registerAccessControl(
  app: App,
  dependencies: AppDependencies,
): Promise<void> {
  const { database, config } = dependencies;
  const policyNow = createKeyPolicy(config, database);
  const find = cachedKeys((text) => findAndRecord(database, text));
  const limit = await createLimit(app, dependencies);
  app.decorateRequest('apiKey', null);
  app.decorate('routesWithoutAccess', []);
  app.addHook('onRoute', describeAccess);

  const decide = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const access = accessOfRequest(request);
    if (access === 'probe') return;
    if (access === 'open') return limit(request, reply);
    const policy = await policyNow();
    if (policy === 'this-machine') return assertFromThisMachine(request);
    if (policy === 'everybody') return limit(request, reply);
    const identity = await identify(request, find);
    if ('key' in identity) request.apiKey = identity.key;
    // What will be refused counts too, under the address: it is how keys are guessed.
    await limit(request, reply);
    authorize(identity, access, { request, reply });
  };
  // Answered here: plugins for pages have error handlers of their own that make a 500 of it.
  app.addHook('onRequest', (request, reply) =>
    decide(request, reply).catch((error: FastifyError) => answerError(error, request, reply)),
  );
}

async function findAndRecord({ apiKeys }: Database, text: string): Promise<ApiKey | undefined> {
  const key = await apiKeys.find(text);
  if (key !== undefined) await apiKeys.recordUse(key.prefix);
  return key;
}

/** An address without a route is answered with 404 whoever asks. */
function accessOfRequest({ is404, method, routeOptions }: FastifyRequest): Access {
  return is404 ? 'open' : accessOrAdmin(method, routeOptions.url ?? '');
}

/** Puts into the OpenAPI document what this file does to a route. */
function describeAccess(this: FastifyInstance, route: RouteOptions): void {
  const method = [route.method].flat()[0] ?? '';
  if (accessOf(method, route.url) === undefined) {
    this.routesWithoutAccess.push(`${method} ${route.url}`);
  }
  const access = accessOrAdmin(method, route.url);
  if (access === 'open' || access === 'probe' || route.schema === undefined) return;
  const documented = route.schema.response;
  route.schema = {
    ...route.schema,
    security: [{ apiKey: [access] }],
    response: {
      401: problemResponse('No API key, or one that is not valid'),
      403: problemResponse(`A key without the scope ${access}`),
      429: problemResponse('Too many requests'),
      ...(typeof documented === 'object' ? documented : {}),
    },
  };
}
