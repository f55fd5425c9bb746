import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Job, JobSpec, type ScoreReport } from '@layersense/contracts';
import {
  connectDatabase,
  type Database,
  type FinishedBatch,
  type NewJob,
} from '@layersense/database';
import { noFinishedBatches, runSensitivityJob } from '@layersense/scoring';
import {
  freshDatabase,
  type HeldBatches,
  holdBatches,
  killed,
  perExampleOf,
} from '@layersense/testing';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { enqueue } from './enqueue.js';
import type { QueueBackend } from './queue-backends.js';
import { until } from './until.js';
import { startWorkerProcess } from './worker-process.js';

const fixture = fileURLToPath(
  new URL('../../../../packages/testing/fixtures/checkpoints/llama-tied', import.meta.url),
);
/** Model, examples and what workers leave on disk. */
const root = mkdtempSync(join(tmpdir(), 'layersense-fleet-'));
afterAll(() => rm(root, { recursive: true }));
const [model, dataset] = [join(root, 'model'), join(root, 'tokens.jsonl')];
cpSync(fixture, model, { recursive: true });

/** 64 examples of 4 to 63 tokens. */
const examples = Array.from({ length: 64 }, (_, row) => ({
  input_ids: Array.from({ length: 4 + ((11 * row) % 60) }, (__, t) => (31 * t + 7 * row) % 61),
}));
writeFileSync(dataset, examples.map((each) => JSON.stringify(each)).join('\n'));

/** A Fisher job on a model and examples so small that nearly all of its time is that of processes. */
export function smallJob(params: object): JobSpec {
  return JobSpec.parse({ model, method: 'fisher', dataset, device: 'cpu', params });
}

/** What one process makes of a job, without queue and database. */
export function computedAlone(spec: JobSpec): Promise<ScoreReport> {
  const services = {
    allowedRoots: [root],
    hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true },
    report: () => undefined,
    finishedBatches: noFinishedBatches,
    threads: 1,
  };
  return runSensitivityJob(spec, services, new AbortController().signal);
}

/** @throws Error where the report does not tell of every example */
export const scoresByParameter = (report: ScoreReport) => ({
  perExample: perExampleOf(report),
  scores: new Map(report.scores.map((score) => [score.parameter, score])),
});

/**
 * A database, a queue, and real workers on them, for the tests of the `describe` it is made in. Workers
 * end with their test, everything else with the last one.
 */
export class WorkerFleet {
  readonly #workers: ChildProcess[] = [];
  readonly #cleanups: (() => Promise<unknown>)[] = [];
  #database: Database | undefined;
  #urls = { databaseUrl: '', queueUrl: '' };
  #spillFolder = '';

  constructor(
    { available, start }: QueueBackend,
    private readonly namespace: string,
  ) {
    beforeAll(async () => {
      if (available) await this.#begin(start);
    });
    afterEach(async () => {
      await Promise.all(this.#workers.splice(0).map(killed));
    });
    afterAll(async () => {
      for (const cleanup of this.#cleanups) await cleanup();
    });
  }

  async #begin(start: QueueBackend['start']): Promise<void> {
    const fresh = await freshDatabase();
    const redis = await start?.();
    const database = connectDatabase(fresh.url);
    this.#database = database;
    this.#urls = { databaseUrl: fresh.url, queueUrl: redis?.url ?? fresh.url };
    this.#spillFolder = await mkdtemp(join(root, 'spill-'));
    this.#cleanups.push(() => database.close());
    if (redis) this.#cleanups.push(() => redis.stop());
    this.#cleanups.push(() => fresh.drop());
  }

  get database(): Database {
    if (!this.#database) throw new Error('the tests have not begun');
    return this.#database;
  }

  /** For what workers leave on disk. */
  get spillFolder(): string {
    return this.#spillFolder;
  }

  startWorker(environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const place = { ...this.#urls, namespace: this.namespace, root };
    const worker = startWorkerProcess({
      ...place,
      environment: { SPILL_DIR: this.#spillFolder, ...environment },
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Puts a job into the queue, to be computed whether or not its run is stored. */
  async submit(spec: JobSpec, how: Partial<NewJob> = {}): Promise<string> {
    const job = await this.database.jobs.create({ spec, metadata: {}, force: true, ...how });
    await enqueue(this.#urls.queueUrl, this.namespace, job.id, job);
    return job.id;
  }

  /** From now on, each job stores this many batches, and waits with the next one. */
  holdBatches(after: number): Promise<HeldBatches> {
    return holdBatches(this.#urls.databaseUrl, after);
  }

  /** The finished batches of a job, as soon as there are so many. */
  whenStored(id: string, count: number): Promise<FinishedBatch[]> {
    const stored = () => this.database.jobs.batches.load(id);
    return until(`${count} batches are stored`, stored, (batches) => batches.length >= count);
  }

  whenJob(id: string, what: string, holds: (job: Job) => boolean): Promise<Job> {
    return until(what, () => this.database.jobs.get(id), holds);
  }
}
