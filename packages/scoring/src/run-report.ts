import { randomUUID } from 'node:crypto';
import {
  type ComputedReport,
  type JobSpec,
  type LayerScore,
  methodOf,
  type PricedRun,
  type Run,
  type RunDamage,
  type RunDataset,
  type RunMarginals,
  type RunModel,
  type Stability,
  type Stopping,
} from '@layersense/contracts';
import { basisOfJob, engine, runIdentity } from '@layersense/runs';
import type { ComputeFacts } from './compute-facts.js';

/** What a computation found out beside the scores. */
export interface Computation {
  readonly scores: readonly LayerScore[];
  /** How many of the scored weights are stored as integers. */
  readonly dequantized: number;
  /** Stored tensors that were not scored, being no parameters. */
  readonly leftOut?: readonly string[];
  /** What a reader of the numbers must know of the files, as clauses of a sentence. */
  readonly notes?: readonly string[];
  readonly dataset?: RunDataset;
  readonly meanLoss?: number;
  readonly exampleLosses?: readonly number[];
  readonly stability?: Stability | null;
  readonly stopping?: Stopping | null;
  readonly derivedFrom?: Run['derived_from'];
  readonly marginals?: RunMarginals | undefined;
  /** Of a run that prices formats. */
  readonly damage?: RunDamage | undefined;
  readonly pricedRun?: PricedRun | undefined;
  /** What the scores were computed with; a magnitude has only the arithmetic, for it has no plan. */
  readonly facts?: Partial<ComputeFacts> | undefined;
}

/**
 * The run with its full provenance, and its scores.
 *
 * @param spec with what the model decides, its loss for instance
 */
export function runReport(
  spec: JobSpec,
  model: RunModel,
  computation: Computation,
  seconds: number,
): ComputedReport {
  const { scores, dataset, facts, marginals, damage, pricedRun } = computation;
  const method = methodOf(spec.method);
  const { loss, labels } = method.objective?.(spec) ?? {};
  return {
    run: {
      id: `run_${randomUUID()}`,
      object: 'run',
      identity: runIdentity(basisOfJob(spec, model), dataset),
      imported: false,
      source: null,
      method: method.name,
      method_version: method.version,
      definition: method.definition(spec, computation),
      metrics: [...method.metrics(spec)],
      model,
      dataset: dataset ?? null,
      params: spec.params,
      loss: loss ?? null,
      labels: labels ?? null,
      mean_loss: computation.meanLoss ?? null,
      example_losses: computation.exampleLosses ? [...computation.exampleLosses] : null,
      stability: computation.stability ?? null,
      stopping: computation.stopping ?? null,
      derived_from: computation.derivedFrom ?? [],
      ...(marginals && { marginals: [...marginals.groups] }),
      ...(pricedRun && { priced_run: pricedRun }),
      device: facts?.device ?? null,
      plan: facts?.plan ?? null,
      plan_reason: facts?.plan_reason ?? null,
      estimated_memory_bytes: facts?.estimated_memory_bytes ?? null,
      arithmetic: facts?.arithmetic ?? null,
      engine: { ...engine, onnxruntime: facts?.onnxruntime ?? null },
      seconds,
      peak_memory_bytes: facts?.peak_memory_bytes ?? null,
      created_at: new Date().toISOString(),
    },
    scores: [...scores],
    ...(marginals && { marginals }),
    ...(damage && { damage }),
  };
}
