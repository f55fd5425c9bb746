import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment, openCheckpoint, readTensor } from '@layersense/model-source';
import { afterAll, beforeAll } from 'vitest';
import { noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';
import { type FloatTensor, writeSafetensors } from './safetensors.js';

interface Files {
  readonly config: object;
  readonly tensors: readonly FloatTensor[];
}

/** Jobs on checkpoints that a test makes out of others, in a folder that ends with the test file. */
export class CheckpointJobs {
  #root = '';
  #made = 0;

  constructor() {
    beforeAll(() => {
      this.#root = mkdtempSync(join(tmpdir(), 'layersense-checkpoints-'));
    });
    afterAll(() => rmSync(this.#root, { recursive: true }));
  }

  /** A copy of the checkpoint in `folder`, in float32, with what `change` makes of it. */
  async changed(folder: string, change: (files: Files) => Files): Promise<string> {
    const { config, tensors, weightsFolder } = await openCheckpoint(folder);
    const read = [...tensors].map(async ([name, ref]) => {
      const data = Float32Array.from(await readTensor(weightsFolder, ref));
      return { name, shape: ref.shape, data };
    });
    const files = change({ config: Object(config), tensors: await Promise.all(read) });
    const copy = mkdtempSync(join(this.#root, 'model-'));
    writeFileSync(join(copy, 'config.json'), JSON.stringify(files.config));
    writeSafetensors(join(copy, 'model.safetensors'), files.tensors);
    return copy;
  }

  async fisher(model: string, rows: readonly object[], params: object = {}): Promise<ScoreReport> {
    this.#made += 1;
    const dataset = join(this.#root, `rows-${this.#made}.jsonl`);
    writeFileSync(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
    const all = { examples: rows.length, ...params };
    return await this.#run({ model, method: 'fisher', dataset, device: 'cpu', params: all });
  }

  async magnitude(model: string): Promise<ScoreReport> {
    return await this.#run({ model, method: 'magnitude' });
  }

  #run(spec: object): Promise<ScoreReport> {
    const services = {
      allowedRoots: ['/'],
      hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: this.#root }),
      report: () => undefined,
      finishedBatches: noFinishedBatches,
    };
    return runSensitivityJob(JobSpec.parse(spec), services, new AbortController().signal);
  }
}
