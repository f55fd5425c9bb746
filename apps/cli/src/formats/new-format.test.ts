import type { ReportFormat } from '@layersense/report-formats';
import { expect, it, vi } from 'vitest';
import { chooseFormat, flaggedFormats } from './score-format.js';

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
    async *lines({ scores }) {
      for await (const { layer } of scores) yield `- ${layer}`;
    },
  };
  return { ...actual, reportFormats: [...actual.reportFormats, markdown] };
});

it('is chosen by its flag and by its extension as soon as it is in the list', () => {
  expect(flaggedFormats.map(({ name }) => name)).toContain('markdown');
  expect(chooseFormat({ markdown: true }, undefined).name).toBe('markdown');
  expect(chooseFormat({}, 'scores.md').name).toBe('markdown');
});
