import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** From a magnitude of a small model to a Fisher run of hours. */
const JOB_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600];

const caches = ['run', 'model_file', 'session'] as const;

/** The numbers of one worker, for Prometheus. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #registers = { registers: [this.registry] };

  readonly busy = new Gauge({
    name: 'layersense_worker_busy',
    help: '1 while the worker has a job in hand',
    ...this.#registers,
  });
  readonly attempts = new Counter({
    name: 'layersense_job_attempts_total',
    help: 'Attempts at jobs and shards by how they ended: succeeded, shard_succeeded, failed, canceled, requeued, overtaken (another worker has the job), nothing_to_do',
    labelNames: ['outcome'],
    ...this.#registers,
  });
  readonly failures = new Counter({
    name: 'layersense_job_failures_total',
    help: 'Failed jobs by the code of their error',
    labelNames: ['code'],
    ...this.#registers,
  });
  readonly queuedSeconds = new Histogram({
    name: 'layersense_job_queued_seconds',
    help: 'From a job being accepted to its first attempt',
    buckets: JOB_SECONDS,
    ...this.#registers,
  });
  readonly attemptSeconds = new Histogram({
    name: 'layersense_job_attempt_seconds',
    help: 'Duration of an attempt by how it ended',
    labelNames: ['outcome'],
    buckets: JOB_SECONDS,
    ...this.#registers,
  });
  readonly phaseSeconds = new Histogram({
    name: 'layersense_job_phase_seconds',
    help: 'Duration of the phases of an attempt; they follow each other without a gap',
    labelNames: ['method', 'phase'],
    buckets: JOB_SECONDS,
    ...this.#registers,
  });
  readonly examples = new Counter({
    name: 'layersense_examples_total',
    help: 'Calibration examples computed; its rate is examples per second',
    ...this.#registers,
  });
  readonly tokens = new Counter({
    name: 'layersense_tokens_total',
    help: 'Tokens of those examples, without padding; its rate is tokens per second',
    ...this.#registers,
  });
  readonly computeCalls = new Histogram({
    name: 'layersense_compute_call_seconds',
    help: 'Calls of the compute process by what they ask: open a session, run it',
    labelNames: ['operation'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300],
    ...this.#registers,
  });
  readonly peakMemory = new Gauge({
    name: 'layersense_job_peak_memory_bytes',
    help: 'Highest resident memory of the last job that has a measure of it',
    ...this.#registers,
  });
  readonly #cacheLookups = new Counter({
    name: 'layersense_cache_lookups_total',
    help: 'Looks into a cache (run: the stored runs, once a job; model_file: the files of the Hub on this machine; session: the graphs open in the compute process) by result, hit or miss',
    labelNames: ['cache', 'result'],
    ...this.#registers,
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const cache of caches) {
      // From the beginning, so that the first lookup is seen as an increase.
      for (const result of ['hit', 'miss']) this.#cacheLookups.inc({ cache, result }, 0);
    }
  }

  countLookup(cache: (typeof caches)[number], found: boolean): void {
    this.#cacheLookups.inc({ cache, result: found ? 'hit' : 'miss' });
  }
}
