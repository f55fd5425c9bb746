import { afterEach, expect, it, vi } from 'vitest';

const homedir = vi.hoisted(() => vi.fn());
vi.mock('node:os', async (original) => ({ ...(await original<object>()), homedir }));

const { hubSettingsFromEnvironment } = await import('./hub/settings.js');
const { absolute } = await import('./allowed-path.js');

afterEach(() => vi.resetAllMocks());

it('is the root of the file system for a user id without an account', () => {
  homedir.mockImplementation(() => {
    throw new Error('uv_os_homedir returned ENOENT');
  });
  expect(hubSettingsFromEnvironment({}).cacheFolder).toBe('/.cache/huggingface/hub');
  expect(absolute('~/model')).toBe('/model');
});

it('is that of the account where HOME is not set', () => {
  homedir.mockReturnValue('/home/ada');
  expect(hubSettingsFromEnvironment({}).cacheFolder).toBe('/home/ada/.cache/huggingface/hub');
});
