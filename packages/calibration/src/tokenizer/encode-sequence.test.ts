import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from './load-tokenizer.js';
import { tokenizerFilesIn } from './tokenizer-files.js';

const folder = fileURLToPath(new URL('../../fixtures/tokenizers/bert', import.meta.url));
const [CLS, SEP] = [2, 3];

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(await tokenizerFilesIn(folder));
});

afterAll(() => tokenizer.close());

const plain = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
const long = 'the quick brown fox jumps over the lazy dog';
const short = 'we ran';

describe('encodeSequence', () => {
  it('is the whole text where it fits, an empty one too', async () => {
    const ids = await tokenizer.encode(long);
    const segments = ids.map(() => 0);
    expect(await tokenizer.encodeSequence([long], ids.length)).toEqual({
      ids,
      segments,
      truncated: false,
    });
    expect((await tokenizer.encodeSequence([''], 5)).ids).toEqual([CLS, SEP]);
  });

  it.each([3, 7, 12])('cuts the text and keeps what is around it: %i tokens', async (length) => {
    const { ids, truncated } = await tokenizer.encodeSequence([long], length);
    expect(ids).toEqual([CLS, ...(await plain(long)).slice(0, length - 2), SEP]);
    expect(truncated).toBe(true);
  });

  it('cuts the longer of two texts, and tells them apart by their segments', async () => {
    const [a, b] = [await plain(long), await plain(short)];
    for (const [texts, cut] of [
      [[long, short], (n: number) => [a.slice(0, n), b]],
      [[short, long], (n: number) => [b, a.slice(0, n)]],
    ] as const) {
      const [first = [], second = []] = cut(b.length + 2);
      const { ids, segments } = await tokenizer.encodeSequence(
        texts,
        first.length + second.length + 3,
      );
      expect(ids).toEqual([CLS, ...first, SEP, ...second, SEP]);
      const ones = [...second, SEP].map(() => 1);
      expect(segments).toEqual([...[CLS, ...first, SEP].map(() => 0), ...ones]);
    }
  });

  it('leaves the special tokens where there is room for nothing else', async () => {
    expect((await tokenizer.encodeSequence([long, short], 2)).ids).toEqual([CLS, SEP, SEP]);
  });
});

describe('special tokens', () => {
  it('are those that tokenizer.json marks, the mask and the padding by their roles', () => {
    expect([...tokenizer.specialIds].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(tokenizer).toMatchObject({ maskId: 4, padId: 0 });
  });

  it('hold no mask where nothing says so', async () => {
    const llama = folder.replace(/bert$/, 'llama3');
    const other = await loadTokenizer(await tokenizerFilesIn(llama));
    await other.close();
    expect(other.maskId).toBeUndefined();
  });
});
