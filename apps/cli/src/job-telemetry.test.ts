import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job } from '@layersense/contracts';
import {
  type CollectedSpan,
  freshDatabase,
  prometheusSamples,
  startOtlpCollector,
} from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './test-support/processes.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

/** API and worker as processes of their own, one job from a traced request, then both stopped. */
describe.skipIf(process.platform === 'win32')('one job, observed', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  let job: Job;
  let spans: readonly CollectedSpan[];
  let metrics: Map<string, number>;
  let logs: { api: LogLine[]; worker: LogLine[] };

  beforeAll(async () => {
    const collector = await startOtlpCollector();
    const database = await freshDatabase();
    cleanups.push(
      () => collector.close(),
      () => database.drop(),
    );
    const environment = {
      DATABASE_URL: database.url,
      ALLOWED_ROOTS: root,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    };
    const api = start('apps/api/dist/server.js', { ...environment, PORT: '0' });
    const worker = start('apps/worker/dist/main.js', { ...environment, HEALTH_PORT: '0' });
    cleanups.unshift(api.stop, worker.stop);
    const apiUrl = await api.address(/Server listening at ([^\s"]+)/);
    const workerUrl = await worker.address(/"url":"([^"]+)".*health and metrics/);
    await eventually(async () => ((await fetch(`${workerUrl}/readyz`)).ok ? true : undefined));

    const accepted = await fetch(`${apiUrl}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` },
      body: JSON.stringify({
        model: `${root}demo/model`,
        method: 'fisher',
        dataset: `${root}demo/datasets/arithmetic.jsonl`,
        device: 'cpu',
        params: { examples: 8, max_length: 64 },
      }),
    });
    const { id } = (await accepted.json()) as Job;
    job = await eventually(async () => {
      const seen = (await (await fetch(`${apiUrl}/jobs/${id}`)).json()) as Job;
      return seen.finished_at === null ? undefined : seen;
    });
    metrics = await eventually(async () => {
      const samples = prometheusSamples(await (await fetch(`${workerUrl}/metrics`)).text());
      return samples.get('layersense_worker_busy') === 0 ? samples : undefined;
    });
    await Promise.all([api.stop(), worker.stop()]);
    spans = collector.spans().filter(({ traceId }) => traceId === TRACE);
    logs = { api: api.lines(), worker: worker.lines() };
  });

  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  const one = (name: string): CollectedSpan => {
    const found = spans.filter((span) => span.name === name);
    expect(found, name).toHaveLength(1);
    return found[0] as CollectedSpan;
  };
  const seconds = ({ startedAt, endedAt }: CollectedSpan) => (endedAt - startedAt) / 1000;

  it('succeeds', () => {
    expect(job).toMatchObject({ status: 'succeeded', error: null });
  });

  it('is one trace from the caller through request and worker to the compute process', () => {
    const request = one('POST /jobs');
    expect(request).toMatchObject({ service: 'layersense-api', parentSpanId: CALLER });
    expect(request.attributes['http.response.status_code']).toBe(202);
    const attempt = one('job');
    expect(attempt).toMatchObject({ service: 'layersense-worker', parentSpanId: request.spanId });
    expect(attempt.attributes).toMatchObject({
      'layersense.job.id': job.id,
      'layersense.job.outcome': 'succeeded',
      'layersense.job.attempt': 1,
    });
    const runs = spans.filter(({ name }) => name === 'compute.run');
    expect(runs.length).toBeGreaterThan(0);
    for (const run of runs) {
      expect(run.parentSpanId).toBe(one('computing').spanId);
      expect(run.attributes['process.pid']).toBeGreaterThan(0);
    }
  });

  it('has phases that follow each other without a gap and add up to the job', () => {
    const attempt = one('job');
    const phases = ['resolving', 'loading', 'tokenizing', 'building', 'computing', 'saving'].map(
      one,
    );
    expect(new Set(phases.map(({ parentSpanId }) => parentSpanId))).toEqual(
      new Set([attempt.spanId]),
    );
    expect(phases.slice(0, -1).map(({ endedAt }) => endedAt)).toEqual(
      phases.slice(1).map(({ startedAt }) => startedAt),
    );
    const sum = phases.reduce((total, phase) => total + seconds(phase), 0);
    const inRow = (Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? '')) / 1000;
    expect(sum / seconds(attempt)).toBeGreaterThan(0.9);
    expect(sum).toBeLessThanOrEqual(seconds(attempt));
    expect(sum / inRow).toBeGreaterThan(0.9);
  });

  it('is in the metrics of the worker, with the durations of the trace', () => {
    expect(metrics.get('layersense_job_attempts_total{outcome="succeeded"}')).toBe(1);
    expect(metrics.get('layersense_examples_total')).toBe(8);
    expect(metrics.get('layersense_tokens_total')).toBeGreaterThan(8);
    expect(metrics.get('layersense_job_peak_memory_bytes')).toBeGreaterThan(1e7);
    const lookups = (cache: string, result: string) =>
      metrics.get(`layersense_cache_lookups_total{cache="${cache}",result="${result}"}`);
    expect([lookups('run', 'hit'), lookups('run', 'miss')]).toEqual([0, 1]);
    expect(lookups('session', 'miss')).toBeGreaterThan(0);
    for (const phase of ['resolving', 'computing', 'saving']) {
      const sum = metrics.get(`layersense_job_phase_seconds_sum{method="fisher",phase="${phase}"}`);
      expect(sum).toBeCloseTo(seconds(one(phase)), 2);
    }
    const runs = spans.filter(({ name }) => name === 'compute.run');
    expect(metrics.get('layersense_compute_call_seconds_count{operation="run"}')).toBe(runs.length);
  });

  it('carries the trace in the log lines of both processes', () => {
    for (const service of [logs.api, logs.worker]) {
      expect(service.some(({ trace_id }) => trace_id === TRACE)).toBe(true);
    }
    const succeeded = logs.worker.find(({ msg }) => msg === 'succeeded');
    expect(succeeded).toMatchObject({ jobId: job.id, trace_id: TRACE });
  });
});

type LogLine = Record<string, unknown>;

function start(script: string, environment: Record<string, string>) {
  const child = fork(`${root}${script}`, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    address: (pattern: RegExp) => eventually(() => pattern.exec(output)?.[1]),
    lines: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogLine),
    stop: () => stopped(child),
  };
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
