import type { Database, NewRun } from '@layersense/database';

/** Ends a job with a run of one layer, as the real computation does with all of them. */
export async function saveTinyRun(database: Database, jobId: string): Promise<void> {
  const run: NewRun = {
    identity: `tiny ${jobId}`,
    imported: false,
    source: null,
    method: 'magnitude',
    method_version: '1',
    definition: 'Σ|w|',
    metrics: ['l1'],
    model: {
      name: 'tiny',
      revision: '0',
      model_type: null,
      parameters: null,
      dtype: null,
      files: [],
    },
    dataset: null,
    params: {},
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
    engine: { name: 'test', version: '0', onnxruntime: null },
    seconds: null,
    plan_reason: null,
    estimated_memory_bytes: null,
    peak_memory_bytes: null,
  };
  await database.runs.save(
    {
      run,
      scores: [
        {
          layer: 'lm_head',
          parameter: 'lm_head.weight',
          shape: [2, 2],
          numel: 4,
          n: null,
          values: { l1: 1 },
          standard_error: null,
          routed_tokens: null,
          routed_examples: null,
          rank: 1,
        },
      ],
    },
    { jobId },
  );
}
