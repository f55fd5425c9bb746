import { relative } from 'node:path';
import { demoFolder } from './demo-files.js';
import type { DemoScores } from './demo-report.js';

interface Surroundings {
  readonly scores: DemoScores;
  /** Where the service goes on answering; absent when it ends now. */
  readonly url: string | undefined;
  readonly log: string;
}

/** The way on from the demo's report. */
export function whereToLook({ scores, url, log }: Surroundings): string {
  const { run } = scores.arithmetic;
  const query = new URLSearchParams({ run_id: run.id, sort: '-value', top: '5' });
  const folder = relative(process.cwd(), demoFolder) || '.';
  const service = url
    ? [
        `The service goes on until Ctrl-C, with its log in ${log}:`,
        `  ${url}/docs`,
        `  curl -s '${url}/scores?${query}'`,
      ]
    : [
        'The service stops now and leaves nothing behind. To look around in it:',
        '  npx layersense demo --keep',
      ];
  return [
    'Where to look next',
    '',
    ...service,
    '',
    'The same scores without a service:',
    `  npx layersense score ${folder}/model --dataset ${folder}/datasets/arithmetic.jsonl --json`,
    '',
    'What the scores are: docs/maths.md. Your own model: README.md, "Use".',
    '',
  ].join('\n');
}
