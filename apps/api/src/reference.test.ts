import { readFileSync } from 'node:fs';
import { errorCodes } from '@layersense/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiEnvironment } from './config.js';
import { type TestApp, testApp } from './test-support/test-app.js';

const reference = (page: string): string =>
  readFileSync(new URL(`../../../docs/reference/${page}`, import.meta.url), 'utf8');

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

it('config.md lists every variable of the API with its default', () => {
  const section = reference('config.md').split('## Worker')[0] ?? '';
  const written = new Map(tableRows(section).map(([name, fallback]) => [name, fallback]));
  expect([...written.keys()].sort()).toEqual(Object.keys(ApiEnvironment.shape).sort());
  const defaults = ApiEnvironment.parse({ DATABASE_URL: 'postgres://localhost/x' });
  const plain = ['HOST', 'PORT', 'LOG_LEVEL', 'BODY_LIMIT_BYTES', 'AUTH', 'RATE_LIMIT_PER_MINUTE'];
  for (const name of plain as (keyof typeof defaults)[]) {
    expect(written.get(name)).toBe(String(defaults[name]));
  }
});

describe('GET /openapi.json', () => {
  it('describes the routes of api.md and no others', async () => {
    const document = (await test.app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries<object>(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
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
