// What a bad day does to the jobs of clients that behave: workers die, PostgreSQL and Redis restart.
//
//   npm run soak -- [--jobs 200] [--clients 8] [--workers 3] [--backend postgres|redis]
//
// On each queue backend: clients submit jobs on the demo model, each under an Idempotency-Key that is
// sent again after every error and now and then for no reason. Meanwhile workers are killed with
// SIGKILL and started again, and PostgreSQL and Redis are restarted once each (Redis forgets all it
// had). Then every accepted job must have ended, none twice, none lost, and every score must have the
// bits of an undisturbed run. Only loopback is used. Exits with 1 when anything does not hold.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Job, JobSpec, type ScoreReport } from '@layersense/contracts';
import {
  connectDatabase,
  type Database,
  migrate,
  startEmbeddedPostgres,
} from '@layersense/database';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { noFinishedBatches, runSensitivityJob } from '@layersense/scoring';
import { redisServerAvailable, startRedisServer } from '@layersense/testing';
import { root } from '../repository.js';
import { answering, freePort, killed, startProcess, temporaryFolder } from './service-process.js';

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: '200' },
    clients: { type: 'string', default: '8' },
    workers: { type: 'string', default: '3' },
    backend: { type: 'string' },
  },
});
const JOBS = Number(options.jobs);
const KILL_EVERY_MS = 4000;
/** How many jobs wait or run before clients hold back. */
const BACKLOG = 24;
const DEADLINE_MS = 20 * 60_000;

/** Different enough to tell runs apart, small enough for hundreds of them. */
const specs = ['arithmetic', 'encyclopedia'].flatMap((dataset) =>
  [1, 7, 13, 19].map((skip) => ({
    model: join(root, 'demo/model'),
    method: 'fisher',
    dataset: join(root, `demo/datasets/${dataset}.jsonl`),
    device: 'cpu',
    params: { examples: 6, skip_examples: skip, max_length: 64, batch_size: 2 },
  })),
);

const expected: string[] = [];
for (const spec of specs) expected.push(valuesOf(await undisturbed(spec)));
console.log(`${specs.length} undisturbed runs to compare with`);

let broken = 0;
for (const backend of options.backend ? [options.backend] : ['postgres', 'redis']) {
  if (backend === 'redis' && !redisServerAvailable()) {
    broken += 1;
    continue;
  }
  broken += await soak(backend);
}
process.exitCode = broken === 0 ? 0 : 1;

/** What the clients have seen so far. */
interface Tally {
  /** Ids of the jobs, with the spec that each is of. */
  readonly accepted: Map<string, number>;
  errors: number;
  replays: number;
  mismatched: number;
}

type Service = Awaited<ReturnType<typeof startService>>;

/** How many of the backends do not hold: 0 or 1. */
async function soak(backend: string): Promise<number> {
  const started = performance.now();
  const service = await startService(backend);
  try {
    const tally: Tally = { accepted: new Map(), errors: 0, replays: 0, mismatched: 0 };
    const queue = Array.from({ length: JOBS }, (_, i) => i);
    const clients = Array.from({ length: Number(options.clients) }, () =>
      client(service, queue, tally),
    );
    const over = Promise.all(clients).then(() => allEnded(service, tally));
    const chaos = await disturb(service, over, tally);
    await over;
    return await verdict(backend, service, tally, chaos, (performance.now() - started) / 1000);
  } finally {
    await service.stop();
  }
}

/** Submits until the queue is empty, never far ahead of the workers, so that trouble meets requests. */
async function client(service: Service, queue: number[], tally: Tally): Promise<void> {
  for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
    await backlogBelow(BACKLOG, service, tally);
    const spec = i % specs.length;
    // Half of them would find an equal run; the others are to be computed all the same.
    const body = { ...specs[spec], ...(i % 2 === 0 ? { force: true } : {}) };
    const key = randomUUID();
    const id = await submit(service, key, body, tally);
    tally.accepted.set(id, spec);
    if (i % 5 === 0) {
      tally.replays += 1;
      if ((await submit(service, key, body, tally)) !== id) tally.mismatched += 1;
    }
  }
}

