import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawExample } from '../raw-example.js';
import {
  type DatasetFormat,
  isNamedDataset,
  type NamedDatasetName,
  namedDatasets,
} from './named-datasets.js';
import { readExamples } from './read-examples.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-named-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function parquet(columns: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const columnData = Object.entries(columns).map(([name, data]) => ({
    name,
    data: [...data],
    type: 'STRING' as const,
  }));
  const path = join(folder, `${Object.keys(columns).join('-')}.parquet`);
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData })));
  return path;
}

const read = (
  name: NamedDatasetName,
  files: readonly string[],
  format?: DatasetFormat,
): Promise<RawExample[]> => Readable.from(readExamples({ name, files }, { format })).toArray();

describe('where the sets lie', () => {
  it('lists the files of every split', () => {
    expect(namedDatasets.gsm8k.filesOf('test')).toEqual(['main/test-*.parquet']);
    expect(namedDatasets.wikitext.filesOf('train')).toEqual(['wikitext-2-raw-v1/train-*.parquet']);
    const math = namedDatasets.math.filesOf('train');
    expect(math).toHaveLength(7);
    expect(math[0]).toBe('algebra/train-*.parquet');
  });

  it('refuses an unknown split and names the known ones', () => {
    expect(() => namedDatasets.gsm8k.filesOf('validation')).toThrow(
      'The dataset gsm8k has no split "validation"; it has train, test.',
    );
  });

  it('tells its names from others', () => {
    expect(['gsm8k', 'toString', 'data.jsonl'].map(isNamedDataset)).toEqual([true, false, false]);
  });
});

describe.each([
  ['gsm8k', 'question', 'answer'],
  ['math', 'problem', 'solution'],
] as const)('%s', (name, problem, solution) => {
  const columns = {
    level: ['Level 1', 'Level 5'],
    [problem]: ['How many?', ' What is $x$?\n'],
    [solution]: ['<<1+1=2>>2\n#### 2', '\\boxed{3}'],
  };

  it('gives the problem alone', async () => {
    const expected = columns[problem]?.map((text) => ({ kind: 'text', text }));
    const files = [await parquet(columns)];
    expect(await read(name, files)).toEqual(expected);
    expect(await read(name, files, 'question')).toEqual(expected);
  });

  it('gives problem and solution as two turns', async () => {
    expect((await read(name, [await parquet(columns)], 'question-answer'))[0]).toEqual({
      kind: 'chat',
      messages: [
        { role: 'user', content: 'How many?' },
        { role: 'assistant', content: '<<1+1=2>>2\n#### 2' },
      ],
    });
  });

  it('refuses rows without its columns', async () => {
    const files = [await parquet({ [problem]: ['How many?'] })];
    await expect(read(name, files, 'question-answer')).rejects.toThrow(
      `row 1: expected a string in "${solution}", it is absent`,
    );
  });
});

describe('wikitext', () => {
  const long = (start: string, characters: number): string => start.padEnd(characters, 'x');

  it('keeps paragraphs over 100 characters that are not headings, as they stand', async () => {
    const rows = [
      '',
      ' = Valkyria Chronicles III = \n',
      '',
      ` ${long('Senjō no Valkyria 3 : ', 101)} \n`,
      ` ${long('Exactly a hundred : ', 100)} \n`,
      ` = = ${long('Gameplay', 120)} = = \n`,
      ` = = = ${long('Story', 120)} = = = \n`,
      ` ${long('= 5 begins a formula , not a heading ', 130)} \n`,
      ` ${'𝒳'.repeat(60)} \n`,
      ` ${'𝒳'.repeat(101)} \n`,
    ];
    const kept = await read('wikitext', [await parquet({ text: rows })]);
    expect(kept).toEqual([3, 7, 9].map((i) => ({ kind: 'text', text: rows[i] })));
  });

  it('has no formats', async () => {
    const files = [await parquet({ text: ['a'] })];
    await expect(read('wikitext', files, 'question')).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

const data = fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
if (!existsSync(data)) console.warn(`SKIPPED the real sets: ${data} is absent`);
describe.skipIf(!existsSync(data))('the real sets', () => {
  it('reads every GSM8K problem', async () => {
    const files = [join(data, 'gsm8k/train.jsonl')];
    const questions = await read('gsm8k', files);
    expect(questions).toHaveLength(7473);
    expect(questions[0]).toEqual({
      kind: 'text',
      text: 'Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did Natalia sell altogether in April and May?',
    });
    expect((await read('gsm8k', files, 'question-answer')).at(-1)?.kind).toBe('chat');
  });

  it('drops the headings and short lines of WikiText-2', async () => {
    const lines = (await readFile(join(data, 'wikitext-2/valid.txt'), 'utf8')).split('\n');
    const kept = await read('wikitext', [await parquet({ text: lines })]);
    expect(kept).toHaveLength(1642);
    const texts = kept.flatMap((example) => (example.kind === 'text' ? [example.text] : []));
    expect(texts.filter((text) => text.trim().length <= 100 || /^ =.*= $/.test(text))).toEqual([]);
  });
});
