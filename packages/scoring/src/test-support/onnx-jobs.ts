import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { largestRelativeError, nonEmpty, perExampleOf } from '@layersense/testing';
import { afterAll, beforeAll, expect } from 'vitest';
import { noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';

const fixtures = fileURLToPath(new URL('../../../testing/fixtures/onnx/', import.meta.url));

export interface ExpectedCase {
  readonly loss: string;
  readonly input_ids: readonly number[][];
  readonly labels?: readonly (number | number[])[];
  readonly losses: readonly number[];
  readonly gradient_squared_norms: Readonly<Record<string, number[]>>;
}

/** What PyTorch computed in float64 for the exports of a model, or for one, `model/export`. */
export interface Expected {
  readonly shapes: Readonly<Record<string, number[]>>;
  /** The norms in exports that compute with other numbers than the model has. */
  readonly l1?: Readonly<Record<string, number>>;
  readonly cases: readonly ExpectedCase[];
}

export const expectedOf = (of: string): Expected =>
  JSON.parse(
    readFileSync(join(fixtures, `${of}${of.includes('/') ? '.' : '/'}expected.json`), 'utf8'),
  );

/** The first case of these as rows of a dataset: its tokens, masked already or with their class. */
export function rowsOf(model: string): object[] {
  const [first] = expectedOf(model).cases;
  return nonEmpty(first?.input_ids ?? []).map((input_ids, i) => {
    const label = first?.labels?.[i];
    if (label === undefined) return { input_ids };
    return typeof label === 'number' ? { input_ids, label } : { input_ids, labels: label };
  });
}

/** Jobs on the files of the ONNX fixtures, in a folder of the test's own. */
export class OnnxJobs {
  #scratch = '';

  constructor() {
    beforeAll(async () => {
      this.#scratch = await mkdtemp(join(tmpdir(), 'layersense-onnx-'));
    });
    afterAll(() => rm(this.#scratch, { recursive: true }));
  }

  /** A folder as exporters leave it: fixtures by their new names, config.json and other files. */
  folder(
    name: string,
    files: Readonly<Record<string, string>>,
    config?: object,
    others: Readonly<Record<string, string | object>> = {},
  ): string {
    const path = join(this.#scratch, name);
    mkdirSync(path);
    for (const [target, source] of Object.entries(files)) {
      mkdirSync(dirname(join(path, target)), { recursive: true });
      cpSync(join(fixtures, source), join(path, target));
    }
    const contents = config ? { ...others, 'config.json': config } : others;
    for (const [target, content] of Object.entries(contents)) {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(path, target), text);
    }
    return path;
  }

  dataset(name: string, rows: readonly object[]): string {
    const path = join(this.#scratch, name);
    writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
    return path;
  }

  score(model: string, job: object, hubEndpoint?: string): Promise<ScoreReport> {
    const spec = JobSpec.parse({ model, device: 'cpu', ...job });
    const hub = hubEndpoint === undefined ? { HF_HUB_OFFLINE: '1' } : { HF_ENDPOINT: hubEndpoint };
    const services = {
      allowedRoots: [this.#scratch],
      hub: hubSettingsFromEnvironment({ HF_HOME: join(this.#scratch, 'hub'), ...hub }),
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
    };
    return runSensitivityJob(spec, services, new AbortController().signal);
  }

  /** On the examples of the fixtures of the model `of`. */
  fisher(model: string, of: string, params: object = {}): Promise<ScoreReport> {
    const rows = rowsOf(of);
    const dataset = this.dataset(`${of.replace('/', '-')}.jsonl`, rows);
    return this.score(model, {
      method: 'fisher',
      dataset,
      params: { examples: rows.length, ...params },
    });
  }
}

/** Every parameter, by its name and shape, has PyTorch's squared norm for every example. */
export function expectParity(report: ScoreReport, of: string): void {
  const { run, scores } = report;
  const { cases, shapes } = expectedOf(of);
  const order = run.dataset?.indices ?? [];
  expect(Object.fromEntries(scores.map(({ parameter, shape }) => [parameter, shape]))).toEqual(
    shapes,
  );
  const [first] = cases;
  const inOrder = (values: readonly number[] = []) => order.map((i) => values[i] ?? Number.NaN);
  expect(largestRelativeError(run.example_losses, inOrder(first?.losses))).toBeLessThan(1e-5);
  for (const [parameter, values] of nonEmpty(perExampleOf(report))) {
    const norms = inOrder(first?.gradient_squared_norms[parameter]);
    expect(largestRelativeError([...values.values()], norms), parameter).toBeLessThan(1e-4);
  }
}
