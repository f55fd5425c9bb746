import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { decimalNumber, wholeNumber } from '../command-line/values.js';
import { type RequestFlag, requestFlags } from './request-flags.js';
import type { RequestSchema } from './request-schema.js';

/** One parameter of a method as `--param` gives it; the schema decides what its text means. */
export interface GivenParameter {
  readonly name: string;
  readonly text: string;
}

/** A flag of the request as commander reads it. */
export interface RequestOption {
  readonly flag: RequestFlag;
  readonly option: Option;
}

/** Every flag of a request with the type, choices and default that the schema has at its path. */
export const requestOptions = (schema: RequestSchema): readonly RequestOption[] =>
  Object.entries(requestFlags).flatMap(([group, flags]) =>
    flags.map((flag) => ({ flag, option: requestOption(flag, schema).helpGroup(`${group}:`) })),
  );

function requestOption(flag: RequestFlag, schema: RequestSchema): Option {
  const option: Option = new Option(flag.flags, flag.help);
  const schemas = schema.at(flag.path.split('.'));
  const choices =
    flag.choices ??
    schemas.flatMap(({ enum: all, const: one }) => all ?? (one === undefined ? [] : [one]));
  if (choices.length > 0) option.choices([...new Set(choices.map(String))]);
  else if (flag.read) option.argParser(flag.read);
  else if (schemas.some(({ type }) => type === 'integer')) option.argParser(wholeNumber());
  else if (schemas.some(({ type }) => type === 'number')) option.argParser(decimalNumber);
  // A description alone: what is not given is left to the schema, and methods may differ in it.
  const defaults = new Set(schemas.map((each) => each.default));
  const [standard] = defaults.size === 1 ? defaults : [];
  const text = flag.standard ?? (typeof standard === 'object' ? undefined : standard);
  return text === undefined ? option : option.default(undefined, String(text));
}

/** `--param NAME=VALUE`, for a parameter without a flag of its own. */
export const parameterOption = new Option(
  '--param <NAME=VALUE>',
  'any parameter of the method by its name in a request, as JSON: seed=7, until.top_k_stable.k=5. May be repeated',
)
  .helpGroup('What is computed:')
  .argParser((text: string, earlier: readonly GivenParameter[] = []): readonly GivenParameter[] => {
    const [, name, value] = /^([a-z]\w*(?:\.[a-z]\w*)*)=(.+)$/is.exec(text) ?? [];
    if (name !== undefined && value !== undefined) return [...earlier, { name, text: value }];
    throw new InvalidArgumentError('It must be NAME=VALUE, such as seed=7.');
  });
