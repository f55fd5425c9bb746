import { debugFlag, type Flags, type Syntax } from '../arguments.js';

const network = 'Network';
const storage = 'Storage';

const flags = {
  port: {
    value: 'N',
    integer: true,
    standard: '8080',
    group: network,
    help: 'port of the API; 0 takes a free one',
  },
  host: {
    value: 'HOST',
    standard: '127.0.0.1',
    group: network,
    help: 'address the API listens on; beyond this machine it needs an API key first (layersense keys create)',
  },
  'data-folder': {
    value: 'DIR',
    standard: './.layersense',
    group: storage,
    help: 'where the bundled PostgreSQL keeps its data; not used when DATABASE_URL is set',
  },
  'model-root': {
    value: 'DIR',
    repeatable: true,
    group: storage,
    help: 'folder whose models and datasets requests may name by path; without one, only the Hub',
  },
  debug: debugFlag,
} as const satisfies Flags;

export type ServeFlags = typeof flags;

export const serveSyntax: Syntax<ServeFlags> = {
  command: 'serve',
  summary:
    'Run the service: the HTTP API, one worker and a bundled PostgreSQL, in one process with nothing to install. SIGINT or SIGTERM stops all of it; a job in hand goes back to the queue.',
  operands: [],
  flags,
  examples: [
    {
      line: 'layersense serve --model-root ./demo',
      what: 'requests may name models and datasets below ./demo',
    },
    {
      line: 'DATABASE_URL=postgres://… QUEUE_URL=redis://… layersense serve --port 9000',
      what: 'your own PostgreSQL and Redis',
    },
  ],
};
