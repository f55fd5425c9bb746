import { debugFlag, type Flags, type Syntax } from '../arguments.js';
import { scoreSyntax } from '../request/request-flags.js';

const { json, csv, 'per-example': perExample, top, out } = scoreSyntax.flags;

const flags = {
  json,
  csv,
  'per-example': perExample,
  top,
  out,
  debug: debugFlag,
} as const satisfies Flags;

export const mergeSyntax: Syntax<typeof flags> = {
  command: 'merge',
  summary:
    'Join two reports over disjoint examples into the report over all of them, exactly and without a gradient.',
  operands: [
    { name: 'A.json', help: 'a report of layersense score --json --per-example' },
    { name: 'B.json', help: 'another, of the same model, loss and labels' },
  ],
  flags,
  examples: [
    {
      line: 'layersense merge first.json second.json --per-example --out both.json',
      what: 'a report that can be merged or extended again',
    },
  ],
};
