import { JobSpec } from '@layersense/contracts';
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What the schema of `POST /jobs` says about the places of a request. */
export interface RequestSchema {
  readonly methods: readonly string[];
  /** What may stand at `path`, for `method` or for any; nothing where no request has the place. */
  at(path: readonly string[], method?: string): readonly JsonSchema[];
}

export function readRequestSchema(): RequestSchema {
  const document = z.toJSONSchema(JobSpec, { io: 'input' });
  const specs = alternatives(document, document);
  const specsOf = (method: string | undefined): readonly JsonSchema[] =>
    specs.filter((spec) => method === undefined || methodOf(spec) === method);
  return {
    methods: specs.map(methodOf),
    at: (path, method) =>
      path.reduce(
        (schemas, key) => schemas.flatMap((schema) => propertyOf(document, schema, key)),
        specsOf(method),
      ),
  };
}

function methodOf({ properties }: JsonSchema): string {
  const method = properties?.method;
  return typeof method === 'object' ? String(method.const) : '';
}

function propertyOf(document: JsonSchema, { properties }: JsonSchema, key: string): JsonSchema[] {
  const property = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
  return typeof property === 'object' ? alternatives(document, property) : [];
}

/** The schemas that a value may have, references followed; a default beside a reference stays. */
function alternatives(document: JsonSchema, schema: JsonSchema): JsonSchema[] {
  const { $ref, ...own } = schema;
  const name = $ref?.replace('#/$defs/', '');
  const referred = name === undefined ? undefined : document.$defs?.[name];
  const resolved = referred === undefined ? schema : { ...referred, ...own };
  const members = resolved.anyOf ?? resolved.oneOf;
  return members ? members.flatMap((member) => alternatives(document, member)) : [resolved];
}
