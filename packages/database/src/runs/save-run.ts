import {
  type LayerScore,
  LayersenseError,
  layerName,
  type Run,
  type RunDamage,
  type RunMarginals,
} from '@layersense/contracts';
import type { PrismaClient, Run as RunRow } from '../generated/prisma/client.js';
import { parseId, showId } from '../ids.js';
import { findJob } from '../jobs/find-job.js';
import { noJson, toJson } from '../jobs/job-row.js';
import { transitionJob } from '../jobs/job-transitions.js';
import type { Transaction } from '../prisma-client.js';
import { toScoreColumns } from '../scores/score-columns.js';
import { assertStorable } from './assert-storable.js';
import { insertDamage } from './run-damage.js';
import { insertMarginals } from './run-marginals.js';
import { toRun } from './run-row.js';

export type NewRun = Omit<Run, 'id' | 'object' | 'created_at'>;

/** A ScoreReport before it is stored. */
export interface NewReport {
  readonly run: NewRun;
  readonly scores: readonly LayerScore[];
  /** Of the groups that the run names; there if and only if it does. */
  readonly marginals?: RunMarginals | undefined;
  /** Of a run that prices formats; there if and only if it says so. */
  readonly damage?: RunDamage | undefined;
}

export async function saveRun(
  prisma: PrismaClient,
  { run, scores, marginals, damage }: NewReport,
  jobId?: string,
): Promise<Run> {
  assertStorable(run, scores);
  if ((run.marginals === undefined) !== (marginals === undefined)) {
    throw new TypeError('a run says whether it has marginals, and is saved with them');
  }
  if ((run.priced_run === undefined) !== (damage === undefined)) {
    throw new TypeError('a run says whether it prices formats, and is saved with the prices');
  }
  return await prisma.$transaction(async (tx) => {
    const modelId = await upsertModel(tx, run);
    await upsertLayers(tx, modelId, scores);
    await assertShapes(tx, modelId, run, scores);
    const row = await insertRun(tx, modelId, run);
    await insertScores(tx, modelId, row, scores);
    if (marginals) await insertMarginals(tx, row, marginals);
    if (damage) await insertDamage(tx, row, damage);
    if (jobId !== undefined) await finishJob(tx, jobId, row.id);
    return toRun(row);
  });
}

/** Stores the model, and takes its row lock: saves of one model follow one another. */
async function upsertModel(tx: Transaction, { model }: NewRun): Promise<number> {
  const [row] = await tx.$queryRaw<{ id: number }[]>`
    INSERT INTO model (name, revision, model_type, parameters)
    VALUES (${model.name}, ${model.revision}, ${model.model_type}, ${model.parameters}::bigint)
    ON CONFLICT (name, revision) DO UPDATE SET
      model_type = COALESCE(excluded.model_type, model.model_type),
      parameters = COALESCE(excluded.parameters, model.parameters)
    RETURNING id`;
  if (row === undefined) throw new Error('an upsert returns its row');
  return row.id;
}

/** Adds the layers that are new, and the shapes that only imports have named so far. */
async function upsertLayers(
  tx: Transaction,
  modelId: number,
  scores: readonly LayerScore[],
): Promise<void> {
  const names = scores.map(({ parameter }) => layerName(parameter));
  await tx.$executeRaw`
    INSERT INTO layer (model_id, parameter, layer, module, block, shape, numel)
    SELECT ${modelId}::int, parameter, path, module, block, shape::int[], numel
    FROM unnest(
      ${scores.map(({ parameter }) => parameter)}::text[],
      ${scores.map(({ layer }) => layer)}::text[],
      ${names.map(({ module }) => module)}::text[],
      ${names.map(({ block }) => block)}::int[],
      ${scores.map(({ shape }) => arrayLiteral(shape))}::text[],
      ${scores.map(({ numel }) => numel)}::bigint[]
    ) AS given (parameter, path, module, block, shape, numel)
    ON CONFLICT (model_id, parameter) DO UPDATE
      SET shape = excluded.shape, numel = excluded.numel
      WHERE layer.numel IS NULL AND excluded.numel IS NOT NULL`;
}

