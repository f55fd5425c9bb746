import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.js';
import {
  type CalibrationOptions,
  loadCalibrationSet,
  sliceExamples,
} from './load-calibration-set.js';
import { sampleIndices } from './sample-indices.js';
import { loadTokenizer, type Tokenizer } from './tokenizer/load-tokenizer.js';
import { tokenizerFilesIn } from './tokenizer/tokenizer-files.js';

let folder: string;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-calibration-'));
  const llama3 = fileURLToPath(new URL('../fixtures/tokenizers/llama3', import.meta.url));
  await writeFile(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({
      bos_token: '<|begin_of_text|>',
      chat_template:
        '{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}<|eot_id|>{% endfor %}',
    }),
  );
  tokenizer = await loadTokenizer({
    ...(await tokenizerFilesIn(llama3)),
    'tokenizer_config.json': join(folder, 'tokenizer_config.json'),
  });
});
afterAll(async () => {
  await tokenizer.close();
  await rm(folder, { recursive: true });
});

async function jsonl(name: string, rows: readonly object[]): Promise<{ files: string[] }> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return { files: [path] };
}

const defaults = { examples: 64, maxLength: 2048, seed: 42 } satisfies CalibrationOptions;

/** Row i holds i + 2 tokens, all of them i. */
const tokenRows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ input_ids: Array<number>(i + 2).fill(i) }));

describe('sampling', () => {
  it('draws seeded rows and stores their indices in the order drawn', async () => {
    const set = await loadCalibrationSet(await jsonl('rows.jsonl', tokenRows(100)), {
      ...defaults,
      examples: 10,
    });
    expect(set.examples.map(({ index }) => index)).toEqual(sampleIndices(100, 10, 42));
    for (const { index, inputIds } of nonEmpty(set.examples)) {
      expect(inputIds).toEqual(new Int32Array(index + 2).fill(index));
    }
    expect(set).toMatchObject({ available: 100, truncated: 0, skippedAt: [] });
    expect(set.tokens).toBe(set.examples.reduce((sum, { index }) => sum + index + 2, 0));
    expect(set.fingerprint).toBe(fingerprint(set.examples));
  });

  it('slices a set into the sets of its parts', async () => {
    const source = await jsonl('rows.jsonl', tokenRows(100));
    const options = { ...defaults, examples: 20, maxLength: 40 };
    const all = await loadCalibrationSet(source, options);
    const [head, tail] = [sliceExamples(all, 0, 8), sliceExamples(all, 8)];
    expect(head).toEqual(await loadCalibrationSet(source, { ...options, examples: 8 }));
    expect([...head.examples, ...tail.examples]).toEqual(all.examples);
    expect(head.tokens + tail.tokens).toBe(all.tokens);
    expect(head.truncated + tail.truncated).toBe(all.truncated);
    expect(all.truncated).toBeGreaterThan(0);
    expect(tail.fingerprint).toBe(fingerprint(tail.examples));
  });

  it('extends 64 examples to 128', async () => {
    const source = await jsonl('many.jsonl', tokenRows(300));
    const small = await loadCalibrationSet(source, defaults);
    const large = await loadCalibrationSet(source, { ...defaults, examples: 128 });
    expect(large.examples.slice(0, 64)).toEqual(small.examples);
  });

  it('takes all there are where more are asked for', async () => {
    const set = await loadCalibrationSet(await jsonl('few.jsonl', tokenRows(5)), defaults);
    expect(set.examples).toHaveLength(5);
    expect(set.available).toBe(5);
  });

  it('replaces rows that are too short by the next ones drawn, and counts them', async () => {
    const isShort = (i: number) => i % 4 !== 0;
    const rows = Array.from({ length: 200 }, (_, i) => ({ input_ids: isShort(i) ? [i] : [i, i] }));
    const set = await loadCalibrationSet(await jsonl('short.jsonl', rows), {
      ...defaults,
      examples: 20,
    });
    const order = sampleIndices(200, 200, 42);
    const usable = order.filter((i) => !isShort(i)).slice(0, 20);
    expect(set.examples.map(({ index }) => index)).toEqual(usable);
    const skipped = order.indexOf(usable.at(-1) ?? -1) + 1 - 20;
    expect(set.skippedAt).toHaveLength(skipped);
    const [head, tail] = [sliceExamples(set, 0, 8), sliceExamples(set, 8)];
    expect(head.skippedAt.length).toBeGreaterThan(0);
    expect(head.skippedAt.length + tail.skippedAt.length).toBe(skipped);
    expect(sliceExamples(tail, 0, 12).skippedAt).toEqual(tail.skippedAt);
  });

  it('cuts off at max_length and counts how often', async () => {
    const set = await loadCalibrationSet(await jsonl('long.jsonl', tokenRows(10)), {
      ...defaults,
      maxLength: 5,
    });
    expect(set.truncated).toBe(6);
    for (const { index, inputIds } of nonEmpty(set.examples)) {
      expect(inputIds).toHaveLength(Math.min(5, index + 2));
    }
  });
});

