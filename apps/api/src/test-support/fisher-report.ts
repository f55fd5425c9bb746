import { methodOf } from '@layersense/contracts';
import type { NewReport } from '@layersense/database';
import { engine, summarizeFisher } from '@layersense/runs';

export interface FisherRows {
  readonly model: string;
  /** Rows of the dataset: each has values of its own. */
  readonly rows: readonly number[];
  readonly dataset?: string;
  readonly loss?: 'token-mean' | 'sequence-sum';
}

const parameters = [
  'model.layers.0.q_proj.weight',
  'model.layers.0.v_proj.weight',
  'lm_head.weight',
];

/** What a worker would have reported of these examples. */
export function fisherReport({
  model,
  rows,
  dataset = 'gsm8k',
  loss = 'token-mean',
}: FisherRows): NewReport {
  const valuesOf = (factor: number) => Float64Array.from(rows, (row) => factor * (1 + (row % 7)));
  const summary = summarizeFisher(
    {
      losses: valuesOf(0.1),
      squaredNorms: new Map(parameters.map((name, i) => [name, valuesOf(i + 1)])),
      routedTokens: new Map(),
    },
    { shapeOf: () => [2, 3], bootstrap: { k: 10, seed: 42 } },
  );
  return {
    run: {
      identity: `${model} ${dataset} ${loss} ${rows.length} from ${rows[0]}`,
      imported: false,
      source: null,
      method: 'fisher',
      method_version: methodOf('fisher').version,
      definition: 'sum',
      metrics: ['sum', 'density'],
      model: {
        name: model,
        revision: 'r1',
        model_type: 'llama',
        parameters: 18,
        dtype: 'F32',
        files: [{ name: 'model.safetensors', sha256: '0' }],
      },
      dataset: {
        name: dataset,
        split: 'train',
        format: null,
        revision: null,
        indices: [...rows],
        examples: rows.length,
        tokens: rows.length,
        truncated: 0,
        tokenizer_sha256: null,
        fingerprint: `${rows.length} from ${rows[0]}`,
        example_hashes: rows.map((row) => row.toString(16).padStart(32, '0')),
      },
      params: { examples: rows.length, seed: 42 },
      loss,
      labels: 'data',
      mean_loss: summary.meanLoss,
      example_losses: [...summary.exampleLosses],
      stability: summary.stability,
      stopping: null,
      derived_from: [],
      device: 'cpu',
      plan: 'whole',
      arithmetic: 'float32',
      engine: { ...engine, onnxruntime: '1.30.0' },
      seconds: 1,
      plan_reason: null,
      estimated_memory_bytes: null,
      peak_memory_bytes: null,
    },
    scores: summary.scores,
  };
}
