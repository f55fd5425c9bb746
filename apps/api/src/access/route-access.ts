import type { Scope } from '@layersense/contracts';

/** What a caller needs: a scope, or nothing. A `probe` is not even counted by the rate limit. */
export type Access = Scope | 'open' | 'probe';

/**
 * Every route with what it takes to call it; a test fails when one is missing. A path that
 * ends in `*` stands for all that begin so, and HEAD is GET.
 *
 * The documentation is open because it is the same for everybody and holds no data. The probes are
 * open because orchestrators have no key. Numbers for Prometheus tell models and load, and its
 * scraper can send a key.
 */
export const routeAccess: Readonly<Record<string, Access>> = {
  'POST /jobs': 'jobs:write',
  'POST /jobs/:id/cancel': 'jobs:write',
  'POST /jobs/:id/retry': 'jobs:write',
  'GET /jobs': 'jobs:read',
  'GET /jobs/:id': 'jobs:read',
  'GET /jobs/:id/events': 'jobs:read',
  'GET /jobs/:id/webhook-deliveries': 'jobs:read',
  'GET /jobs/:id/scores': 'scores:read',
  'GET /scores': 'scores:read',
  'GET /damage': 'scores:read',
  'GET /models': 'scores:read',
  'GET /datasets': 'scores:read',
  'GET /methods': 'scores:read',
  'GET /runs': 'scores:read',
  'GET /runs/:id': 'scores:read',
  'GET /runs/:id/marginals': 'scores:read',
  'POST /runs/import': 'runs:write',
  'POST /runs/merge': 'runs:write',
  'GET /metrics': 'metrics:read',
  '* /admin/queues*': 'admin',
  'GET /healthz': 'probe',
  'GET /readyz': 'probe',
  'GET /openapi.json': 'open',
  'GET /docs*': 'open',
};

/** Undefined for a route that routeAccess does not know. */
export function accessOf(method: string, url: string): Access | undefined {
  const asked = method === 'HEAD' ? 'GET' : method;
  return Object.entries(routeAccess).find(([name]) => {
    const [knownMethod, path = ''] = name.split(' ');
    const samePath = path.endsWith('*') ? url.startsWith(path.slice(0, -1)) : url === path;
    return samePath && (knownMethod === asked || knownMethod === '*');
  })?.[1];
}

/** A route that somebody forgot to declare is for administrators, not for everybody. */
export const accessOrAdmin = (method: string, url: string): Access =>
  accessOf(method, url) ?? 'admin';
