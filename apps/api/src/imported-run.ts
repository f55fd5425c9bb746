import { createHash } from 'node:crypto';
import {
  canonicalJson,
  type ImportRunRequest,
  type LayerScore,
  LayersenseError,
  layerName,
  methodOf,
} from '@layersense/contracts';
import type { NewReport, NewRun } from '@layersense/database';
import { rankBy } from '@layersense/statistics';
import { z } from 'zod';

/**
 * A score map from elsewhere as a run. What the map does not say stays null: nothing here was
 * computed by this project, and the run says so.
 */
export function importedRun(request: ImportRunRequest): NewReport {
  const metric = request.metric ?? rankingMetricOf(request);
  const run: NewRun = {
    identity: identityOf(request, metric),
    imported: true,
    source: request.source,
    method: request.method,
    method_version: 'imported',
    definition: `as computed by the source: ${request.source}`,
    metrics: [metric],
    model: {
      name: request.model,
      revision: request.revision,
      model_type: null,
      parameters: null,
      dtype: null,
      files: [],
    },
    dataset: request.dataset === undefined ? null : importedDataset(request.dataset, request),
    params: request.params,
    loss: null,
    labels: null,
    mean_loss: null,
    example_losses: null,
    stability: null,
    stopping: null,
    derived_from: [],
    device: null,
    plan: null,
    arithmetic: null,
    engine: { name: 'import', version: 'unknown', onnxruntime: null },
    seconds: null,
    plan_reason: null,
    estimated_memory_bytes: null,
    peak_memory_bytes: null,
  };
  return { run, scores: rankScores(request, metric) };
}

/** What such a run would be ranked by, had it been computed here. */
function rankingMetricOf({ method, model, params }: ImportRunRequest): string {
  const { params: schema, metrics } = methodOf(method);
  const parsed = schema.safeParse(params);
  if (!parsed.success) {
    throw new LayersenseError(
      'invalid_request',
      `What ranks a run of ${method} depends on its params, and these are not valid (${z.prettifyError(parsed.error)}). Say with \`metric\` which metric the scores are.`,
      { method },
    );
  }
  return metrics({ method, model, params, device: 'auto' })[0];
}

function importedDataset(name: string, { examples }: ImportRunRequest): NewRun['dataset'] {
  return {
    name,
    split: null,
    format: null,
    revision: null,
    indices: [],
    examples: examples ?? null,
    tokens: null,
    truncated: null,
    tokenizer_sha256: null,
    fingerprint: null,
    example_hashes: [],
  };
}

/** The largest value has rank 1; equal values keep the order of the map. */
function rankScores({ scores, examples }: ImportRunRequest, metric: string): LayerScore[] {
  const unranked = Object.entries(scores).map(([parameter, value]) => ({
    layer: layerName(parameter).layer,
    parameter,
    shape: [],
    numel: null,
    n: examples ?? null,
    values: { [metric]: value },
    standard_error: null,
    routed_tokens: null,
    routed_examples: null,
  }));
  return rankBy(unranked, ({ values }) => values[metric] ?? null).toSorted(
    (a, b) => a.rank - b.rank,
  );
}

/** Equal for equal imports, whatever the order of their keys. */
function identityOf(request: ImportRunRequest, metric: string): string {
  const { model, revision, dataset, method, examples, params, source, scores } = request;
  const determining = {
    model,
    revision,
    dataset,
    method,
    metric,
    examples,
    params,
    source,
    scores,
  };
  return createHash('sha256')
    .update(canonicalJson({ imported: true, ...determining }))
    .digest('hex');
}
