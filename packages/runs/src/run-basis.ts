import {
  canonicalJson,
  type JobSpec,
  methodOf,
  type Run,
  type RunModel,
} from '@layersense/contracts';
import { engine } from './engine.js';

/**
 * What determines an example's values beside its tokens. Runs that agree in it may share them.
 * Absent fields have no meaning for the run.
 */
export interface RunBasis {
  readonly method: string;
  readonly method_version: string;
  readonly engine: string;
  /** Weights and configuration; the tokenizer shows in the tokens. */
  readonly model: RunModel['files'];
  readonly loss?: string | undefined;
  readonly labels?: string | undefined;
  /** Where labels are drawn. */
  readonly label_seed?: unknown;
  /** Where there are several per example. */
  readonly label_draws?: unknown;
  /** Where the method has others that determine its numbers. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** @param spec with what the model decides, its loss for instance */
export function basisOfJob(spec: JobSpec, model: RunModel): RunBasis {
  const { version, objective } = methodOf(spec.method);
  const { loss = null, labels = null } = objective?.(spec) ?? {};
  return basisOfRun({ ...spec, method_version: version, engine, model, loss, labels });
}

export function basisOfRun(
  run: Pick<Run, 'method' | 'method_version' | 'model' | 'loss' | 'labels'> & {
    readonly engine: { readonly version: string };
    readonly params: Readonly<Record<string, unknown>>;
  },
): RunBasis {
  const { seed, draws = 1 } = run.params;
  const parameters = methodOf(run.method).determining?.(run.params);
  return {
    method: run.method,
    method_version: run.method_version,
    engine: run.engine.version,
    model: run.model.files.filter(({ name }) => !name.startsWith('tokenizer')),
    ...(run.loss === null ? {} : { loss: run.loss }),
    ...(run.labels === null ? {} : { labels: run.labels }),
    ...(run.labels === 'model' ? { label_seed: seed } : {}),
    ...(run.labels === 'model' && draws !== 1 ? { label_draws: draws } : {}),
    ...(parameters ? { parameters } : {}),
  };
}

const nameOf = {
  method: 'method',
  method_version: 'method version',
  engine: 'engine version',
  model: 'model files',
  loss: 'loss',
  labels: 'labels',
  label_seed: 'seed of the drawn labels',
  label_draws: 'label draws per example',
  parameters: 'parameters',
} as const satisfies Readonly<Record<keyof RunBasis, string>>;

/** What two bases differ in first, in words, or undefined where they are equal. */
export function basisDifference(a: RunBasis, b: RunBasis): string | undefined {
  for (const key of Object.keys(nameOf) as (keyof RunBasis)[]) {
    if (canonicalJson(a[key]) === canonicalJson(b[key])) continue;
    if (key === 'model') {
      return `${nameOf.model} (${differentFiles(a.model, b.model).join(', ')})`;
    }
    const shown = (value: unknown) => (typeof value === 'object' ? canonicalJson(value) : value);
    return `${nameOf[key]} (${shown(a[key] ?? 'none')} and ${shown(b[key] ?? 'none')})`;
  }
  return undefined;
}

function differentFiles(a: RunModel['files'], b: RunModel['files']): string[] {
  const hashOf = (files: RunModel['files'], name: string) =>
    files.find((file) => file.name === name)?.sha256;
  const names = [...new Set([...a, ...b].map(({ name }) => name))];
  return names.filter((name) => hashOf(a, name) !== hashOf(b, name));
}