describe('tokenising', () => {
  it('adds special tokens to plain text unless told otherwise', async () => {
    const source = await jsonl('text.jsonl', [{ text: 'Hello, world!' }]);
    const [first] = (await loadCalibrationSet(source, { ...defaults, tokenizer })).examples;
    expect([...(first?.inputIds ?? [])]).toEqual(await tokenizer.encode('Hello, world!'));
    const plain = await loadCalibrationSet(source, {
      ...defaults,
      tokenizer,
      addSpecialTokens: false,
    });
    expect(plain.examples[0]?.inputIds).toEqual(first?.inputIds.subarray(1));
  });

  it('renders question and answer through the chat template, with one beginning of text', async () => {
    const { files } = await jsonl('qa.jsonl', [{ question: '1+1?', answer: '#### 2' }]);
    const set = await loadCalibrationSet(
      { name: 'gsm8k', files },
      { ...defaults, tokenizer, format: 'question-answer' },
    );
    const text = '<|begin_of_text|>user: 1+1?<|eot_id|>assistant: #### 2<|eot_id|>';
    const expected = await tokenizer.encode(text, { addSpecialTokens: false });
    expect([...(set.examples[0]?.inputIds ?? [])]).toEqual(expected);
    expect(expected.filter((id) => id === expected[0])).toHaveLength(1);
  });

  it('refuses text without a tokenizer', async () => {
    const source = await jsonl('text.jsonl', [{ text: 'Hello' }]);
    await expect(loadCalibrationSet(source, defaults)).rejects.toMatchObject({
      code: 'tokenizer_missing',
    });
  });

  it('refuses a chat format without a template', async () => {
    const { files } = await jsonl('qa.jsonl', [{ question: '1+1?', answer: '#### 2' }]);
    const gpt2 = fileURLToPath(new URL('../fixtures/tokenizers/gpt2', import.meta.url));
    const other = await loadTokenizer(await tokenizerFilesIn(gpt2));
    const options = {
      ...defaults,
      tokenizer: other,
      format: 'question-answer' as const,
    };
    await expect(loadCalibrationSet({ name: 'gsm8k', files }, options)).rejects.toMatchObject({
      code: 'chat_template_missing',
    });
    await other.close();
  });
});

describe('nothing to use', () => {
  it('refuses an empty file', async () => {
    await expect(loadCalibrationSet(await jsonl('none.jsonl', []), defaults)).rejects.toMatchObject(
      { code: 'dataset_empty', message: expect.stringContaining('No example was found') },
    );
  });

  it('refuses a file of single tokens, with their number', async () => {
    const rows = Array.from({ length: 70 }, () => ({ input_ids: [1] }));
    await expect(
      loadCalibrationSet(await jsonl('single.jsonl', rows), defaults),
    ).rejects.toMatchObject({
      code: 'dataset_empty',
      message: expect.stringContaining('None of the 70 examples'),
      context: { available: 70 },
    });
  });
});

const gsm8k = fileURLToPath(new URL('../../../../shared/data/gsm8k/train.jsonl', import.meta.url));
if (!existsSync(gsm8k)) console.warn(`SKIPPED the real GSM8K: ${gsm8k} is absent`);
it.skipIf(!existsSync(gsm8k))('draws from the real GSM8K', async () => {
  const source = { name: 'gsm8k', files: [gsm8k] } as const;
  const set = await loadCalibrationSet(source, { ...defaults, tokenizer });
  expect(set).toMatchObject({ available: 7473, truncated: 0, skippedAt: [] });
  expect(set.examples.map(({ index }) => index)).toEqual(sampleIndices(7473, 64, 42));
});
