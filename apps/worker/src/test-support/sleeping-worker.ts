import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectDatabase } from '@layersense/database';
import { pino } from 'pino';
import { z } from 'zod';
import { createSensitivityWorker } from '../delivery/sensitivity-worker.js';
import { saveTinyRun } from './save-tiny-run.js';

/** What a test tells the worker process that it starts. */
const Instructions = z.object({
  databaseUrl: z.string(),
  queueUrl: z.string(),
  namespace: z.string(),
  /** Every attempt adds a line with the process id. */
  journal: z.string(),
  sleepMs: z.number(),
});
export type Instructions = z.infer<typeof Instructions>;

const { databaseUrl, queueUrl, namespace, journal, sleepMs } = Instructions.parse(
  JSON.parse(process.argv[2] ?? ''),
);
const database = connectDatabase(databaseUrl);
await createSensitivityWorker({
  queue: { url: queueUrl, namespace },
  database,
  logger: pino({ level: 'silent' }),
  maxAttempts: 3,
  // Short, for tests wait until that of a killed worker has ended; a busy machine renews it in time.
  lockMs: 8000,
  stalledCheckMs: 500,
  reconcileMs: 60_000,
  runJob: async ({ jobId }, { signal }) => {
    await appendFile(journal, `${process.pid}\n`);
    await sleep(sleepMs, undefined, { signal });
    await saveTinyRun(database, jobId);
    return 'job';
  },
});
