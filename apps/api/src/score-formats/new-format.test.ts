import type { ReportFormat } from '@layersense/report-formats';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { saveFisherRun } from '../test-support/save-fisher-run.js';
import { type TestApp, testApp } from '../test-support/test-app.js';

const { lineOfLayers } = vi.hoisted(() => ({
  async *lineOfLayers(scores: Parameters<ReportFormat['lines']>[0]['scores']) {
    for await (const { layer } of scores) yield `- ${layer}`;
  },
}));

/** The list of formats with one more entry, which is all that there is of it. */
vi.mock('@layersense/report-formats', async (original) => {
  const actual = await original<typeof import('@layersense/report-formats')>();
  const markdown: ReportFormat = {
    name: 'markdown',
    summary: 'the layers as a list in Markdown',
    mediaType: 'text/markdown',
    extension: '.md',
    lineEnd: '\n',
    readBy: 'programs',
    holdsExamples: false,
    lines: ({ scores }) => lineOfLayers(scores),
  };
  return { ...actual, reportFormats: [...actual.reportFormats, markdown] };
});

let test: TestApp;
beforeAll(async () => {
  test = await testApp();
});
afterAll(() => test.close());

const get = (url: string, accept: string) => test.app.inject({ url, headers: { accept } });

it('is answered by the service as soon as it is in the list', async () => {
  const payload = { model: 'org/tiny', method: 'magnitude' };
  const { id } = (await test.app.inject({ method: 'POST', url: '/jobs', payload })).json();
  await test.database.jobs.transitions.start(id, { workerId: 'test' });
  await saveFisherRun(test.database, id);
  const { statusCode, headers, body } = await get(`/jobs/${id}/scores`, 'text/markdown');
  expect(statusCode).toBe(200);
  expect(headers['content-type']).toBe('text/markdown; charset=utf-8');
  expect(body).toBe('- lm_head\n- a,"b"\n');
  expect((await get(`/jobs/${id}/scores`, 'image/png')).json().detail).toContain('text/markdown');
});

it('is in the OpenAPI document, where it can be answered', async () => {
  const { paths } = test.app.swagger();
  const typesOf = (path: string) => {
    const answer = paths?.[path]?.get?.responses?.['200'];
    return Object.keys(answer && 'content' in answer ? (answer.content ?? {}) : {});
  };
  const known = ['application/json', 'text/csv', 'application/x-ndjson'];
  expect(typesOf('/jobs/{id}/scores')).toEqual([...known, 'text/markdown']);
  // One that says nothing of lists is of single reports.
  expect(typesOf('/scores')).toEqual(known);
  expect((await get('/scores', 'text/markdown')).statusCode).toBe(406);
});
