import { createHash } from 'node:crypto';
import { canonicalJson, type JobSpec, type RunDataset, type RunModel } from '@layersense/contracts';
import { methodVersions } from '@layersense/sensitivity';
import { engine } from './engine.js';

/**
 * sha256 of everything that determines a run's numbers and of nothing else: equal identities mean
 * equal scores. Batch size, device and paths are not in it, because they change no number beyond
 * float32 rounding; the token stream stands for dataset, split, sampling and truncation.
 */
export function runIdentity(
  spec: JobSpec,
  model: RunModel,
  dataset: RunDataset | undefined,
): string {
  const determining = {
    method: spec.method,
    method_version: methodVersions[spec.method],
    engine: engine.version,
    // Weights and configuration; the tokenizer shows in the token stream.
    model: model.files.filter(({ name }) => !name.startsWith('tokenizer')),
    ...(spec.method === 'fisher'
      ? {
          tokens: dataset?.fingerprint,
          loss: spec.params.loss,
          labels: spec.params.labels,
          ...(spec.params.labels === 'model'
            ? { label_seed: spec.params.seed, rows: dataset?.indices }
            : {}),
        }
      : {}),
  };
  return createHash('sha256').update(canonicalJson(determining)).digest('hex');
}
