import { scopes } from '@layersense/contracts';
import { debugFlag, type Flags, type Syntax } from '../arguments.js';

const storage = {
  'data-folder': {
    value: 'DIR',
    standard: './.layersense',
    group: 'Storage',
    help: 'of layersense serve: where its PostgreSQL keeps its data; not used when DATABASE_URL is set',
  },
  debug: debugFlag,
} as const satisfies Flags;

const createFlags = {
  scope: {
    value: 'SCOPE',
    choices: scopes,
    repeatable: true,
    group: 'Key',
    standard: 'jobs:read, jobs:write and scores:read',
    help: 'what the key may do',
  },
  'expires-in': {
    value: 'DAYS',
    integer: true,
    group: 'Key',
    help: 'days until it stops working; never by default',
  },
  ...storage,
} as const satisfies Flags;

export const createKeySyntax: Syntax<typeof createFlags> = {
  command: 'keys create',
  summary:
    'Make an API key and show it, once: only its hash is stored. From the first key on, every request needs one.',
  operands: [{ name: 'NAME', help: 'who or what it is for' }],
  flags: createFlags,
  examples: [
    { line: 'layersense keys create ci --expires-in 90', what: 'submits jobs and reads scores' },
    {
      line: 'layersense keys create prometheus --scope metrics:read',
      what: 'reads /metrics and nothing else',
    },
  ],
};

export const listKeysSyntax: Syntax<typeof storage> = {
  command: 'keys list',
  summary: 'Show the API keys, newest first, without their secrets.',
  operands: [],
  flags: storage,
  examples: [],
};

export const revokeKeySyntax: Syntax<typeof storage> = {
  command: 'keys revoke',
  summary: 'Make an API key stop working, for good and within seconds.',
  operands: [{ name: 'PREFIX', help: 'what keys list shows, for example ls_4fGh2KpQ' }],
  flags: storage,
  examples: [],
};
