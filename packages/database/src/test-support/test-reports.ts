import type { JobSpec, LayerScore } from '@layersense/contracts';
import { JobSpec as JobSpecSchema } from '@layersense/contracts';
import { confidenceInterval, moments } from '@layersense/statistics';
import type { NewReport, NewRun } from '../runs/save-run.js';

export function fisherSpec(model = 'test/model'): JobSpec {
  return JobSpecSchema.parse({ model, method: 'fisher', dataset: 'gsm8k' });
}

export function fisherRun(changes: Partial<NewRun> = {}): NewRun {
  return {
    identity: 'a'.repeat(64),
    imported: false,
    source: null,
    method: 'fisher',
    method_version: '1',
    definition: 'sum = (1/N) Σₙ ‖gₙ‖²',
    metrics: ['sum', 'density'],
    model: {
      name: 'test/model',
      revision: 'r1',
      model_type: 'llama',
      parameters: 1_235_814_400,
      dtype: 'bfloat16',
      files: [{ name: 'model.safetensors', sha256: 'b'.repeat(64) }],
    },
    dataset: {
      name: 'gsm8k',
      split: 'train',
      format: 'question',
      revision: null,
      indices: [4, 2, 7],
      examples: 3,
      tokens: 300,
      truncated: 0,
      tokenizer_sha256: 'c'.repeat(64),
      fingerprint: 'd'.repeat(64),
      example_hashes: ['1', '2', '3'].map((digit) => digit.repeat(32)),
    },
    params: { examples: 3, seed: 42 },
    loss: 'token-mean',
    labels: 'data',
    mean_loss: 1.7320508075688772,
    example_losses: [
      1.7320508075688772 - 2 ** -40,
      1.7320508075688772,
      1.7320508075688772 + 2 ** -40,
    ],
    stability: { k: 1, resamples: 1000, probability: 0.993, jaccard: 0.9953333333333333 },
    stopping: {
      reason: 'stable',
      examples: 3,
      at_most: 64,
      rounds: [
        { examples: 2, probability: 0.5 },
        { examples: 3, probability: 0.993 },
      ],
    },
    derived_from: [{ run_id: 'run_1', examples: 2 }],
    device: 'cpu',
    plan: 'whole',
    arithmetic: 'float32',
    engine: { name: 'layersense', version: '0.2.0', onnxruntime: '1.30.0' },
    seconds: 12.5,
    plan_reason: 'fastest, and needs an estimated 8000 MiB of 64000 MiB',
    estimated_memory_bytes: 8_388_608_000,
    peak_memory_bytes: 8_589_934_592,
    ...changes,
  };
}

export interface LayerValue {
  readonly parameter: string;
  readonly sum: number;
  readonly perExample?: number[];
}

/** A report whose scores are in rank order. */
export function fisherReport(layers: readonly LayerValue[], changes: Partial<NewRun> = {}) {
  const scores = [...layers]
    .sort((a, b) => b.sum - a.sum)
    .map(({ parameter, sum, perExample }, index): LayerScore => {
      const n = perExample?.length ?? 3;
      const interval = confidenceInterval(sum, sum / 10, n);
      return {
        layer: parameter.replace(/\.weight$/, ''),
        parameter,
        shape: [4, 8],
        numel: 32,
        n,
        values: { sum, density: sum / 32 },
        standard_error: sum / 10,
        routed_tokens: null,
        routed_examples: null,
        ...varianceOf(perExample),
        ...(interval ? { confidence_interval: interval } : {}),
        top_k_probability: 1 / (index + 1),
        rank: index + 1,
        ...(perExample ? { per_example: perExample } : {}),
      };
    });
  return { run: fisherRun(changes), scores } satisfies NewReport;
}

/** The variance, or nothing where the squares overflow, which those of float32 gradients cannot. */
function varianceOf(values: readonly number[] = []): { variance?: number } {
  const { variance } = moments(values);
  return variance !== null && Number.isFinite(variance) ? { variance } : {};
}
