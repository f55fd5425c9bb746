import { debugFlag, type Flags, type Syntax } from '../arguments.js';

const group = 'Options';

const flags = {
  keep: { group, help: 'leave the service running at the end, until SIGINT' },
  port: { value: 'N', integer: true, standard: '0, a free one', group, help: 'port of the API' },
  debug: debugFlag,
} as const satisfies Flags;

export type DemoFlags = typeof flags;

export const demoSyntax: Syntax<DemoFlags> = {
  command: 'demo',
  summary:
    'Start the whole service in a temporary folder, score the small model of this repository on two datasets over HTTP, and print what the scores say. It needs no network and leaves nothing behind.',
  operands: [],
  flags,
  examples: [{ line: 'layersense demo --keep', what: 'and look around in the API afterwards' }],
};