/** One revision has one shape per parameter: scores with another one are of another model. */
async function assertShapes(
  tx: Transaction,
  modelId: number,
  { model }: NewRun,
  scores: readonly LayerScore[],
): Promise<void> {
  const [wrong] = await tx.$queryRaw<{ parameter: string; stored: number[]; shape: string }[]>`
    SELECT parameter, layer.shape AS stored, given.shape
    FROM unnest(
      ${scores.map(({ parameter }) => parameter)}::text[],
      ${scores.map(({ shape }) => arrayLiteral(shape))}::text[],
      ${scores.map(({ numel }) => numel)}::bigint[]
    ) AS given (parameter, shape, numel)
    JOIN layer USING (parameter)
    WHERE layer.model_id = ${modelId} AND given.numel IS NOT NULL
      AND layer.shape <> given.shape::int[]
    LIMIT 1`;
  if (wrong === undefined) return;
  throw new LayersenseError(
    'tensor_mismatch',
    `'${wrong.parameter}' of ${model.name} at ${model.revision} is stored with shape ${arrayLiteral(wrong.stored)}, not ${wrong.shape}. Give the other model a name or revision of its own.`,
    { parameter: wrong.parameter },
  );
}

function insertRun(tx: Transaction, modelId: number, run: NewRun): Promise<RunRow> {
  const { model, dataset } = run;
  return tx.run.create({
    // Columns are named one by one: a complete Run passes for a NewRun, and its id is not the row's.
    data: {
      identity: run.identity,
      imported: run.imported,
      source: run.source,
      method: run.method,
      method_version: run.method_version,
      definition: run.definition,
      metrics: [...run.metrics],
      params: toJson(run.params),
      loss: run.loss,
      labels: run.labels,
      mean_loss: run.mean_loss,
      example_losses: run.example_losses === null ? noJson : toJson(run.example_losses),
      stability: run.stability === null ? noJson : toJson(run.stability),
      stopping: run.stopping === null ? noJson : toJson(run.stopping),
      derived_from: toJson(run.derived_from),
      marginals: run.marginals === undefined ? noJson : toJson(run.marginals),
      priced_run: run.priced_run === undefined ? noJson : toJson(run.priced_run),
      device: run.device,
      plan: run.plan,
      arithmetic: run.arithmetic,
      engine: toJson(run.engine),
      seconds: run.seconds,
      plan_reason: run.plan_reason,
      estimated_memory_bytes: run.estimated_memory_bytes,
      peak_memory_bytes: run.peak_memory_bytes,
      model_provenance: toJson(model),
      dataset_provenance: dataset === null ? noJson : toJson(dataset),
      model: { connect: { id: modelId } },
      ...(dataset === null
        ? {}
        : {
            dataset: {
              connectOrCreate: { where: { name: dataset.name }, create: { name: dataset.name } },
            },
          }),
    },
  });
}

async function insertScores(
  tx: Transaction,
  modelId: number,
  run: RunRow,
  scores: readonly LayerScore[],
): Promise<void> {
  const columns = toScoreColumns(run.metrics, scores);
  await tx.$executeRaw`
    INSERT INTO layer_score
      (run_id, layer_id, metric, value, rank, n, m2, standard_error, top_k_probability, per_example,
        routed_tokens, routed_examples, per_example_routed_tokens)
    SELECT ${run.id}::uuid, layer.id, metric, value, rank, n, m2, standard_error,
      top_k_probability, (${columns.perExample}::float8[])[start : start + length - 1],
      routed_tokens, routed_examples,
      (${columns.perExampleRoutedTokens}::int[])[routed_start : routed_start + routed_length - 1]
    FROM unnest(
      ${columns.parameter}::text[],
      ${columns.metric}::text[],
      ${columns.value}::float8[],
      ${columns.rank}::int[],
      ${columns.n}::int[],
      ${columns.m2}::float8[],
      ${columns.standardError}::float8[],
      ${columns.topKProbability}::float8[],
      ${columns.start}::int[],
      ${columns.length}::int[],
      ${columns.routedTokens}::bigint[],
      ${columns.routedExamples}::int[],
      ${columns.routedStart}::int[],
      ${columns.routedLength}::int[]
    ) AS given (parameter, metric, value, rank, n, m2, standard_error, top_k_probability, start,
      length, routed_tokens, routed_examples, routed_start, routed_length)
    JOIN layer USING (parameter)
    WHERE layer.model_id = ${modelId}`;
}

async function finishJob(tx: Transaction, jobId: string, runUuid: string): Promise<void> {
  const done = await transitionJob(tx, parseId('job', jobId), 'succeeded', {
    columns: { run_id: runUuid },
    event: { run_id: showId('run', runUuid) },
  });
  if (done !== undefined) return;
  const { status } = await findJob(tx, jobId);
  const canceled = status === 'canceling' || status === 'canceled';
  throw new LayersenseError(
    canceled ? 'canceled' : 'job_finished',
    `Job ${jobId} is ${status}, so its run was not stored.`,
    { id: jobId, status },
  );
}

/** PostgreSQL's text form of an int[]: arrays of arrays do not pass through unnest. */
function arrayLiteral(shape: readonly number[]): string {
  return `{${shape.join(',')}}`;
}
