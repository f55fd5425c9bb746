// Requests per second and latency of the API, beside Fastify routes that answer the same bytes from
// memory on the same machine.
//
//   npm run bench:api -- [--runs 1000] [--seconds 8] [--connections 10]
//
// The store holds 1,000 runs of 254 layers (50 models, 20 datasets each) in a PostgreSQL of its own.
// API, bare server and load generator are processes of their own. No worker runs: jobs stay queued.
import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { importedRun } from '@layersense/api/imported-run';
import { Job } from '@layersense/contracts';
import { connectDatabase, migrate, startEmbeddedPostgres } from '@layersense/database';
import autocannon from 'autocannon';
import type { BareAnswer } from './bare-server.js';
import { answering, freePort, killed, startProcess, temporaryFolder } from './service-process.js';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '10' },
  },
});
const RUNS = Number(options.runs);
const DATASETS = 20;
const BLOCKS = 28;
const modules = [
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.o_proj',
  'mlp.gate_proj',
  'mlp.up_proj',
  'mlp.down_proj',
  'input_layernorm',
  'post_attention_layernorm',
];
/** 254 of them, as in a Qwen2.5 of 28 blocks without its biases. */
const parameters = [
  'model.embed_tokens.weight',
  ...Array.from({ length: BLOCKS }, (_, block) =>
    modules.map((module) => `model.layers.${block}.${module}.weight`),
  ).flat(),
  'model.norm.weight',
];
const job = JSON.stringify({ model: 'org/model-1', dataset: 'dataset-3', method: 'fisher' });
const JSON_TYPE = { 'content-type': 'application/json' };

const folder = temporaryFolder('bench-api');
const postgres = await startEmbeddedPostgres({ folder });
await migrate(postgres.url);
const database = connectDatabase(postgres.url);
const children: ChildProcess[] = [];
try {
  await fillStore();
  const [port, barePort] = [await freePort(), await freePort()];
  const environment = { DATABASE_URL: postgres.url, PORT: String(port), LOG_LEVEL: 'fatal' };
  children.push(
    startProcess('apps/api/dist/server.js', {
      ...environment,
      RATE_LIMIT_PER_MINUTE: '1000000000',
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/readyz`);
  const requests = await requestsAt(url);
  const answers: readonly BareAnswer[] = requests.map(({ method, status, body }, i) => ({
    method,
    path: `/${i}`,
    status,
    body,
  }));
  const answersFile = join(folder, 'answers.json');
  writeFileSync(answersFile, JSON.stringify(answers));
  children.push(
    startProcess('tools/dist/bench/bare-server.js', {}, [String(barePort), answersFile]),
  );
  const bareUrl = `http://127.0.0.1:${barePort}`;
  await answering(`${bareUrl}/1`);
  await compare(url, bareUrl, requests);
} finally {
  await Promise.all(children.map(killed));
  await database.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function fillStore(): Promise<void> {
  const started = performance.now();
  const save = (i: number) =>
    database.runs.save(
      reportOf(`org/model-${Math.floor(i / DATASETS)}`, `dataset-${i % DATASETS}`, i),
    );
  for (let i = 0; i < RUNS; i += DATASETS) {
    await save(i);
    await Promise.all(
      Array.from({ length: Math.min(DATASETS, RUNS - i) - 1 }, (_, j) => save(i + j + 1)),
    );
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`${RUNS} runs of ${parameters.length} layers stored in ${seconds.toFixed(0)} s\n`);
}

interface RequestKind {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly send?: string;
}

interface AnsweredRequest extends RequestKind {
  readonly status: number;
  readonly body: string;
}

/** One request of each kind, with the answer that the API gives to it. */
async function requestsAt(url: string): Promise<readonly AnsweredRequest[]> {
  const created = await fetch(`${url}/jobs`, { method: 'POST', headers: JSON_TYPE, body: job });
  const { id } = Job.parse(await created.json());
  const kinds: readonly RequestKind[] = [
    { name: 'POST /jobs', method: 'POST', path: '/jobs', send: job },
    { name: 'GET /jobs/:id', method: 'GET', path: `/jobs/${id}` },
    {
      name: 'GET /scores, 254 rows',
      method: 'GET',
      path: '/scores?model=org/model-1&dataset=dataset-3',
    },
    {
      name: 'GET /scores, top 10',
      method: 'GET',
      path: '/scores?model=org/model-1&dataset=dataset-3&top=10',
    },
  ];
  const answered: AnsweredRequest[] = [];
  for (const kind of kinds) {
    const { method, path, send } = kind;
    const sent = send === undefined ? {} : { headers: JSON_TYPE, body: send };
    const response = await fetch(`${url}${path}`, { method, ...sent });
    answered.push({ ...kind, status: response.status, body: await response.text() });
  }
  return answered;
}

async function compare(
  url: string,
  bareUrl: string,
  requests: readonly AnsweredRequest[],
): Promise<void> {
  const head = [
    '',
    'bytes',
    'req/s',
    'p50 ms',
    'p99 ms',
    'bare req/s',
    'bare p50',
    'bare p99',
    'ratio',
  ];
  console.log(row(head));
  for (const [i, request] of requests.entries()) {
    const api = await load(url, request);
    const bare = await load(bareUrl, { ...request, path: `/${i}` });
    const ratio = `${(api.requests.average / bare.requests.average).toFixed(3)}`;
    const cells = [api, bare].flatMap(({ requests, latency }) => [
      requests.average.toFixed(0),
      String(latency.p50),
      String(latency.p99),
    ]);
    console.log(row([request.name, String(request.body.length), ...cells, ratio]));
  }
}

/** @throws Error when an answer is not the expected one: a refusal is quick to send */
async function load(
  url: string,
  { method, path, send, status }: AnsweredRequest,
): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${url}${path}`,
    method,
    connections: Number(options.connections),
    duration: Number(options.seconds),
    ...(send === undefined ? {} : { headers: JSON_TYPE, body: send }),
  });
  const counts = new Map(Object.entries(result.statusCodeStats ?? {}));
  const expected = counts.get(String(status))?.count ?? 0;
  const total = [...counts.values()].reduce((sum, { count = 0 }) => sum + count, 0);
  if (result.errors > 0 || expected !== total) {
    throw new Error(`${method} ${path}: ${JSON.stringify(result.statusCodeStats)}`);
  }
  return result;
}

function row([name = '', ...cells]: readonly string[]): string {
  return name.padEnd(24) + cells.map((cell) => cell.padStart(11)).join('');
}

/** A run as an import stores it, with the shapes and errors that a computed one has. */
function reportOf(model: string, dataset: string, seed: number): ReturnType<typeof importedRun> {
  const values = parameters.map((parameter, i) => [parameter, ((i * 7919 + seed) % 9973) + 1]);
  const { run, scores } = importedRun({
    model,
    revision: 'main',
    dataset,
    method: 'fisher',
    examples: 64,
    params: {},
    source: `bench ${seed}`,
    scores: Object.fromEntries(values),
  });
  const measured = scores.map((score) => ({
    ...score,
    shape: [1536, 1536],
    numel: 1536 ** 2,
    standard_error: (score.values.sum ?? 0) / 10,
  }));
  return { run, scores: measured };
}
