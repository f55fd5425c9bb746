import type { OptionValues } from '@commander-js/extra-typings';
import { UsageError } from '../usage-error.js';
import type { RequestFlag } from './request-flags.js';
import type { GivenParameter, RequestOption } from './request-options.js';
import type { RequestSchema } from './request-schema.js';

/** A value of the command line, with its place in the request. */
export interface GivenValue {
  /** What an error calls it: `--seed`, `--param seed`. */
  readonly name: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** @throws UsageError where a parameter of `--param` is no JSON */
export function givenValues(
  options: readonly RequestOption[],
  values: OptionValues,
  { schema, method }: { readonly schema: RequestSchema; readonly method: string },
): readonly GivenValue[] {
  const ofFlags = options.flatMap(({ flag, option }) => {
    const value: unknown = values[option.attributeName()];
    if (value === undefined) return [];
    return [{ name: nameOf(flag), path: flag.path.split('.'), value: requestValue(flag, value) }];
  });
  const parameters = (values.param ?? []) as readonly GivenParameter[];
  const ofParameters = parameters.map(({ name, text }) => {
    const path = ['params', ...name.split('.')];
    return {
      name: `--param ${name}`,
      path,
      value: parameterValue(name, text, schema.at(path, method)),
    };
  });
  return [...ofFlags, ...ofParameters];
}

/** `--seed` of `--seed <N>`. */
export const nameOf = ({ flags }: RequestFlag): string => flags.split(' ')[0] ?? flags;

/** commander has read what needs no choice; of one that has, the text is left. */
const requestValue = ({ choices, read }: RequestFlag, value: unknown): unknown =>
  choices && read ? read(String(value)) : value;

function parameterValue(
  name: string,
  text: string,
  schemas: ReturnType<RequestSchema['at']>,
): unknown {
  if (schemas.some(({ type }) => type === 'string')) return text;
  try {
    return JSON.parse(text);
  } catch {
    // No schema: the method has no such parameter, and is about to say so.
    if (schemas.length === 0) return text;
    throw new UsageError(`--param ${name}: '${text}' is no JSON value such as 7, true or [1, 2].`);
  }
}
