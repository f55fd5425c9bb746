import { methodOf, type Run } from '@layersense/contracts';
import type { Database, NewRun } from '@layersense/database';

/** Ends a running job with a run of two parameters and two examples. */
export async function saveFisherRun(
  database: Database,
  jobId: string,
  changes: Partial<NewRun> = {},
): Promise<Run> {
  const score = (
    layer: string,
    shape: number[],
    values: number[],
    rank: number,
    routed: number | null,
  ) => {
    const numel = shape.reduce((product, size) => product * size, 1);
    const sum = values.reduce((total, value) => total + value, 0) / values.length;
    return {
      layer,
      parameter: `${layer}.weight`,
      shape,
      numel,
      n: values.length,
      values: { sum, density: sum / numel },
      standard_error: Math.abs((values[0] ?? 0) - sum),
      routed_tokens: routed,
      routed_examples: routed,
      rank,
      per_example: values,
    };
  };
  return await database.runs.save(
    {
      run: {
        identity: jobId,
        imported: false,
        source: null,
        method: 'fisher',
        method_version: methodOf('fisher').version,
        definition: 'mean over examples of the squared gradient norm',
        metrics: ['sum', 'density'],
        model: {
          name: 'org/tiny',
          revision: '0',
          model_type: 'llama',
          parameters: 6,
          dtype: 'F32',
          files: [{ name: 'model.safetensors', sha256: '0' }],
        },
        dataset: null,
        params: {},
        loss: 'token-mean',
        labels: 'data',
        mean_loss: 1.5,
        example_losses: null,
        stability: null,
        stopping: null,
        derived_from: [],
        device: 'cpu',
        plan: null,
        arithmetic: 'float32',
        engine: { name: 'layersense', version: '0.2.0', onnxruntime: '1.30.0' },
        seconds: 1,
        plan_reason: 'fastest',
        estimated_memory_bytes: 1,
        peak_memory_bytes: 1,
        ...changes,
      },
      scores: [score('lm_head', [2, 2], [1, 3], 1, null), score('a,"b"', [2], [1, 1], 2, 1)],
    },
    { jobId },
  );
}
