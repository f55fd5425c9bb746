import type { InjectOptions } from 'fastify';

/** What is used of a JSON Schema as the OpenAPI document writes it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { schema?: Schema }>> };
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

type Random = () => number;

/** mulberry32: the same numbers from the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: Random, values: readonly [T, ...T[]]): T =>
  values[Math.floor(random() * values.length)] ?? values[0];

const hostile = [
  '',
  ' ',
  '\u0000',
  '../../etc/passwd',
  "' OR 1=1 --",
  '\u001b[2J\r\nx: y',
  '💥\ud800',
  'x'.repeat(5000),
  '__proto__',
  '%00',
  '-1',
  '1e999',
  'NaN',
  null,
  true,
  -1,
  1.5,
  Number.MAX_SAFE_INTEGER * 4,
  [],
  [[[[]]]],
  {},
  { $ne: null },
] as const;

/** Requests to the operations of a document: mostly what it asks for, with something wrong here and there. */
export function randomRequests(document: OpenApiDocument, ids: readonly [string, ...string[]]) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const [first, ...others] = operations;
  if (first === undefined) throw new Error('the document has no operations');

  const generate = (schema: Schema | undefined, random: Random, depth = 0): unknown => {
    if (schema === undefined || random() < 0.05) return pick(random, hostile);
    const { $ref } = schema;
    if ($ref !== undefined) {
      const name = $ref.split('/').at(-1) ?? '';
      return generate(document.components?.schemas?.[name], random, depth);
    }
    if (schema.const !== undefined) return schema.const;
    const [option, ...options] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
    if (option !== undefined) return generate(pick(random, [option, ...options]), random, depth);
    const [value, ...values] = schema.enum ?? [];
    if (value !== undefined) return pick(random, [value, ...values]);
    if (schema.properties || schema.type === 'object') return objectOf(schema, random, depth);
    if (schema.type === 'array') {
      const length = Math.floor(random() * 3);
      return Array.from({ length }, () => generate(schema.items, random, depth + 1));
    }
    return scalarOf(schema, random);
  };

  const objectOf = (schema: Schema, random: Random, depth: number): object => {
    const { properties = {}, required = [], additionalProperties } = schema;
    const known = Object.entries(properties)
      .filter(([name]) => random() < (required.includes(name) ? 0.95 : 0.4))
      .map(([name, property]) => [name, generate(property, random, depth + 1)]);
    const free = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    const more = random() < (free ? 0.8 : 0.05);
    if (more) known.push([String(pick(random, hostile)), generate(free, random, depth + 1)]);
    return Object.fromEntries(known);
  };

  const scalarOf = ({ type, minimum, maximum, format }: Schema, random: Random): unknown => {
    if (type === 'boolean') return random() < 0.5;
    if (type === 'integer' || type === 'number') {
      const from = minimum ?? 0;
      const to = Math.min(maximum ?? 100, from + 1000);
      return pick(random, [Math.floor(from + random() * (to - from)), from, to, from - 1, to + 1]);
    }
    if (format === 'uri') return pick(random, ['https://example.org/x', 'http://127.0.0.1/', 'x']);
    return pick(random, [
      ...ids,
      'org/tiny',
      'gsm8k',
      'main',
      'w',
      '*.v_proj',
      '/etc/passwd',
      'fisher',
    ]);
  };

  /** The next request; the random numbers say which. */
  return (random: Random): InjectOptions => {
    const { path, method, operation } = pick(random, [first, ...others]);
    const query: Record<string, string> = {};
    const headers: Record<string, string> = {
      // Not a stream of events: that would not end.
      accept: pick(random, ['application/json', 'text/csv', 'application/x-ndjson', 'x/y']),
    };
    let url = path;
    for (const parameter of operation.parameters ?? []) {
      const value = String(generate(parameter.schema, random)).replace(/\ud800/g, '');
      if (parameter.in === 'path') {
        const filled = random() < 0.7 ? pick(random, ids) : value;
        url = url.replace(`{${parameter.name}}`, encodeURIComponent(filled));
      } else if (parameter.in === 'query' && random() < 0.5) query[parameter.name] = value;
      else if (parameter.in === 'header' && random() < 0.3)
        headers[parameter.name] = value.replace(/[^\x20-\x7e]/g, '');
    }
    if (random() < 0.05) query[String(pick(random, hostile)).replace(/\ud800/g, '')] = 'x';
    const sent = random() < 0.05 ? pick(random, ['put', 'delete', 'patch', 'post', 'get']) : method;
    const request = { method: sent.toUpperCase() as 'GET', url, query, headers };
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    if (schema === undefined && random() < 0.9) return request;
    return { ...request, ...bodyOf(generate(schema, random), headers, random) };
  };
}

function bodyOf(value: unknown, headers: Record<string, string>, random: Random) {
  const type = random() < 0.95 ? 'application/json' : pick(random, ['text/plain', 'x', 'a/b; c=d']);
  const text = JSON.stringify(value) ?? '';
  const cut = random() < 0.03 ? text.slice(0, Math.floor(random() * text.length)) : text;
  return { headers: { ...headers, 'content-type': type }, payload: cut };
}
