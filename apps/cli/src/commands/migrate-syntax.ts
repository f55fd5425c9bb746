import { debugFlag, type Flags, type Syntax } from '../arguments.js';

const flags = {
  wait: {
    value: 'SECONDS',
    integer: true,
    standard: '60',
    group: 'Database',
    help: 'how long to go on trying while the database does not answer; 0 tries once',
  },
  debug: debugFlag,
} as const satisfies Flags;

export const migrateSyntax: Syntax<typeof flags> = {
  command: 'migrate',
  summary:
    'Bring the database of DATABASE_URL to the schema of this release, before its API and workers start. Applying nothing is a success, and any number may run at once.',
  operands: [],
  flags,
  examples: [
    {
      line: 'DATABASE_URL=postgres://… layersense migrate --wait 120',
      what: 'ends with 0 when every migration is applied, 1 when the database stayed away or refused',
    },
  ],
};
