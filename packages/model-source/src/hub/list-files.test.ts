import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listFiles } from './list-files.js';
import { repositoryAt } from './repository.js';
import type { HubContext } from './request.js';
import { hubSettingsFromEnvironment } from './settings.js';

/** A Hub that lists one file. */
let hub: Server;
let path = '';
beforeAll(async () => {
  hub = createServer((_request, response) => {
    const entry = { type: 'file', path, size: 1, oid: '0'.repeat(40) };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([entry]));
  });
  await new Promise<void>((listening) => hub.listen(0, '127.0.0.1', listening));
});
afterAll(() => hub.close());

const list = () => {
  const endpoint = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  const context: HubContext = {
    settings: hubSettingsFromEnvironment({ HF_ENDPOINT: endpoint }),
    repository: repositoryAt('model', 'org/name'),
    signal: undefined,
  };
  return listFiles(context, 'f'.repeat(40));
};

it('takes names that stay in the folder', async () => {
  path = 'onnx/model.onnx';
  expect((await list()).map(({ name }) => name)).toEqual(['onnx/model.onnx']);
});

it.each([
  '../config.json',
  'a/../../b',
  '/etc/passwd',
  'a//b',
  './a',
  '..',
  'a\\..\\b',
  'a\0b',
  '',
])('refuses a Hub that lists %j', async (name) => {
  path = name;
  await expect(list()).rejects.toMatchObject({ name: 'LayersenseError' });
});
