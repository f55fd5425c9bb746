import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from './load-tokenizer.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-tokenizer-process-'));
});
afterAll(() => rm(folder, { recursive: true }));

const words = { type: 'WordLevel', vocab: { '[UNK]': 0, a: 1 }, unk_token: '[UNK]' };
const messages = [{ role: 'user', content: 'a' }] as const;

async function load(definition: object, template: string, limitMs?: number) {
  const files = {
    'tokenizer.json': join(folder, 'tokenizer.json'),
    'chat_template.jinja': join(folder, 'chat_template.jinja'),
  };
  await writeFile(files['tokenizer.json'], JSON.stringify({ version: '1.0', ...definition }));
  await writeFile(files['chat_template.jinja'], template);
  return loadTokenizer(files, limitMs);
}

describe('a tokenizer that never answers', () => {
  const endless =
    '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}';

  it('is ended when the time is up, while this process goes on', async () => {
    const tokenizer = await load({ model: words }, endless, 1500);
    const rendered = tokenizer.renderChat(messages);
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 20);
    await expect(rendered).rejects.toMatchObject({
      code: 'tokenizer_invalid',
      message: expect.stringContaining('it was not done after 1.5 s'),
    });
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
    await expect(tokenizer.encode('a')).rejects.toThrow('it was not done');
    await tokenizer.close();
  });

  it('fails the calls under way when it is closed', async () => {
    const tokenizer = await load({ model: words }, endless);
    const rendered = tokenizer.renderChat(messages);
    await sleep(50);
    await Promise.all([
      expect(rendered).rejects.toThrow('The tokenizer is closed'),
      tokenizer.close(),
    ]);
  });
});

describe('many texts', () => {
  it('are answered in order, whatever batches they travel in', async () => {
    const tokenizer = await load({ model: words, pre_tokenizer: { type: 'Whitespace' } }, '');
    const texts = Array.from({ length: 500 }, (_, i) => 'a '.repeat(i % 7));
    const all = await Promise.all(texts.map((text) => tokenizer.encode(text)));
    expect(all.map(({ length }) => length)).toEqual(texts.map((_, i) => i % 7));
    const long = await tokenizer.encode('a '.repeat(200_000));
    expect(long).toHaveLength(200_000);
    await tokenizer.close();
  });
});
