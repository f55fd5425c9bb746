import type { OptionValues } from '@commander-js/extra-typings';
import { JobSpec } from '@layersense/contracts';
import { formatsOf } from '@layersense/formats';
import { asPathIfPresent } from '@layersense/model-source';
import { UsageError } from '../usage-error.js';
import { type GivenValue, givenValues, nameOf } from './given-values.js';
import { DEFAULT_METHOD } from './request-flags.js';
import { explainIssue, noMeaning } from './request-issues.js';
import type { RequestOption } from './request-options.js';
import type { RequestSchema } from './request-schema.js';

interface RequestSyntax {
  readonly schema: RequestSchema;
  readonly options: readonly RequestOption[];
}

/**
 * The job that a command line asks for, checked by the schema that checks `POST /jobs`.
 *
 * @throws UsageError that names the flag of every value that is refused
 * @throws LayersenseError `format_unknown` for the name of a numeric format that there is none of
 */
export function readRequest(
  model: string,
  values: OptionValues,
  { schema, options }: RequestSyntax,
): JobSpec {
  const method = typeof values.method === 'string' ? values.method : DEFAULT_METHOD;
  const given = givenValues(options, values, { schema, method });
  refuseParts(given, options);
  const request = { ...nested(given), model: asPathIfPresent(model), method };
  const parsed = JobSpec.safeParse(request);
  if (parsed.success) {
    formatsOf(parsed.data);
    return parsed.data;
  }
  const situation = { method, schema, options, given };
  const problems = parsed.error.issues.map((issue) => explainIssue(issue, situation));
  throw new UsageError(problems.join('\n'));
}

/**
 * Of flags that say something about examples beside the request.
 *
 * @throws UsageError where one is given, and the method takes no dataset
 */
export function refuseWithoutExamples(
  { method }: JobSpec,
  flags: Readonly<Record<string, unknown>>,
  schema: RequestSchema,
): void {
  if (schema.at(['dataset'], method).length > 0) return;
  const given = Object.keys(flags).filter((flag) => flags[flag] !== undefined);
  if (given.length === 0) return;
  throw new UsageError(given.map((flag) => noMeaning(flag, { method, schema })).join('\n'));
}

/** A flag whose place is inside another flag's needs that one. */
function refuseParts(given: readonly GivenValue[], options: readonly RequestOption[]): void {
  const places = new Set(given.map(({ path }) => path.join('.')));
  for (const { name, path } of given) {
    const whole = options.find(({ flag }) => path.join('.').startsWith(`${flag.path}.`));
    if (!name.startsWith('--param ') && whole && !places.has(whole.flag.path)) {
      const { flag } = whole;
      const example = flag.choices?.[0] ?? 'VALUE';
      throw new UsageError(`${name} needs ${nameOf(flag)} ${example}, of which it is a part.`);
    }
  }
}

/** @throws UsageError where two flags have the same place */
function nested(given: readonly GivenValue[]): Readonly<Record<string, unknown>> {
  const request: Record<string, unknown> = {};
  const taken = new Map<string, string>();
  // What has a place inside another's value comes after it.
  for (const { name, path, value } of given.toSorted((a, b) => a.path.length - b.path.length)) {
    const place = path.join('.');
    const other = taken.get(place);
    if (other !== undefined) throw new UsageError(`${other} and ${name} are the same. Give one.`);
    taken.set(place, name);
    const last = path.at(-1) ?? '';
    folderOf(request, path.slice(0, -1))[last] = value;
  }
  return request;
}

/** The object at `path`, made where there is none. */
function folderOf(root: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  return path.reduce((folder, key) => {
    const inner = Object.hasOwn(folder, key) ? folder[key] : undefined;
    const next: Record<string, unknown> = isObject(inner) ? inner : {};
    folder[key] = next;
    return next;
  }, root);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
