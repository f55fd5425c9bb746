import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, JobSpec, type LayerScore, type ScoreReport } from '@layersense/contracts';
import { connectDatabase, type Database } from '@layersense/database';
import { hubSettingsFromEnvironment, openCheckpoint } from '@layersense/model-source';
import { buildForward, type ForwardGraph, parseModel, type Routing } from '@layersense/models';
import { encodeModel } from '@layersense/onnx-ir';
import type { SensitivityJobPayload } from '@layersense/queue';
import { mergeReports, partialScores } from '@layersense/runs';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import {
  givenRun,
  type JobServices,
  noFinishedBatches,
  runSensitivityJob,
  SpillFolders,
} from '@layersense/scoring';
import { freshDatabase, nonEmpty, parityCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storedBatches } from './stored-batches.js';
import { runStoredJobs } from './stored-job.js';

/** Lengths that make batches of two or more ragged, and a few tokens an expert may not see. */
const LENGTHS = [3, 17, 9, 24, 2, 12, 5];
const examples = LENGTHS.map((length, row) =>
  Array.from({ length }, (_, t) => (Math.imul(37 * row + t + 1, 0x9e3779b1) >>> 8) % 61),
);

let scratch: string;
let dataset: string;
let compute: ComputeProcess;
beforeAll(async () => {
  compute = await startComputeProcess();
  scratch = await mkdtemp(join(tmpdir(), 'layersense-routed-'));
  dataset = join(scratch, 'ragged.jsonl');
  await writeFile(dataset, examples.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
});
afterAll(async () => {
  await compute.close();
  await rm(scratch, { recursive: true });
});

const specOf = (model: string, params: Record<string, unknown>) =>
  JobSpec.parse({
    model,
    method: 'fisher',
    dataset,
    device: 'cpu',
    params: { examples: examples.length, ...params },
  });

const offline = () => ({
  allowedRoots: ['/'],
  hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
});

function score(
  model: string,
  params: Record<string, unknown> = {},
  services: Partial<JobServices> = {},
): Promise<ScoreReport> {
  return runSensitivityJob(
    specOf(model, params),
    { ...offline(), report: () => undefined, finishedBatches: noFinishedBatches, ...services },
    new AbortController().signal,
  );
}

/**
 * Tokens by parameter of an expert and row of the dataset, counted here: every example alone and
 * without padding goes through the forward graph, whose router logits say which experts are largest.
 */
async function countedFromRouterLogits(folder: string) {
  const checkpoint = await openCheckpoint(folder);
  const counts = new Map<string, number[]>();
  for (const [row, tokens] of examples.entries()) {
    const shape = { batch: 1, length: tokens.length };
    const forward = buildForward(parseModel(checkpoint.config), checkpoint.tensors, shape);
    const routers = forward.routings.map((routing) => routerOf(forward, routing));
    const session = await compute.openSession(
      encodeModel(forward.builder.build(routers.map(({ logits }) => logits))),
      { device: 'cpu', weightsFolder: checkpoint.weightsFolder },
    );
    const data = BigInt64Array.from(tokens, BigInt);
    const input_ids = { dtype: 'int64', shape: [1, tokens.length], data } as const;
    const { outputs } = await session.run({ input_ids });
    await session.release();
    for (const { logits, experts, perToken } of routers) {
      const values = outputs[logits.name]?.data as Float32Array;
      for (let t = 0; t < tokens.length; t++) {
        const ofToken = [...values.subarray(t * experts.length, (t + 1) * experts.length)];
        const largestFirst = ofToken
          .map((_, e) => e)
          .sort((a, b) => (ofToken[b] ?? 0) - (ofToken[a] ?? 0));
        largestFirst.forEach((e, place) => {
          for (const name of experts[e] ?? []) {
            const byRow = counts.get(name) ?? examples.map(() => 0);
            byRow[row] = (byRow[row] ?? 0) + (place < perToken ? 1 : 0);
            counts.set(name, byRow);
          }
        });
      }
    }
  }
  return counts;
}

function routerOf({ builder: g }: ForwardGraph, { chosen, experts }: Routing) {
  const probabilities = g.producer(g.value(g.producer(chosen)?.inputs[0] ?? ''));
  expect(probabilities?.opType).toBe('Softmax');
  return {
    logits: g.value(probabilities?.inputs[0] ?? ''),
    experts,
    perToken: chosen.shape[1] ?? 0,
  };
}

const mixtures = nonEmpty(parityCheckpoints().filter(({ name }) => /mixtral|moe/.test(name)));

const routedOf = ({ scores }: ScoreReport) =>
  scores.map(({ parameter, routed_tokens, routed_examples, per_example_routed_tokens }) => ({
    parameter,
    routed_tokens,
    routed_examples,
    per_example_routed_tokens,
  }));

describe.each(mixtures)('$name', ({ folder }) => {
  it('counts the tokens that the router logits send to each expert', async () => {
    const counted = await countedFromRouterLogits(folder);
    const { run, scores } = await score(folder);
    const order = run.dataset?.indices ?? [];
    const withoutTokens: (number | undefined)[] = [];
    for (const each of nonEmpty(scores)) {
      const byRow = counted.get(each.parameter);
      const expected = byRow && order.map((row) => byRow[row] ?? Number.NaN);
      expect(each.per_example_routed_tokens, each.parameter).toEqual(expected);
      expect(each.routed_tokens).toBe(expected?.reduce((a, b) => a + b, 0) ?? null);
      expect(each.routed_examples).toBe(expected?.filter((count) => count > 0).length ?? null);
      const unseen = [...order.keys()].filter((i) => expected?.[i] === 0);
      withoutTokens.push(...unseen.map((i) => each.per_example?.[i]));
    }
    // What saw nothing has no gradient at all; every mixture has an expert without a token.
    expect(new Set(withoutTokens)).toEqual(new Set([0]));
    const experts = scores.filter(({ parameter }) => /\.experts\.\d+\./.test(parameter));
    expect(experts.map(({ parameter }) => parameter).sort()).toEqual([...counted.keys()].sort());
  });

  it('sends every token of the examples, and no padding, to its top k', async () => {
    const { config } = await openCheckpoint(folder);
    const { num_experts_per_tok: perToken } = config as { num_experts_per_tok: number };
    const { scores, run } = await score(folder, { batch_size: 7 });
    const byLayer = new Map<string, number>();
    for (const { parameter, routed_tokens: tokens } of scores) {
      const [, layer] = /^(.*)\.experts\.\d+\.(w2|down_proj)\.weight$/.exec(parameter) ?? [];
      if (layer) byLayer.set(layer, (byLayer.get(layer) ?? 0) + (tokens ?? Number.NaN));
    }
    for (const tokens of nonEmpty(byLayer.values())) {
      expect(tokens).toBe((run.dataset?.tokens ?? Number.NaN) * perToken);
    }
  });

  it('counts the same in every plan, batch and draw', async () => {
    const whole = routedOf(await score(folder, { batch_size: 1 }));
    for (const plan of ['whole', 'checkpointed', 'streamed']) {
      expect(routedOf(await score(folder, { plan, batch_size: 3 })), plan).toEqual(whole);
    }
    const drawn = await score(folder, { labels: 'model', draws: 2, batch_size: 4 });
    expect(routedOf(drawn)).toEqual(whole);
  });
});

describe('the tokens that experts saw', () => {
  const [{ folder }] = mixtures;

  it('follow when a run is extended, merged or stopped early', async () => {
    const whole = routedOf(await score(folder, { batch_size: 1 }));
    const few = await score(folder, { batch_size: 1, examples: 3 });
    const rest = await score(folder, { batch_size: 1, examples: 4, skip_examples: 3 });
    const extended = await score(folder, { batch_size: 1 }, { earlier: givenRun(few) });
    expect(extended.run.derived_from).toEqual([{ run_id: few.run.id, examples: 3 }]);
    expect(routedOf(extended)).toEqual(whole);
    expect(routedOf(mergeReports([few, rest]))).toEqual(whole);

    const until = { top_k_stable: { k: 1, probability: 0.5, min_examples: 3 } };
    const stopped = await score(folder, { batch_size: 1, until });
    const taken = stopped.run.stopping?.examples ?? 0;
    const same = await score(folder, { batch_size: 1, examples: taken });
    expect(routedOf(stopped)).toEqual(routedOf(same));
  });

  it('are not invented by a merge of runs that lack them', async () => {
    const few = await score(folder, { batch_size: 1, examples: 3 });
    const rest = await score(folder, { batch_size: 1, examples: 4, skip_examples: 3 });
    const without = few.scores.map(({ per_example_routed_tokens: _, ...each }) => ({
      ...each,
      routed_tokens: null,
      routed_examples: null,
    }));
    expect(() => mergeReports([{ ...few, scores: without }, rest])).toThrow(
      expect.objectContaining({ code: 'runs_incompatible' }),
    );
    const lossy = few.scores.map(({ per_example_routed_tokens: _, ...each }) => each);
    expect(() => mergeReports([{ ...few, scores: lossy }, rest])).toThrow('--per-example');
  });

  it('survive a worker: a resumed job ends with those of an undisturbed one', () =>
    onDatabase(async (database, runStored) => {
      const params = { batch_size: 1 };
      const { id } = await database.jobs.create({ spec: specOf(folder, params), metadata: {} });
      const job = await database.jobs.transitions.start(id, { workerId: 'w' });
      const stored = storedBatches(database, id);
      let left = 3;
      const dying = {
        ...stored,
        append: async (...batch: Parameters<typeof stored.append>) => {
          if (left-- === 0) throw new Error('killed');
          await stored.append(...batch);
        },
      };
      await expect(score(folder, params, { finishedBatches: dying })).rejects.toThrow('killed');
      await runStored({ jobId: id }, job);
      await expectEnded(database, id, await score(folder, params));
    }));

  it('are those of one worker where shards count them, and before that of what is finished', () =>
    onDatabase(async (database, runStored) => {
      const { jobs } = database;
      const params = { batch_size: 2 };
      const undisturbed = await score(folder, params);
      const { id } = await jobs.create({ spec: specOf(folder, params), metadata: {}, shards: 3 });
      for (const shard of [2, 0, 1]) {
        const started = await jobs.shards.start(id, shard, { workerId: 'w' });
        await runStored({ jobId: id, shard }, started?.job);
        await expectSoFar(database, id, undisturbed);
      }
      await runStored({ jobId: id }, await jobs.transitions.start(id, { workerId: 'w' }));
      await expectEnded(database, id, undisturbed);
    }));
});

type RunStored = (work: SensitivityJobPayload, job: Job | undefined) => Promise<void>;

/** A fresh database, and what computes its jobs. */
async function onDatabase(
  test: (database: Database, runStored: RunStored) => Promise<void>,
): Promise<void> {
  const fresh = await freshDatabase();
  const database = connectDatabase(fresh.url);
  const run = runStoredJobs(database, offline(), new SpillFolders(join(scratch, 'spill')));
  try {
    await test(database, async (work, job) => {
      if (!job) throw new Error('it was queued');
      await run(work, { job, signal: new AbortController().signal });
    });
  } finally {
    await database.close();
    await fresh.drop();
  }
}

async function expectEnded(
  { jobs, runs }: Database,
  id: string,
  undisturbed: ScoreReport,
): Promise<void> {
  const { run_id } = await jobs.get(id);
  const report = await runs.report(run_id ?? '', { perExample: true });
  expect(scoresByParameter(report.scores)).toEqual(scoresByParameter(undisturbed.scores));
}

/** The scores that a running job has are those of the undisturbed one's examples that are finished. */
async function expectSoFar({ jobs }: Database, id: string, { scores }: ScoreReport): Promise<void> {
  const layout = await jobs.batches.layout(id);
  const batches = await jobs.batches.load(id);
  const positions = batches.flatMap((batch) => batch.positions);
  if (!layout) throw new Error('nothing is stored');
  const partial = scoresByParameter(partialScores({ ...layout, batches }));
  expect(partial.size).toBe(scores.length);
  for (const { parameter, per_example_routed_tokens: counts } of nonEmpty(scores)) {
    const finished = counts && positions.map((position) => counts[position] ?? Number.NaN);
    expect(partial.get(parameter), parameter).toMatchObject({
      n: positions.length,
      routed_tokens: finished?.reduce((sum, count) => sum + count, 0) ?? null,
      routed_examples: finished?.filter((count) => count > 0).length ?? null,
    });
  }
}

const scoresByParameter = (scores: readonly LayerScore[]) =>
  new Map(scores.map((score) => [score.parameter, score]));
