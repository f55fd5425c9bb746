import { enterSpan, type SpanDetails } from '@layersense/telemetry';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app-context.js';
import { isProbe } from '../probes.js';

/**
 * A span around every request but the probes', under the caller's `traceparent`. Everything the
 * request awaits runs inside it, so its log lines and its job carry the trace.
 */
export function registerTracing(app: App): void {
  const spans = new WeakMap<FastifyRequest, ReturnType<typeof enterSpan>>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (isProbe(request)) return done();
    const parent = request.headers.traceparent;
    const name = `${request.method} ${routeOf(request)}`;
    const details: SpanDetails = {
      kind: 'server',
      parent: typeof parent === 'string' ? parent : undefined,
    };
    spans.set(request, enterSpan(name, details, done));
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttributes({
      'http.request.method': request.method,
      'http.route': routeOf(request),
      'http.response.status_code': reply.statusCode,
    });
    span?.end();
    done();
  });
}

const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'unknown';
