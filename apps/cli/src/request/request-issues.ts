import type { z } from 'zod';
import { type GivenValue, nameOf } from './given-values.js';
import type { RequestOption } from './request-options.js';
import type { RequestSchema } from './request-schema.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What an issue of a request is explained with. */
export interface RequestSituation {
  readonly method: string;
  readonly schema: RequestSchema;
  readonly options: readonly RequestOption[];
  readonly given: readonly GivenValue[];
}

/** What is wrong with a request, in the words of the command line that made it. */
export function explainIssue(problem: Issue, situation: RequestSituation): string {
  const issue = furthest(problem);
  const { code, path } = issue;
  if (code === 'unrecognized_keys') {
    const names = issue.keys.flatMap((key) => givenBelow([...path, key], situation));
    return names.map((name) => noMeaning(name, situation)).join('\n');
  }
  const typeIsWrong = code === 'invalid_type' || code === 'invalid_union';
  const absent =
    givenBelow(path, situation).length === 0 && givenAbove(path, situation) === undefined;
  if (typeIsWrong && absent) return needed(path, situation);
  const name = givenAbove(path, situation) ?? placeName(path, situation);
  if (code === 'too_small')
    return `${name} must be ${bound(issue, 'at least', 'more than')} ${issue.minimum}.`;
  if (code === 'too_big')
    return `${name} must be ${bound(issue, 'at most', 'less than')} ${issue.maximum}.`;
  return `${name}: ${issue.message}`;
}

/** Of what a union refuses, the issue of the member that took the most of the value. */
function furthest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat().find(({ path }) => path.length > 0);
  return inner ? furthest({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

const bound = ({ inclusive }: { readonly inclusive?: boolean }, closed: string, open: string) =>
  inclusive === false ? open : closed;

/** The flags whose values are at `path` or below it. */
const givenBelow = (path: Path, { given }: RequestSituation): readonly string[] =>
  given.filter((value) => isPrefix(path, value.path)).map(({ name }) => name);

/** The flag whose value `path` is part of; the closest, for one flag may be part of another. */
function givenAbove(path: Path, { given }: RequestSituation): string | undefined {
  const above = given.filter((value) => isPrefix(value.path, path));
  return above.toSorted((left, right) => right.path.length - left.path.length)[0]?.name;
}

const isPrefix = (start: Path, path: Path): boolean =>
  start.length <= path.length && start.every((key, position) => key === path[position]);

/** The flag that could have been given for `path`, else the place itself. */
function placeName(path: Path, situation: RequestSituation): string {
  if (path[0] === 'model') return 'MODEL';
  const option = optionFor(path, situation);
  return option ? nameOf(option.flag) : path.join('.');
}

const optionFor = (path: Path, { options }: RequestSituation): RequestOption | undefined =>
  options.find(({ flag }) => isPrefix(path, flag.path.split('.')));

function needed(path: Path, situation: RequestSituation): string {
  const option = optionFor(path, situation);
  if (!option) return `${situation.method} needs --param ${path.slice(1).join('.')}=VALUE.`;
  const { flags, why, help } = option.flag;
  return `${situation.method} needs ${flags.replaceAll(/[<>]/g, '')}: ${why ?? help}.`;
}

/** That `name` says nothing to the method, and why. */
export function noMeaning(
  name: string,
  { method, schema }: Pick<RequestSituation, 'method' | 'schema'>,
): string {
  const start = `${name} has no meaning with --method ${method}`;
  if (schema.at(['dataset'], method).length === 0) {
    return `${start}, which reads the weights and nothing else: no examples, no gradients. Leave it out.`;
  }
  const parameters = schema
    .at(['params'], method)
    .flatMap(({ properties = {} }) => Object.keys(properties));
  return `${start}, whose parameters are ${parameters.join(', ')}.`;
}
