import { JobSpec } from '@layersense/contracts';
import { asPathIfPresent } from '@layersense/model-source';
import type { z } from 'zod';
import type { FlagValues } from '../arguments.js';
import { UsageError } from '../usage-error.js';
import { type ScoreFlags, scoreSyntax } from './request-flags.js';

type Values = FlagValues<ScoreFlags>;

/** Flags that say something about examples or gradients. */
const fisherFlags = [
  'dataset',
  'split',
  'format',
  'dataset-revision',
  'examples',
  'skip-examples',
  'max-length',
  'seed',
  'batch-size',
  'plan',
  'memory-limit',
  'loss',
  'mask-probability',
  'labels',
  'draws',
  'until',
  'top-k',
  'stability',
  'min-examples',
  'extend',
  'per-example',
] as const satisfies readonly (keyof ScoreFlags)[];

/**
 * The job that a command line asks for, checked by the schema that checks `POST /jobs`.
 *
 * @throws UsageError that names the flag
 */
export function scoreRequest(model: string, flags: Values): JobSpec {
  const method = flags.method ?? 'fisher';
  if (method === 'magnitude') refuseFisherFlags(flags);
  else if (!flags.dataset) {
    throw new UsageError(
      'fisher needs --dataset NAME|FILE: its scores are gradients of the loss on examples. (magnitude needs none.)',
    );
  }
  const parsed = JobSpec.safeParse({
    model: asPathIfPresent(model),
    ...given({ revision: flags.revision, device: flags.device }),
    method,
    ...(method === 'magnitude' ? {} : fisherFields(flags)),
  });
  if (!parsed.success) throw new UsageError(parsed.error.issues.map(issueText).join('\n'));
  return parsed.data;
}

function refuseFisherFlags(flags: Values): void {
  const refused = fisherFlags.find((name) => flags[name]);
  if (refused) {
    throw new UsageError(
      `--${refused} has no meaning with --method magnitude, which reads the weights and nothing else: no examples, no gradients. Leave it out.`,
    );
  }
}

function fisherFields(flags: Values): Readonly<Record<string, unknown>> {
  return {
    dataset: given({
      name: flags.dataset,
      split: flags.split,
      format: flags.format,
      revision: flags['dataset-revision'],
    }),
    params: given({
      examples: flags.examples,
      skip_examples: flags['skip-examples'],
      max_length: flags['max-length'],
      seed: flags.seed,
      batch_size: flags['batch-size'],
      plan: flags.plan,
      memory_limit_bytes: memoryLimit(flags['memory-limit']),
      loss: flags.loss,
      mask_probability: flags['mask-probability'],
      labels: flags.labels,
      draws: flags.draws,
      until: until(flags),
    }),
  };
}

const units = {
  '': 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

function memoryLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?) *([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = units[unit.toUpperCase() as keyof typeof units];
  if (amount !== '' && factor !== undefined) return Math.floor(Number(amount) * factor);
  throw new UsageError(
    `--memory-limit must be a size such as 8GiB, 600MB or 2000000000, not ${text}.`,
  );
}

function until(flags: Values): Readonly<Record<string, unknown>> | undefined {
  const refused = (['top-k', 'stability', 'min-examples'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (!flags.until && refused) {
    throw new UsageError(`--${refused} says when to stop, and needs --until top-k-stable.`);
  }
  if (!flags.until) return undefined;
  return {
    top_k_stable: given({
      k: flags['top-k'],
      probability: flags.stability,
      min_examples: flags['min-examples'],
    }),
  };
}

const given = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Fields of the request whose flag is named differently. */
const flagOf: Readonly<Record<string, string>> = {
  model: 'MODEL',
  dataset: '--dataset',
  'dataset.name': '--dataset',
  'dataset.revision': '--dataset-revision',
  'params.until.top_k_stable.k': '--top-k',
  'params.until.top_k_stable.probability': '--stability',
};

function issueText(issue: z.core.$ZodIssue): string {
  const field = issue.path.join('.');
  const last = String(issue.path.at(-1) ?? '').replaceAll('_', '-');
  const name = flagOf[field] ?? (last in scoreSyntax.flags ? `--${last}` : field);
  if (issue.code === 'too_small') return `${name} must be at least ${issue.minimum}.`;
  if (issue.code === 'too_big') return `${name} must be at most ${issue.maximum}.`;
  return `${name}: ${issue.message}`;
}
