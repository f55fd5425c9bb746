import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LayersenseClient } from '@layersense/client';
import { JobSpec, ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { noFinishedBatches, runSensitivityJob } from '@layersense/scoring';
import { freshDatabase } from '@layersense/testing';
import { loadWorkerConfig, startWorker } from '@layersense/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Service, startService } from './start-service.js';
import { makeScratchFolder, type ScratchFolder } from './test-support/scratch-folder.js';

const fixtures = new URL('../../../packages/testing/fixtures/onnx/', import.meta.url);
const logger = pino({ level: 'silent' });

const encoders = [
  ['bert-classifier', 'BertForSequenceClassification', 'class'],
  ['bert-masked-lm', 'BertForMaskedLM', 'masked-token-mean'],
] as const;

describe('an encoder, through the API and two workers', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  let scratch: ScratchFolder;
  let service: Service;
  let client: LayersenseClient;

  beforeAll(async () => {
    scratch = await makeScratchFolder();
    const database = await freshDatabase();
    cleanups.push(
      () => database.drop(),
      () => scratch.remove(),
    );
    const environment = { DATABASE_URL: database.url, THREADS: '1', HF_HUB_OFFLINE: '1' };
    const roots = [scratch.path];
    const place = { dataFolder: scratch.path, host: '127.0.0.1', port: 0, roots };
    service = await startService({ ...place, environment }, logger);
    cleanups.unshift(() => service.stop());
    const second = {
      ...environment,
      ALLOWED_ROOTS: scratch.path,
      SPILL_DIR: join(scratch.path, 'spill'),
    };
    const worker = await startWorker(loadWorkerConfig(second), logger);
    cleanups.unshift(() => worker.stop());
    client = new LayersenseClient({ url: service.url });
  });
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  /** A model folder as exporters leave it, and its examples as a dataset. */
  async function request(fixture: string, head: string) {
    const model = join(scratch.path, fixture);
    await mkdir(model);
    await cp(new URL(`${fixture}/dynamo-20.onnx`, fixtures), join(model, 'model.onnx'));
    const config = { model_type: 'bert', architectures: [head], max_position_embeddings: 32 };
    await writeFile(join(model, 'config.json'), JSON.stringify(config));
    const rows = await rowsOf(fixture);
    const dataset = join(scratch.path, `${fixture}.jsonl`);
    await writeFile(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
    const params = { examples: rows.length, batch_size: 1 };
    return { model, method: 'fisher', dataset, device: 'cpu', params } as const;
  }

  /** Without queue and database. */
  function computed(job: object): Promise<ScoreReport> {
    const services = {
      allowedRoots: [scratch.path],
      hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch.path }),
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
    };
    return runSensitivityJob(JobSpec.parse(job), services, new AbortController().signal);
  }

  it.each(encoders)(
    '%s has the values of one process, in shards too',
    async (fixture, head, loss) => {
      const job = await request(fixture, head);
      const expected = await computed(job);
      expect(expected.run).toMatchObject({ loss, labels: 'data' });

      const ended = async (fields: object) => {
        const { id } = await client.submit({ ...job, ...fields });
        const { status, error, shards } = await client.wait(id, { pollSeconds: 0.1 });
        expect({ status, error }).toEqual({ status: 'succeeded', error: null });
        const answer = await fetch(`${service.url}/jobs/${id}/scores?per_example=true`);
        return { shards, report: ScoreReport.parse(await answer.json()) };
      };
      const whole = await ended({});
      expectSame(whole.report, expected);
      expect(whole.report.run.plan_reason).not.toContain('computations');

      // Otherwise the job would end with the run that is stored.
      const sharded = await ended({ shards: 3, force: true });
      expect(sharded.shards).toBe(3);
      expectSame(sharded.report, expected);
      expect(sharded.report.run.plan_reason).toContain('3 computations on cpu');
    },
  );
});

/** The first case of a fixture: its tokens, masked already or with their class. */
async function rowsOf(fixture: string): Promise<object[]> {
  const text = await readFile(new URL(`${fixture}/expected.json`, fixtures), 'utf8');
  const { cases } = JSON.parse(text) as {
    cases: { input_ids: number[][]; labels: (number | number[])[] }[];
  };
  const [first] = cases;
  return (first?.input_ids ?? []).map((input_ids, i) => {
    const label = first?.labels[i];
    return typeof label === 'number' ? { input_ids, label } : { input_ids, labels: label };
  });
}

function expectSame(actual: ScoreReport, expected: ScoreReport): void {
  const byParameter = ({ scores }: ScoreReport) =>
    new Map(scores.map((score) => [score.parameter, score]));
  expect(actual.run.identity).toBe(expected.run.identity);
  expect(actual.run.loss).toBe(expected.run.loss);
  expect(actual.run.example_losses).toEqual(expected.run.example_losses);
  expect(byParameter(actual)).toEqual(byParameter(expected));
}
