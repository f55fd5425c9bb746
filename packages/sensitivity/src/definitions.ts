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

/**
 * The exact meaning of a run's numbers in a sentence, stored with them; of a method's, where the loss is
 * left to the model. docs/maths.md derives it.
 */
export function definitionOf(
  spec: JobSpec,
  { dequantized }: { readonly dequantized: number },
): string {
  const rounded = dequantized > 0;
  if (spec.method === 'magnitude') {
    return `l1 = Σ|w|, l2_squared = Σw², mean_abs = Σ|w|/numel, max_abs = max|w| over the elements w of the weight${rounded ? '; an element of a weight stored as integers is (q − zero point)·scale' : ''}`;
  }
  const point = rounded
    ? '; W is the dequantised matrix where integers are stored, and the gradient is taken at that point'
    : '';
  const { loss, labels, draws = 1 } = spec.params;
  const repeated = draws > 1 ? `, ${draws} draws per example whose squares are averaged` : '';
  return `sum = (1/N) Σₙ ‖∂ℓₙ/∂W‖²_F and density = sum/numel(W), where ℓₙ is ${loss === undefined ? 'the loss of example n that the model has' : losses[loss]}, ${labelSources[labels]}${repeated}; squares are taken per example, before the mean${point}`;
}
