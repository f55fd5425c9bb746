import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ComputedReport,
  JobSpec,
  type LayerScore,
  type ScoreReport,
} from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { afterAll, beforeAll } from 'vitest';
import { type JobServices, noFinishedBatches } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';

/** Jobs that apply formats to models on this machine, with a folder that ends with the test file. */
export class FormatJobs {
  folder = '';

  constructor() {
    beforeAll(() => {
      this.folder = mkdtempSync(join(tmpdir(), 'layersense-formats-'));
    });
    afterAll(() => rmSync(this.folder, { recursive: true }));
  }

  run(
    spec: Readonly<Record<string, unknown>>,
    services: Partial<JobServices> = {},
    signal?: AbortSignal,
  ): Promise<ComputedReport> {
    const own = {
      allowedRoots: ['/'],
      hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: this.folder }),
      report: () => undefined,
      finishedBatches: noFinishedBatches,
      threads: 1,
    };
    return runSensitivityJob(
      JobSpec.parse(spec),
      { ...own, ...services },
      signal ?? new AbortController().signal,
    );
  }
}

/** @throws Error where nothing is scored under the name */
export function scoreOf({ scores }: ScoreReport, parameter: string): LayerScore {
  const score = scores.find((each) => each.parameter === parameter);
  if (score) return score;
  throw new Error(`${parameter} is none of ${scores.map((each) => each.parameter).join(', ')}`);
}
