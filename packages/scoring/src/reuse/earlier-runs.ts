import {
  EXAMPLE_GROUPS,
  type JobSpec,
  LayersenseError,
  methodOf,
  type Run,
  type RunDataset,
  type RunMarginals,
  type ScoreReport,
} from '@layersense/contracts';
import {
  assertPerExample,
  type BatchColumns,
  type BatchStatistics,
  basisDifference,
  basisOfJob,
  basisOfRun,
  type MarginalSums,
  type RunBasis,
  runIdentity,
} from '@layersense/runs';

/** What a job is about to compute. */
export interface IntendedRun {
  readonly model: Run['model'];
  readonly basis: RunBasis;
  readonly dataset: RunDataset;
}

/** What an equal run has beside the identity, which is about the numbers alone. */
export interface EqualRun {
  readonly identity: string;
  readonly spec: JobSpec;
  readonly model: Run['model'];
}

/** Finished runs that spare a job computing, all of it or a part. */
export interface EarlierRuns {
  /** The stored run with the very numbers and the provenance that the job would end with. */
  findEqual(like: EqualRun): Promise<ScoreReport | undefined>;
  /** A run whose per-example values the job may reuse. */
  find(intended: IntendedRun): Promise<ScoreReport | undefined>;
  /** Those of a run that `find` has found. */
  marginals(run: Run): Promise<RunMarginals | undefined>;
}

/**
 * One run that the user names.
 * @throws LayersenseError `runs_incompatible` from `find` where none of its values can be reused
 */
export function givenRun(report: ScoreReport): EarlierRuns {
  return {
    findEqual: () => Promise.resolve(undefined),
    async find({ basis, dataset }) {
      const difference = basisDifference(basisOfRun(report.run), basis);
      if (difference !== undefined) {
        throw incompatible(`The run to extend differs in its ${difference}.`);
      }
      assertPerExample(report);
      if (commonExamples(report.run, dataset, basis).length > 0) return report;
      throw incompatible(
        'The run to extend shares no example with this one. Give the same dataset, seed, format and max length.',
      );
    },
    marginals: () => {
      throw incompatible(
        'A report holds no marginals, so a run with `purpose: "quantisation"` cannot be extended from one. Leave out the run to extend, or send the job to a service, which stores them.',
      );
    },
  };
}

/** The stored run that a job without examples would end with: the model alone decides its numbers. */
export async function findEqualWithoutExamples(
  spec: JobSpec,
  model: Run['model'],
  earlier: EarlierRuns | undefined,
): Promise<ScoreReport | undefined> {
  if (methodOf(spec.method).overExamples) return undefined;
  const identity = runIdentity(basisOfJob(spec, model), undefined);
  return await earlier?.findEqual({ identity, spec, model });
}

/** What need not be computed. */
export interface ReusedExamples {
  /** Their positions in the dataset of the intended run. */
  readonly examples: ReadonlySet<number>;
  readonly batches: readonly BatchStatistics[];
  readonly derivedFrom: Run['derived_from'];
}

/**
 * The examples of the intended run whose values an earlier run has: of all `columns`, or no example.
 *
 * @param sums where the run has marginals: those of the earlier run are added, which takes all of its
 *   examples, or no example is reused. Sums of an interrupted attempt have them already.
 */
export async function reuseExamples(
  earlier: EarlierRuns | undefined,
  intended: IntendedRun,
  columns: BatchColumns,
  sums?: MarginalSums,
): Promise<ReusedExamples> {
  const report = await earlier?.find(intended);
  const batch = report && commonStatistics(report, intended, columns);
  if (
    !batch ||
    !earlier ||
    (sums && !(await addMarginals(sums, batch.examples, report, earlier)))
  ) {
    return { examples: new Set(), batches: [], derivedFrom: [] };
  }
  const { examples } = batch;
  const derivedFrom = [{ run_id: report.run.id, examples: examples.length }];
  return { examples: new Set(examples), batches: [batch], derivedFrom };
}

/** Whether the sums have the examples of the earlier run now, and of all of them. */
async function addMarginals(
  sums: MarginalSums,
  examples: readonly number[],
  { run }: ScoreReport,
  earlier: EarlierRuns,
): Promise<boolean> {
  if (examples.length !== run.dataset?.indices.length) return false;
  if (examples.every((example) => sums.has(example))) return true;
  if (examples.some((example) => sums.has(example))) return false;
  const marginals = await earlier.marginals(run);
  // Groups that were joined to save space cannot be told apart again.
  if (marginals?.groups.length !== EXAMPLE_GROUPS) return false;
  sums.restore(examples, marginals.matrices);
  return true;
}

function commonStatistics(
  { run, scores }: ScoreReport,
  { dataset, basis }: IntendedRun,
  { parameters, routed }: BatchColumns,
): BatchStatistics | undefined {
  const common = commonExamples(run, dataset, basis);
  const scoreOf = new Map(scores.map((score) => [score.parameter, score]));
  const norms = (name: string) => scoreOf.get(name)?.per_example;
  const tokens = (name: string) => scoreOf.get(name)?.per_example_routed_tokens;
  if (!parameters.every(norms) || !routed.every(tokens)) return undefined;
  const pick = (values: readonly number[] | null | undefined) =>
    common.map(({ theirs }) => values?.[theirs] ?? Number.NaN);
  return {
    examples: common.map(({ ours }) => ours),
    losses: pick(run.example_losses),
    squaredNorms: new Map(parameters.map((name) => [name, pick(norms(name))])),
    routedTokens: new Map(routed.map((name) => [name, pick(tokens(name))])),
  };
}

/** Positions of the same examples in either run: the same tokens and, for drawn labels, row. */
function commonExamples(
  run: Run,
  dataset: RunDataset,
  { labels }: RunBasis,
): { readonly ours: number; readonly theirs: number }[] {
  const keys = ({ example_hashes, indices }: RunDataset) =>
    example_hashes.map((hash, i) => (labels === 'model' ? `${hash} ${indices[i]}` : hash));
  const theirs = new Map(run.dataset ? keys(run.dataset).map((key, i) => [key, i]) : []);
  return keys(dataset).flatMap((key, ours) => {
    const found = theirs.get(key);
    return found === undefined ? [] : [{ ours, theirs: found }];
  });
}

function incompatible(message: string): LayersenseError {
  return new LayersenseError('runs_incompatible', message);
}
