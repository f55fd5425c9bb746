import { randomUUID } from 'node:crypto';
import {
  type ComputedReport,
  type LayerScore,
  LayersenseError,
  methodOf,
  type Run,
  type RunDataset,
  type ScoreReport,
} from '@layersense/contracts';
import { STANDARD_TOP_K } from '@layersense/statistics';
import { assertPerExample } from './assert-per-example.js';
import { summarizeFisher } from './examples/summarize-fisher.js';
import { mergeMarginals } from './merge-marginals.js';
import { basisDifference, basisOfRun } from './run-basis.js';
import { mergedIdentity } from './run-identity.js';

type FisherRun = Run & { readonly dataset: RunDataset };

/**
 * The run over the examples of all given runs, which are disjoint: exactly what computing them at
 * once gives, since every statistic follows from the per-example values.
 *
 * @param reports two or more, with per-example values
 * @throws LayersenseError `runs_incompatible` naming the first difference, `runs_overlap`
 */
export function mergeReports(reports: readonly ComputedReport[]): ComputedReport {
  const runs = reports.map(({ run }) => fisherRun(run));
  const [first, ...others] = runs;
  if (first === undefined || others.length === 0) {
    throw incompatible('A merge needs two runs or more.');
  }
  for (const other of others) assertCompatible(first, other);
  for (const report of reports) assertPerExample(report);
  assertDisjoint(runs);
  const { scores, ...statistics } = summarizeFisher(
    {
      losses: joined(runs.map((run) => run.example_losses)),
      squaredNorms: joinedValues(reports, ({ per_example }) => per_example),
      routedTokens: joinedValues(
        reports.map(ofExperts),
        (score) => score.per_example_routed_tokens,
      ),
    },
    { shapeOf: shapesOf(reports), bootstrap: bootstrapOf(first) },
  );
  const dataset = mergedDataset(runs.map((run) => run.dataset));
  const marginals = mergeMarginals(reports);
  return {
    run: {
      ...first,
      id: `run_${randomUUID()}`,
      identity: mergedIdentity(basisOfRun(first), dataset),
      dataset,
      params: { ...commonParams(runs), examples: dataset.examples },
      mean_loss: statistics.meanLoss,
      example_losses: [...statistics.exampleLosses],
      stability: statistics.stability,
      stopping: null,
      ...(marginals && { marginals: [...marginals.groups] }),
      derived_from: runs.map(({ id, dataset: { indices } }) => ({
        run_id: id,
        examples: indices.length,
      })),
      device: common(runs, ({ device }) => device),
      plan: common(runs, ({ plan }) => plan),
      plan_reason: null,
      estimated_memory_bytes: null,
      arithmetic: common(runs, ({ arithmetic }) => arithmetic),
      engine: { ...first.engine, onnxruntime: common(runs, ({ engine }) => engine.onnxruntime) },
      seconds: runs.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0),
      peak_memory_bytes: Math.max(...runs.map((run) => run.peak_memory_bytes ?? 0)),
      created_at: new Date().toISOString(),
    },
    scores: [...scores],
    ...(marginals && { marginals }),
  };
}

function fisherRun(run: Run): FisherRun {
  const { id, method, dataset, imported } = run;
  const { overExamples, joinable = overExamples } = methodOf(method);
  if (joinable && dataset && !imported) return { ...run, dataset };
  const why = imported ? 'was imported' : `is a ${method} run`;
  throw incompatible(`${id} ${why}: only computed Fisher runs have examples to merge.`);
}

function assertCompatible(a: FisherRun, b: FisherRun): void {
  const difference =
    basisDifference(basisOfRun(a), basisOfRun(b)) ??
    (a.dataset.tokenizer_sha256 === b.dataset.tokenizer_sha256 ? undefined : 'tokenizer');
  if (difference === undefined) return;
  throw incompatible(
    `${a.id} and ${b.id} differ in their ${difference}, so their examples have no common mean.`,
  );
}

/**
 * Within one dataset the same example has the same row; a text that stands there twice counts twice.
 * Rows of different datasets say nothing, so there the tokens alone decide.
 */
