import { readFileSync } from 'node:fs';
import { errorCodes, JobEventType } from '@layersense/contracts';
import { nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiEnvironment } from './config.js';
import { type TestApp, testApp } from './test-support/test-app.js';

const reference = (page: string): string =>
  readFileSync(new URL(`../../../docs/reference/${page}`, import.meta.url), 'utf8');

const sectionOf = (page: string, heading: string): string =>
  reference(page).split(`### \`${heading}\`\n`)[1]?.split('\n### ')[0] ?? '';

/** The cells of every table row whose first cell is code. */
function tableRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body & { description: string }>>;
}

interface Body {
  readonly content?: Readonly<Record<string, { schema: BodySchema; example?: string }>>;
}

interface BodySchema {
  readonly $ref?: string;
  readonly anyOf?: readonly BodySchema[];
}

interface JsonSchema {
  readonly examples?: readonly unknown[];
}

let test: TestApp;
beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

it('errors.md lists every error code as it is', () => {
  const written = tableRows(reference('errors.md')).map(([code, status, retryable]) => [
    code,
    status,
    retryable,
  ]);
  const actual = Object.entries(errorCodes).map(([code, { status, retryable }]) => [
    code,
    String(status),
    retryable ? 'yes' : 'no',
  ]);
  expect(written.sort()).toEqual(actual.sort());
});

it('api.md lists every type of event', () => {
  const written = tableRows(sectionOf('api.md', 'GET /jobs/{id}/events')).map(([type]) => type);
  expect(written).toEqual(JobEventType.options);
});

it('config.md lists every variable of the API with its default', () => {
  const section = reference('config.md').split('## Worker')[0] ?? '';
  const written = new Map(tableRows(section).map(([name, fallback]) => [name, fallback]));
  expect([...written.keys()].sort()).toEqual(Object.keys(ApiEnvironment.shape).sort());
  const defaults = ApiEnvironment.parse({ DATABASE_URL: 'postgres://localhost/x' });
  const plain = [
    ...['HOST', 'PORT', 'LOG_LEVEL', 'BODY_LIMIT_BYTES', 'AUTH', 'RATE_LIMIT_PER_MINUTE'],
    'EVENT_STREAM_LIMIT',
  ];
  for (const name of plain as (keyof typeof defaults)[]) {
    expect(written.get(name)).toBe(String(defaults[name]));
  }
});

describe('GET /openapi.json', () => {
  it('describes the routes of api.md and no others', async () => {
    const document = (await test.app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const headings = [...reference('api.md').matchAll(/^### `(.*)`$/gm)].map(([, route]) => route);
    expect(described.sort()).toEqual(headings.sort());
  });

  it('refers to the schemas by name, with every error as problem details', async () => {
    const { paths, components } = (await test.app.inject('/openapi.json')).json();
    const { requestBody, responses } = paths['/jobs'].post;
    const schemaOf = (content: Record<string, { schema: object }>, type: string) =>
      content[type]?.schema;
    expect(schemaOf(responses['202'].content, 'application/json')).toEqual({
      $ref: '#/components/schemas/Job',
    });
    expect(schemaOf(responses['422'].content, 'application/problem+json')).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(JSON.stringify(requestBody)).toContain('#/components/schemas/CreateJobRequest');
    expect(Object.keys(components.schemas)).toContain('ScoreReport');
  });
});

describe('docs/reference/openapi.json', () => {
  const document = JSON.parse(reference('openapi.json'));
  const operations = nonEmpty(
    Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Operation>(methods as never).map(([method, operation]) => ({
        route: `${method.toUpperCase()} ${path}`,
        ...operation,
      })),
    ),
  );

  it('is what the service answers', async () => {
    expect((await test.app.inject('/openapi.json')).json()).toEqual(document);
  });

  it('names and explains every operation', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const { route, operationId, summary, tags } of operations) {
      expect([route, operationId]).toEqual([route, expect.stringMatching(/^[a-z][A-Za-z]+$/)]);
      expect([route, summary?.length]).toEqual([route, expect.any(Number)]);
      expect([route, tags?.length]).toEqual([route, 1]);
    }
  });

  it('has a schema for every answer with a body, and problem details for every error', () => {
    for (const { route, responses } of operations) {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '500', '503']));
      const answers = nonEmpty(Object.entries(responses));
      for (const [status, { description }] of answers) {
        expect([route, status, description]).not.toContain('Default Response');
      }
      for (const [status, { content = {} }] of nonEmpty(
        answers.filter(([s]) => Number(s) >= 400),
      )) {
        expect([route, status, Object.keys(content)]).toEqual([
          route,
          status,
          ['application/problem+json'],
        ]);
      }
    }
  });

  it('refers to nothing that it lacks, and has nothing that it does not refer to', () => {
    const text = JSON.stringify(document);
    const referred = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect([...new Set(referred)].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });

  const { schemas } = document.components;
  /** As zod checks it, with the names of other schemas where it looks for them. */
  const checkOf = (schema: object): z.ZodType => {
    const self = JSON.stringify({ ...schema, $defs: schemas });
    return z.fromJSONSchema(JSON.parse(self.replaceAll('#/components/schemas/', '#/$defs/')));
  };

  it('has an example for every body', () => {
    const hasExample = ({ $ref, anyOf }: BodySchema): boolean =>
      anyOf?.every(hasExample) ?? Boolean(schemas[$ref?.split('/').at(-1) ?? '']?.examples?.length);
    const contents = operations.flatMap(({ route, requestBody, responses }) =>
      [requestBody, ...Object.values(responses)].flatMap((body) =>
        Object.entries(body?.content ?? {}).map(([type, content]) => ({ route, type, ...content })),
      ),
    );
    for (const { route, type, schema, example } of nonEmpty(contents)) {
      expect([route, type, example !== undefined || hasExample(schema)]).toEqual([
        route,
        type,
        true,
      ]);
    }
  });

  it('has examples that are valid', () => {
    const withExamples = Object.entries<JsonSchema>(schemas).filter(([, each]) => each.examples);
    expect(withExamples.length).toBeGreaterThan(15);
    for (const [name, schema] of withExamples) {
      const check = checkOf(schema);
      for (const example of nonEmpty(schema.examples ?? [])) {
        expect([name, check.safeParse(example).error]).toEqual([name, undefined]);
      }
      expect([name, check.safeParse({ of: 'another kind' }).success]).toEqual([name, false]);
    }
  });
});

it('serves its documentation from this process alone', async () => {
  const page = await test.app.inject('/docs/');
  expect(page.statusCode).toBe(200);
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset]) => asset ?? '');
  expect(assets.length).toBeGreaterThan(3);
  for (const asset of assets) {
    const url = new URL(asset, 'http://here/docs/');
    expect(url.host).toBe('here');
    expect((await test.app.inject(url.pathname)).statusCode).toBe(200);
  }
  // The content security policy forbids scripts inside the page.
  expect(page.body).not.toMatch(/<script(?![^>]*src=)[^>]*>/);
});
