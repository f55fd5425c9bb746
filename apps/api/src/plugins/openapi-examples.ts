import {
  CreateJobRequest,
  type DamageList,
  type KnownDataset,
  type KnownModel,
  type MethodInfo,
  type PredictedDamage,
} from '@layersense/contracts';
import { type ReportFormat, reportOf } from '@layersense/report-formats';
import type { OpenAPIV3_1 } from 'openapi-types';
import { answerFormats, listFormats, withEnds } from '../score-formats/answer-formats.js';
import {
  queuedJob,
  runningJob,
  startedEvent,
  succeededJob,
  webhookDelivery,
} from './examples/job.js';
import {
  importRunResponse,
  partialScoreReport,
  run,
  runSummary,
  scoreReport,
  storedScore,
} from './examples/run.js';

const model: KnownModel = {
  name: run.model.name,
  revision: run.model.revision,
  model_type: run.model.model_type,
  parameters: run.model.parameters,
  runs: 3,
  newest_run_at: run.created_at,
};
const dataset: KnownDataset = { name: 'gsm8k', runs: 3, newest_run_at: run.created_at };
const method: MethodInfo = {
  object: 'method',
  name: 'magnitude',
  version: '2',
  definition: 'l1 = Σ |w|, l2_squared = Σ w², mean_abs = l1 / numel, max_abs = max |w|',
  metrics: ['l1', 'l2_squared', 'mean_abs', 'max_abs'],
  needs_dataset: false,
  params: { type: 'object', properties: {}, additionalProperties: false },
};

const predictedDamage: PredictedDamage = {
  parameter: 'model.layers.0.mlp.down_proj.weight',
  format: 'int4_g32',
  predicted_kl: 0.00031,
  standard_error: 0.00002,
  confidence_interval: [0.00026, 0.00036],
  tier: 'priced',
  bits_per_weight: 4.5,
  scalar_kl: 0.00034,
};
const { parameter: _, tier: __, scalar_kl: ___, ...ofFormat } = predictedDamage;
const damageList: DamageList = {
  object: 'list',
  run_id: run.id,
  priced_run: {
    run_id: run.id,
    groups: Array.from({ length: 8 }, () => ({ examples: 8, targets: 812 })),
  },
  data: [predictedDamage],
  totals: [{ ...ofFormat, matrices: 1 }],
};

const list = (data: unknown) => ({ object: 'list', data });
const page = (data: unknown) => ({ ...list(data), has_more: false, next_cursor: null });

/** By schema; what the schemas in contracts bring themselves is not repeated here. */
const ofSchemas: Readonly<Record<string, readonly unknown[]>> = {
  // Its own are dropped on the way: zod gives none of what a schema transforms.
  CreateJobRequestInput: CreateJobRequest.meta()?.examples as unknown[],
  Job: [runningJob, succeededJob],
  JobList: [{ ...page([queuedJob]), has_more: true, next_cursor: 'eyJsaXN0Ijoiam9icyJ9' }],
  JobEventList: [list([startedEvent])],
  WebhookDeliveryList: [list([webhookDelivery])],
  ScoreReport: [scoreReport],
  PartialScoreReport: [partialScoreReport],
  StoredScoreList: [list([storedScore])],
  Run: [run],
  RunSummaryList: [page([runSummary])],
  ImportRunResponse: [importRunResponse],
  KnownModelList: [page([model])],
  KnownDatasetList: [page([dataset])],
  MethodList: [list([method])],
  DamageList: [damageList],
};

/** By route and media type: answers that are no JSON. */
const ofText: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/jobs/{id}/scores': await examples(answerFormats, (format) =>
    format.lines(reportOf(scoreReport, true)),
  ),
  '/scores': await examples(listFormats, (format) => format.listLines([storedScore])),
  '/jobs/{id}/events': {
    'text/event-stream': `id: 2\nevent: started\ndata: ${JSON.stringify(startedEvent)}\n\nevent: progress\ndata: ${JSON.stringify(runningJob.progress)}\n\n`,
  },
  '/runs/{id}/marginals': {
    'application/octet-stream':
      '…{"__metadata__":{"run":"run_…","examples":"[8,…]","targets":"[812,…]"},"lm_head.weight.by_output":{"dtype":"F32","shape":[8,4000],"data_offsets":[0,128000]},…',
  },
  '/metrics': {
    'text/plain':
      '# HELP layersense_jobs Jobs in the database by status\n# TYPE layersense_jobs gauge\nlayersense_jobs{status="queued"} 3\n',
  },
};

/** By media type; JSON has the examples of its schemas. */
async function examples<Format extends ReportFormat>(
  formats: readonly Format[],
  linesOf: (format: Format) => AsyncIterable<string>,
): Promise<Readonly<Record<string, string>>> {
  const byType: Record<string, string> = {};
  for (const format of formats) {
    let text = '';
    for await (const line of withEnds(linesOf(format), format)) text += line;
    byType[format.mediaType] = text;
  }
  return byType;
}

/** Puts an example beside every schema of a body, and every other form of an answer. */
export function addExamples({ components, paths = {} }: OpenAPIV3_1.Document): void {
  for (const [name, examples] of Object.entries(ofSchemas)) {
    const schema = components?.schemas?.[name];
    if (schema) Object.assign(schema, { examples });
  }
  for (const [path, byType] of Object.entries(ofText)) {
    const answer = paths[path]?.get?.responses?.['200'];
    const content = answer && 'content' in answer ? (answer.content ?? {}) : {};
    for (const [type, example] of Object.entries(byType)) {
      if (content[type]) content[type].example = example;
    }
  }
}
