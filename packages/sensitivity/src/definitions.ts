import type { JobSpec, Loss } from '@layersense/contracts';

/** Raised whenever a change alters a stored number; part of a run's identity. */
export const methodVersions = { fisher: '1', magnitude: '1' } as const;

const losses: Readonly<Record<Loss, string>> = {
  'token-mean': 'the mean next-token cross-entropy over the positions of example n',
  'sequence-sum': 'the summed next-token cross-entropy over the positions of example n',
  'masked-token-mean': 'the mean cross-entropy of the masked tokens of example n',
  'masked-token-sum': 'the summed cross-entropy of the masked tokens of example n',
  class: 'the cross-entropy of the class of example n',
};

const labelSources = {
  data: 'labels from the data (the empirical Fisher)',
  model: "labels drawn from the model's own distribution (the Fisher information)",
} as const;

/** What of a model's stored tensors a run's numbers are of. */
interface Extent {
  /** How many of the scored weights are stored as integers. */
  readonly dequantized: number;
  /** Names of those that were not scored, being no parameters. */
  readonly leftOut?: readonly string[];
}

/**
 * The exact meaning of a run's numbers in a sentence, stored with them; of a method's, where the loss is
 * left to the model. docs/maths.md derives it.
 */
export function definitionOf(spec: JobSpec, { dequantized, leftOut = [] }: Extent): string {
  const rounded = dequantized > 0;
  if (spec.method === 'magnitude') {
    return `l1 = Σ|w|, l2_squared = Σw², mean_abs = Σ|w|/numel, max_abs = max|w| over the elements w of the weight${rounded ? '; an element of a weight stored as integers is (q − zero point)·scale' : ''}${leftOutClause(leftOut)}`;
  }
  const point = rounded
    ? '; W is the dequantised matrix where integers are stored, and the gradient is taken at that point'
    : '';
  const { loss, labels, draws = 1 } = spec.params;
  const repeated = draws > 1 ? `, ${draws} draws per example whose squares are averaged` : '';
  return `sum = (1/N) Σₙ ‖∂ℓₙ/∂W‖²_F and density = sum/numel(W), where ℓₙ is ${loss === undefined ? 'the loss of example n that the model has' : losses[loss]}, ${labelSources[labels]}${repeated}; squares are taken per example, before the mean${point}`;
}

/** More patterns than any real model has would only make the sentence unreadable. */
const MAX_PATTERNS = 20;

/** The names with `*` for the number of a layer, each pattern with how many tensors it stands for. */
function leftOutClause(names: readonly string[]): string {
  if (names.length === 0) return '';
  const counts = new Map<string, number>();
  for (const name of names) {
    const pattern = name.replaceAll(/(?<=\.)\d+(?=\.)/g, '*');
    counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  const patterns = [...counts].map(([pattern, count]) =>
    count > 1 ? `${pattern} (${count})` : pattern,
  );
  const rest = patterns.length - MAX_PATTERNS;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `; not scored, being no parameters of their own: ${patterns.slice(0, MAX_PATTERNS).join(', ')}${more}`;
}
