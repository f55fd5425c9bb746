import { type HubServer, startHubServer } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryAt } from './repository.js';
import { hubRequest } from './request.js';

let hub: HubServer;
let stranger: HubServer;
beforeAll(async () => {
  hub = await startHubServer({});
  stranger = await startHubServer({});
});
afterAll(() => Promise.all([hub.close(), stranger.close()]));

describe('hubRequest', () => {
  it('does not show the token to the address of a next page elsewhere', async () => {
    const settings = {
      endpoint: hub.endpoint,
      cacheFolder: '/none',
      offline: false,
      token: 'hf_x',
    };
    const context = { settings, repository: repositoryAt('model', 'ada/tied') };
    for (const server of [hub, stranger]) {
      await expect(hubRequest(context, `${server.endpoint}/api/models/a/b`)).rejects.toThrow();
    }
    expect(hub.requests[0]?.headers.authorization).toBe('Bearer hf_x');
    expect(stranger.requests).toHaveLength(1);
    expect(stranger.requests[0]?.headers.authorization).toBeUndefined();
  });
});
