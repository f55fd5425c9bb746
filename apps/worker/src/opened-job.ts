import type { RunModel } from '@layersense/contracts';
import type { Checkpoint } from '@layersense/model-source';
import type { ParsedModel } from '@layersense/models';
import type { JobServices } from './job-services.js';
import type { ProgressReporter } from './progress-reporter.js';

/** What both methods work with once the model is on this machine. */
export interface OpenedJob {
  readonly model: RunModel;
  readonly checkpoint: Checkpoint;
  /** @throws LayersenseError for a model that has no Fisher scores. */
  readonly architecture: () => ParsedModel;
  readonly progress: ProgressReporter;
  readonly services: JobServices;
  readonly signal: AbortSignal;
}
