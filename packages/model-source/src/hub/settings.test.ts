import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubSettingsFromEnvironment } from './settings.js';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'layersense-home-'));
});
afterAll(() => rm(home, { recursive: true }));

describe('hubSettingsFromEnvironment', () => {
  it('has the defaults of huggingface_hub', () => {
    expect(hubSettingsFromEnvironment({ HOME: '/home/ada' })).toEqual({
      endpoint: 'https://huggingface.co',
      cacheFolder: '/home/ada/.cache/huggingface/hub',
      token: undefined,
      offline: false,
    });
  });

  it.each([
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
    [{ HF_HOME: '~/hf' }, '/home/ada/hf/hub'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
    [{ HF_HOME: '/h', HF_HUB_CACHE: '' }, '/h/hub'],
  ])('takes the cache folder from %o', (environment, cacheFolder) => {
    const settings = hubSettingsFromEnvironment({ HOME: '/home/ada', ...environment });
    expect(settings.cacheFolder).toBe(cacheFolder);
  });

  it('takes the token from HF_TOKEN, else from the file that a login writes', async () => {
    await writeFile(join(home, 'token'), 'hf_file\n');
    expect(hubSettingsFromEnvironment({ HF_HOME: home }).token).toBe('hf_file');
    expect(hubSettingsFromEnvironment({ HF_HOME: home, HF_TOKEN: ' hf_env\n' }).token).toBe(
      'hf_env',
    );
    const elsewhere = { HF_HOME: '/none', HF_TOKEN_PATH: join(home, 'token') };
    expect(hubSettingsFromEnvironment(elsewhere).token).toBe('hf_file');
  });

  it('refuses a token or an address that no request can carry, without quoting it', () => {
    for (const bad of [
      { HF_TOKEN: 'hf_secret\nX: 1' },
      { HF_ENDPOINT: 'https://ada:secret@hub.test' },
      { HF_ENDPOINT: 'file:///secret' },
      { HF_ENDPOINT: 'secret' },
    ]) {
      const read = () => hubSettingsFromEnvironment({ HOME: '/none', ...bad });
      expect(read).toThrow(expect.objectContaining({ code: 'invalid_request' }));
      expect(read).not.toThrow(/secret/);
    }
  });

  it('understands the words that huggingface_hub takes for true', () => {
    const offline = (environment: Record<string, string>) =>
      hubSettingsFromEnvironment({ HOME: '/none', ...environment }).offline;
    expect(['1', 'ON', 'yes', 'True'].map((HF_HUB_OFFLINE) => offline({ HF_HUB_OFFLINE }))).toEqual(
      [true, true, true, true],
    );
    expect(offline({ TRANSFORMERS_OFFLINE: '1' })).toBe(true);
    expect(offline({ HF_HUB_OFFLINE: '0' })).toBe(false);
  });

  it('drops the trailing slash of the endpoint', () => {
    const settings = hubSettingsFromEnvironment({
      HOME: '/none',
      HF_ENDPOINT: 'http://hub.test/hf/',
    });
    expect(settings.endpoint).toBe('http://hub.test/hf');
  });
});