function assertDisjoint(runs: readonly FisherRun[]): void {
  const sameDataset = common(runs, ({ dataset }) => dataset.name) !== null;
  const seen = new Map<string, string>();
  for (const { id, dataset } of runs) {
    const keys = dataset.example_hashes.map((hash, i) =>
      sameDataset ? `${hash} ${dataset.indices[i]}` : hash,
    );
    const shared = keys.flatMap((key) => seen.get(key) ?? []);
    const [other] = shared;
    if (other !== undefined) {
      throw new LayersenseError(
        'runs_overlap',
        `${shared.length} of the examples of ${id} are in ${other} too and would count twice. Compute disjoint ones, for example with --skip-examples.`,
        { run: id, examples: shared.length },
      );
    }
    for (const key of keys) seen.set(key, id);
  }
}

type Scores = Pick<ScoreReport, 'scores'>;

const ofExperts = ({ scores }: Scores): Scores => ({
  scores: scores.filter(({ routed_tokens: tokens }) => tokens !== null),
});

/** The per-example values of every parameter, those of all reports behind one another. */
function joinedValues(
  reports: readonly Scores[],
  valuesOf: (score: LayerScore) => readonly number[] | undefined,
): Map<string, Float64Array> {
  const byParameter = reports.map(
    ({ scores }) => new Map(scores.map((score) => [score.parameter, valuesOf(score)])),
  );
  const names = new Set(byParameter.flatMap((values) => [...values.keys()]));
  return new Map(
    [...names].map((name) => {
      const values = byParameter.map((of) => of.get(name));
      if (values.every((each) => each !== undefined)) return [name, joined(values)];
      throw incompatible(
        `${name} is not scored in every one of the runs, or not with the tokens it saw.`,
      );
    }),
  );
}

const joined = (lists: readonly (readonly number[] | null)[]): Float64Array =>
  Float64Array.from(lists.flatMap((list) => list ?? []));

function shapesOf(reports: readonly ScoreReport[]): (parameter: string) => readonly number[] {
  const shapes = new Map(reports[0]?.scores.map(({ parameter, shape }) => [parameter, shape]));
  return (parameter) => shapes.get(parameter) ?? [];
}

function bootstrapOf({ stability, params }: FisherRun): { k: number; seed: number } {
  const k = stability?.k ?? STANDARD_TOP_K;
  return { k, seed: typeof params.seed === 'number' ? params.seed : 0 };
}

function mergedDataset(datasets: readonly RunDataset[]): RunDataset {
  const sum = (of: (dataset: RunDataset) => number | null) =>
    datasets.reduce((total, dataset) => total + (of(dataset) ?? 0), 0);
  return {
    name: [...new Set(datasets.map(({ name }) => name))].join(' + '),
    split: common(datasets, ({ split }) => split),
    format: common(datasets, ({ format }) => format),
    revision: common(datasets, ({ revision }) => revision),
    indices: datasets.flatMap(({ indices }) => indices),
    examples: sum(({ indices }) => indices.length),
    tokens: sum(({ tokens }) => tokens),
    truncated: sum(({ truncated }) => truncated),
    // Reports from before these were recorded do not say that there was nothing.
    ...(datasets.every(({ skipped }) => skipped !== undefined) && {
      skipped: sum(({ skipped = 0 }) => skipped),
      unread_keys: [...new Set(datasets.flatMap(({ unread_keys: keys = [] }) => keys))],
    }),
    tokenizer_sha256: common(datasets, ({ tokenizer_sha256 }) => tokenizer_sha256),
    fingerprint: null,
    example_hashes: datasets.flatMap(({ example_hashes }) => example_hashes),
  };
}

/** Parameters that every run has with the same value. */
function commonParams(runs: readonly FisherRun[]): Run['params'] {
  const [first, ...others] = runs.map(({ params }) => params);
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(
      ([name, value]) =>
        name !== 'until' &&
        others.every((params) => JSON.stringify(params[name]) === JSON.stringify(value)),
    ),
  );
}

/** What all have, or null where they differ. */
function common<T, V>(items: readonly T[], of: (item: T) => V): V | null {
  const [first, ...others] = items.map(of);
  return first !== undefined && others.every((value) => value === first) ? first : null;
}

function incompatible(message: string): LayersenseError {
  return new LayersenseError('runs_incompatible', message);
}
