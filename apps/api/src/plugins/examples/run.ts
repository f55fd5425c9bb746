import type {
  ImportRunResponse,
  LayerScore,
  PartialScoreReport,
  Run,
  RunSummary,
  ScoreReport,
  StoredScore,
} from '@layersense/contracts';
import type { z } from 'zod';

export const run: Run = {
  id: 'run_01935b7d-0000-7000-8000-000000000000',
  object: 'run',
  identity: 'e9f91de7d9b9c5a4f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b',
  imported: false,
  source: null,
  method: 'fisher',
  method_version: '2',
  definition: '(1/N) Σₙ ‖∂ℓₙ/∂W‖², ℓₙ the mean loss over the tokens of example n',
  metrics: ['sum', 'density'],
  model: {
    name: 'Qwen/Qwen2.5-Math-1.5B-Instruct',
    revision: 'aafeb0fc6f22cbf0eaeed126eff8be45b0360a35',
    model_type: 'qwen2',
    parameters: 1_543_714_304,
    dtype: 'bfloat16',
    files: [
      {
        name: 'model.safetensors',
        sha256: '2c2fbc1c6a2f0d5f6fdcbe5a64b06bd7d5a6f3a7cb0f1f5d8b7e6c5d4a3b2c1d',
      },
    ],
  },
  dataset: {
    name: 'gsm8k',
    split: 'train',
    format: null,
    revision: 'e53f048856ff4f594e959d75785d2c2d37b678ee',
    indices: [6252, 4684],
    examples: 2,
    tokens: 341,
    truncated: 0,
    tokenizer_sha256: 'aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4',
    fingerprint: 'aa62b38da63c54f0c1b7d25f3f1b6a6a0c9d0e4e2f4b7c8a9b0c1d2e3f4a5b6c',
    example_hashes: ['3b5d5c3712955042212316173ccf37be', '60303ae22b998861bce3b28f33eec1be'],
  },
  params: { examples: 2, max_length: 512, seed: 42, loss: 'token-mean', labels: 'data' },
  loss: 'token-mean',
  labels: 'data',
  mean_loss: 0.4375,
  example_losses: [0.5, 0.375],
  stability: { k: 10, resamples: 1000, probability: 0.66, jaccard: 0.94 },
  stopping: null,
  derived_from: [],
  device: 'cpu',
  plan: 'checkpointed',
  plan_reason: 'the fastest that fits: an estimated 9216 MiB of 12288 MiB',
  estimated_memory_bytes: 9_663_676_416,
  arithmetic: 'float32',
  engine: { name: 'layersense', version: '0.2.0', onnxruntime: '1.30.0' },
  seconds: 41.5,
  peak_memory_bytes: 9_126_805_504,
  created_at: '2026-11-23T12:01:00.000Z',
};

const score: LayerScore = {
  layer: 'model.layers.0.self_attn.v_proj',
  parameter: 'model.layers.0.self_attn.v_proj.weight',
  shape: [256, 1536],
  numel: 393_216,
  n: 2,
  values: { sum: 7.25, density: 0.0000184377 },
  variance: 0.5,
  standard_error: 0.5,
  confidence_interval: [0.8969, 13.6031],
  top_k_probability: 0.98,
  routed_tokens: null,
  routed_examples: null,
  rank: 1,
};

export const scoreReport: ScoreReport = { run, scores: [score] };

export const partialScoreReport: PartialScoreReport = {
  object: 'partial_scores',
  job_id: 'job_01935b7c-0000-7000-8000-000000000000',
  status: 'running',
  examples: 2,
  scores: [score],
};

export const storedScore: StoredScore = {
  model: run.model.name,
  revision: run.model.revision,
  dataset: 'gsm8k',
  method: 'fisher',
  metric: 'sum',
  layer: score.layer,
  parameter: score.parameter,
  module: 'v_proj',
  block: 0,
  shape: score.shape,
  numel: score.numel,
  value: 7.25,
  rank: score.rank,
  n: score.n,
  standard_error: score.standard_error,
  confidence_interval: score.confidence_interval ?? null,
  routed_tokens: null,
  routed_examples: null,
  share_of_max: 1,
  run_id: run.id,
};

export const runSummary: RunSummary = summaryOf(run);

function summaryOf({ example_losses: _, dataset, ...rest }: Run): RunSummary {
  if (dataset === null) return { ...rest, dataset };
  const { indices: __, example_hashes: ___, ...summary } = dataset;
  return { ...rest, dataset: summary };
}

export const importRunResponse: z.infer<typeof ImportRunResponse> = {
  run: {
    ...run,
    imported: true,
    source: 'TaskQuant',
    example_losses: null,
    stability: null,
    dataset: {
      name: 'gsm8k',
      split: null,
      format: null,
      revision: null,
      indices: [],
      examples: 64,
      tokens: null,
      truncated: null,
      tokenizer_sha256: null,
      fingerprint: null,
      example_hashes: [],
    },
  },
  imported: 1,
};
