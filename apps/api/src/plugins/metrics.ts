import type { Database } from '@layersense/database';
import type { JobQueue } from '@layersense/queue';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { z } from 'zod';
import type { App, AppDependencies } from '../app-context.js';

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * `/metrics`, in Prometheus' text format. Gauges of the jobs are read from PostgreSQL and the queue
 * at every scrape, so every replica tells the same and none needs to be asked alone.
 */
export function registerMetrics(app: App, { database, queue, logger }: AppDependencies): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'layersense_http_request_seconds',
    help: 'Duration of HTTP requests',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [registry],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const labels = { method: request.method, route, status: reply.statusCode };
    requests.observe(labels, reply.elapsedTime / 1000);
    done();
  });

  const absent = (name: string) => (error: unknown) =>
    logger.warn({ err: error, metric: name }, 'a metric could not be read');
  for (const gauge of gauges(database, queue)) {
    new Gauge({
      name: gauge.name,
      help: gauge.help,
      labelNames: gauge.label === undefined ? [] : [gauge.label],
      registers: [registry],
      // What cannot be read is left out: a value from before the outage would be a lie.
      async collect() {
        this.reset();
        await gauge
          .read((value, label) => {
            if (gauge.label === undefined || label === undefined) this.set(value);
            else this.set({ [gauge.label]: label }, value);
          })
          .catch(absent(gauge.name));
      },
    });
  }

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['service'],
        summary: 'Numbers for Prometheus',
        response: {
          200: {
            description: 'Prometheus text format',
            content: { 'text/plain': { schema: z.string() } },
          },
        },
      },
    },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
}

interface ReadGauge {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  read(set: (value: number, label?: string) => void): Promise<void>;
}

function gauges(database: Database, queue: JobQueue): ReadGauge[] {
  const each = (counts: Record<string, number>, set: (value: number, label: string) => void) => {
    for (const [label, count] of Object.entries(counts)) set(count, label);
  };
  return [
    {
      name: 'layersense_jobs',
      help: 'Jobs in the database by status',
      label: 'status',
      read: async (set) => each(await database.jobs.statistics.countByStatus(), set),
    },
    {
      name: 'layersense_oldest_queued_job_seconds',
      help: 'How long the job that waits longest has been waiting; 0 when none does',
      read: async (set) => set(await database.jobs.statistics.oldestQueuedSeconds()),
    },
    {
      name: 'layersense_queue_entries',
      help: 'Entries of the queue by state: what a scaler of workers looks at',
      label: 'state',
      read: async (set) => each(await queue.counts(), set),
    },
  ];
}
