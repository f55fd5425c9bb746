import type { MarginalGroups, PricedRun, Run } from '@layersense/contracts';
import type { Run as RunRow } from '../generated/prisma/client.js';
import { showId } from '../ids.js';

/** A row as the API shows it. What jsonb holds was parsed before it was written. */
export function toRun(row: RunRow): Run {
  return {
    id: showId('run', row.id),
    object: 'run',
    identity: row.identity,
    imported: row.imported,
    source: row.source,
    method: row.method as Run['method'],
    method_version: row.method_version,
    definition: row.definition,
    metrics: row.metrics,
    model: row.model_provenance as unknown as Run['model'],
    dataset: toDataset(row.dataset_provenance),
    params: row.params as Run['params'],
    loss: row.loss as Run['loss'],
    labels: row.labels as Run['labels'],
    mean_loss: row.mean_loss,
    example_losses: row.example_losses as Run['example_losses'],
    stability: row.stability as Run['stability'],
    stopping: row.stopping as Run['stopping'],
    ...(row.marginals === null ? {} : { marginals: row.marginals as MarginalGroups }),
    ...(row.priced_run === null ? {} : { priced_run: row.priced_run as unknown as PricedRun }),
    derived_from: (row.derived_from ?? []) as Run['derived_from'],
    device: row.device as Run['device'],
    plan: row.plan,
    arithmetic: row.arithmetic,
    engine: row.engine as Run['engine'],
    seconds: row.seconds,
    plan_reason: row.plan_reason,
    estimated_memory_bytes:
      row.estimated_memory_bytes === null ? null : Number(row.estimated_memory_bytes),
    peak_memory_bytes: row.peak_memory_bytes === null ? null : Number(row.peak_memory_bytes),
    created_at: row.created_at.toISOString(),
  };
}

/** Runs that were stored before examples had hashes have none. */
function toDataset(provenance: RunRow['dataset_provenance']): Run['dataset'] {
  const dataset = provenance as unknown as Run['dataset'];
  return dataset && { ...dataset, example_hashes: dataset.example_hashes ?? [] };
}
