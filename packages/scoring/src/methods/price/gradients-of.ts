import {
  type GroupMarginals,
  LayersenseError,
  type MarginalGroups,
  methodOf,
  type Run,
  type RunModel,
} from '@layersense/contracts';
import type { JobServices, StoredRun } from '../../job-services.js';

/** What a stored Fisher run knows of a matrix, or of a part of a packed one. */
export interface MatrixGradient {
  /** ½ Σₙ‖gₙ‖² / (numel · T): the scalar price of a squared error, and its standard error. */
  readonly scalar: number;
  readonly scalarError: number | null;
  readonly marginals: GroupMarginals | undefined;
}

/** The gradients of a stored run, by matrix. */
export interface Gradients {
  readonly run: Run;
  /** Of the marginals; null where the run has none. */
  readonly groups: MarginalGroups | null;
  /** What a reader must know of them. */
  readonly notes: readonly string[];
  /** @throws LayersenseError `runs_incompatible` for a matrix that the run did not score */
  of(parameter: string): Promise<MatrixGradient>;
}

/**
 * The run that prices are to be of.
 *
 * @throws LayersenseError `not_found`; `runs_incompatible` where it is of other weights, of no summed loss, or
 *   no Fisher run
 */
export async function gradientsOf(
  id: string,
  model: RunModel,
  { storedRun }: JobServices,
): Promise<Gradients> {
  if (!storedRun) {
    throw new LayersenseError(
      'not_found',
      `There is no stored run ${id}: runs are in the database of a service, and this is not a job of one. Use layersense damage, which computes the run and prices it in one go.`,
      { run: id },
    );
  }
  const stored = await storedRun(id);
  const { run } = stored;
  assertUsable(run, model);
  const { targets, notes } = targetsOf(run);
  const scores = new Map(stored.scores.map((score) => [score.parameter, score]));
  return {
    run,
    groups: run.marginals ?? null,
    notes,
    async of(parameter) {
      const score = scores.get(parameter);
      const { n, numel } = score ?? {};
      const sum = score?.values.sum;
      if (sum === undefined || sum === null || !n || !numel) {
        throw incompatible(
          `${id} has no score of ${parameter}, so its damage cannot be told. Leave it out with \`parameters\`.`,
        );
      }
      const perError = n / (2 * numel * targets);
      const { standard_error: error = null } = score ?? {};
      return {
        scalar: perError * sum,
        scalarError: error === null ? null : perError * error,
        marginals: await marginalsOf(stored, parameter),
      };
    },
  };
}

async function marginalsOf(stored: StoredRun, parameter: string) {
  return stored.run.marginals ? await stored.marginals(parameter) : undefined;
}

function assertUsable(run: Run, model: RunModel): void {
  if (run.imported || !methodOf(run.method).overExamples || run.method !== 'fisher') {
    throw incompatible(
      `${run.id} is ${run.imported ? 'imported' : `a ${run.method} run`}: prices are of the gradients of a computed Fisher run.`,
    );
  }
  const different = differentFiles(run.model, model);
  if (different.length > 0) {
    throw incompatible(
      `${run.id} is of other weights than the model (${different.join(', ')}): gradients are those at the weights that are rounded.`,
    );
  }
  if (run.loss?.endsWith('-mean')) {
    throw incompatible(
      `The loss of ${run.id} is ${run.loss}, a mean over the positions, of which no damage per token can be told. Compute it with \`purpose: "quantisation"\`.`,
    );
  }
}

/** Tokenizers do not matter: no token is looked at. */
function differentFiles(a: RunModel, b: RunModel): string[] {
  const hashes = ({ files }: RunModel) =>
    new Map(
      files
        .filter(({ name }) => !name.startsWith('tokenizer'))
        .map(({ name, sha256 }) => [name, sha256]),
    );
  const [ours, theirs] = [hashes(a), hashes(b)];
  return [...new Set([...ours.keys(), ...theirs.keys()])].filter(
    (name) => ours.get(name) !== theirs.get(name),
  );
}

/** How many targets carry loss, which a run without marginals does not say. */
function targetsOf({ id, marginals, dataset, loss }: Run): {
  readonly targets: number;
  readonly notes: readonly string[];
} {
  if (marginals)
    return { targets: marginals.reduce((sum, each) => sum + each.targets, 0), notes: [] };
  const { tokens, examples } = dataset ?? {};
  if (loss === 'class' && examples) return { targets: examples, notes: [noMarginals(id)] };
  if (loss !== 'sequence-sum' || !tokens || !examples) {
    throw incompatible(
      `${id} does not say how many of its tokens were predicted. Compute it with \`purpose: "quantisation"\`, which counts them.`,
    );
  }
  const counted = 'every token but the first of an example counts as a target';
  return { targets: tokens - examples, notes: [`${noMarginals(id)}, and ${counted}`] };
}

const noMarginals = (id: string) =>
  `${id} has no marginals, so that all prices are the scalar form, which overstates where channels have outliers`;

function incompatible(message: string): LayersenseError {
  return new LayersenseError('runs_incompatible', message);
}