async function backlogBelow(most: number, service: Service, { accepted }: Tally): Promise<void> {
  for (;;) {
    // Where the database does not answer, the request is to find that out for itself.
    const finished = await service.countFinished().catch(() => accepted.size);
    if (accepted.size - finished < most) return;
    await sleep(200);
  }
}

/** The key is sent until there is an answer to it. */
async function submit(service: Service, key: string, body: object, tally: Tally): Promise<string> {
  for (;;) {
    const response = await fetch(`${service.url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => undefined);
    if (response?.ok) return Job.parse(await response.json()).id;
    if (response && response.status < 500 && ![409, 429].includes(response.status)) {
      throw new Error(`refused with ${response.status}: ${await response.text()}`);
    }
    tally.errors += 1;
    await sleep(300);
  }
}

interface Chaos {
  kills: number;
  readonly restarts: string[];
}

/** Kills a worker every few seconds; each server is restarted once on the way. */
async function disturb(service: Service, over: Promise<void>, tally: Tally): Promise<Chaos> {
  const chaos: Chaos = { kills: 0, restarts: [] };
  let ended = false;
  void over.then(
    () => (ended = true),
    () => (ended = true),
  );
  const restarts = [
    { at: JOBS / 3, what: 'PostgreSQL', restart: service.restartPostgres },
    ...(service.restartRedis
      ? [{ at: (2 * JOBS) / 3, what: 'Redis', restart: service.restartRedis }]
      : []),
  ];
  while (!ended) {
    await Promise.race([over.catch(() => undefined), sleep(KILL_EVERY_MS)]);
    if (ended) break;
    const finished = await service.countFinished().catch(() => 0);
    const [next] = restarts;
    if (next && finished >= next.at) {
      restarts.shift();
      await next.restart();
      chaos.restarts.push(next.what);
    } else {
      service.killWorker();
      chaos.kills += 1;
    }
    process.stdout.write(
      `\r  ${finished} of ${JOBS} ended, ${tally.accepted.size} accepted, ${chaos.kills} workers killed  `,
    );
  }
  process.stdout.write('\n');
  return chaos;
}

async function allEnded(service: Service, { accepted }: Tally): Promise<void> {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await sleep(500)) {
    const finished = await service.countFinished().catch(() => 0);
    if (finished >= accepted.size) return;
  }
  console.error('not every job ended in time');
}

async function verdict(
  backend: string,
  { database }: Service,
  tally: Tally,
  chaos: Chaos,
  seconds: number,
): Promise<number> {
  const counts = {
    'jobs in the database': 0,
    succeeded: 0,
    'ended twice': 0,
    'other scores': 0,
    'answered from an equal run': 0,
    'attempts beyond the first': 0,
  };
  const seen = new Set<string>();
  for await (const job of everyJob(database)) {
    counts['jobs in the database'] += 1;
    seen.add(job.id);
    counts['attempts beyond the first'] += Math.max(0, job.attempt - 1);
    if (job.cached) counts['answered from an equal run'] += 1;
    const events = await database.jobs.events.list(job.id);
    const ends = events.filter(({ type }) => ['succeeded', 'failed', 'canceled'].includes(type));
    if (ends.length > 1) counts['ended twice'] += 1;
    if (job.status !== 'succeeded') {
      console.error(`  ${job.id} is ${job.status}: ${job.error?.code} ${job.error?.detail}`);
      continue;
    }
    counts.succeeded += 1;
    const scores = await database.runs.report(job.run_id ?? '', { perExample: true });
    const same = scores && valuesOf(scores) === expected[tally.accepted.get(job.id) ?? -1];
    if (!same) counts['other scores'] += 1;
  }
  const lost = [...tally.accepted.keys()].filter((id) => !seen.has(id)).length;
  const holds =
    tally.accepted.size === JOBS &&
    counts['jobs in the database'] === JOBS &&
    counts.succeeded === JOBS &&
    lost + tally.mismatched + counts['ended twice'] + counts['other scores'] === 0;
  console.log(`${backend}: ${holds ? 'holds' : 'DOES NOT HOLD'} (${seconds.toFixed(0)} s)`);
  const rows = {
    'accepted jobs': tally.accepted.size,
    ...counts,
    lost,
    'requests sent again after an error': tally.errors,
    'keys sent again for no reason': tally.replays,
    'of them with another answer': tally.mismatched,
    'workers killed': chaos.kills,
    restarted: chaos.restarts.join(', ') || 'nothing',
  };
  for (const [name, value] of Object.entries(rows)) console.log(`  ${name.padEnd(36)}${value}`);
  return holds ? 0 : 1;
}

async function* everyJob(database: Database): AsyncGenerator<Job> {
  for (let cursor: string | undefined; ; ) {
    const page = await database.jobs.list({ limit: 200, ...(cursor ? { cursor } : {}) });
    yield* page.data;
    if (page.next_cursor === null) return;
    cursor = page.next_cursor;
  }
}

async function startService(backend: string) {
  const folder = temporaryFolder('soak');
  let postgres = await startEmbeddedPostgres({ folder });
  let redis = backend === 'redis' ? await startRedisServer() : undefined;
  const { url: databaseUrl } = postgres;
  await migrate(databaseUrl);
  const database = connectDatabase(databaseUrl);
  const environment = {
    DATABASE_URL: databaseUrl,
    QUEUE_URL: redis?.url ?? databaseUrl,
    ALLOWED_ROOTS: root,
    LOG_LEVEL: 'fatal',
    THREADS: '1',
    LOCK_SECONDS: '4',
    STALLED_CHECK_SECONDS: '2',
    RECONCILE_SECONDS: '2',
    // A killed worker costs an attempt; here they are killed far more often than in life.
    MAX_ATTEMPTS: '100',
    RATE_LIMIT_PER_MINUTE: '1000000',
  };
  const port = String(await freePort());
  const start = (script: string) => startProcess(script, { ...environment, PORT: port });
  const api = start('apps/api/dist/server.js');
  const workers = Array.from({ length: Number(options.workers) }, () =>
    start('apps/worker/dist/main.js'),
  );
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/readyz`);
  const postgresPort = Number(new URL(databaseUrl).port);
  const redisPort = redis && Number(new URL(redis.url).port);
  return {
    url,
    database,
    countFinished: async () => {
      const { succeeded, failed, canceled } = await database.jobs.statistics.countByStatus();
      return succeeded + failed + canceled;
    },
    killWorker: () => {
      const victim = Math.floor(Math.random() * workers.length);
      workers[victim]?.kill('SIGKILL');
      workers[victim] = start('apps/worker/dist/main.js');
    },
    restartPostgres: async () => {
      await postgres.stop();
      await sleep(1000);
      postgres = await startEmbeddedPostgres({ folder, port: postgresPort });
    },
    restartRedis:
      redis &&
      (async () => {
        await redis?.stop();
        await sleep(1000);
        redis = await startRedisServer(redisPort);
      }),
    stop: async () => {
      await Promise.all([api, ...workers].map(killed));
      await database.close();
      await redis?.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function undisturbed(spec: object): Promise<ScoreReport> {
  const services = {
    allowedRoots: [root],
    hub: hubSettingsFromEnvironment(process.env),
    report: () => undefined,
    finishedBatches: noFinishedBatches,
    threads: 1,
  };
  return runSensitivityJob(JobSpec.parse(spec), services, new AbortController().signal);
}

/** Every number of a report, to the last bit: JSON writes the shortest text that reads back equal. */
function valuesOf({ scores }: Pick<ScoreReport, 'scores'>): string {
  const rows = scores
    .toSorted((a, b) => (a.parameter < b.parameter ? -1 : 1))
    .map(({ parameter, values, per_example }) => [parameter, values, per_example]);
  return JSON.stringify(rows);
}
