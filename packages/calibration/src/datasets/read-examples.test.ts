import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawExample } from '../raw-example.js';
import { readExamples } from './read-examples.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'layersense-datasets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function read(...files: string[]): Promise<RawExample[]> {
  return Readable.from(readExamples({ files })).toArray();
}

const texts = (...values: string[]) => values.map((text) => ({ kind: 'text', text }));

describe('JSON Lines', () => {
  it('reads texts and ignores other fields, blank lines, CRLF and a byte order mark', async () => {
    const path = await file(
      'texts.jsonl',
      '\uFEFF{"text": "one", "id": 7}\r\n\r\n  \n{"text": "zwei \\n ü 🙂"}\r\n{"text": ""}',
    );
    expect(await read(path)).toEqual(texts('one', 'zwei \n ü 🙂', ''));
  });

  it('keeps the line separators that JSON allows inside strings', async () => {
    const path = await file('separators.jsonl', '{"text": "a\u2028b\u2029c"}\n{"text": "d"}\n');
    expect(await read(path)).toEqual(texts('a\u2028b\u2029c', 'd'));
  });

  it('reads token ids', async () => {
    const path = await file('ids.jsonl', '{"input_ids": [0, 5, 2147483647]}\n{"input_ids": []}\n');
    expect(await read(path)).toEqual([
      { kind: 'tokens', inputIds: [0, 5, 2147483647] },
      { kind: 'tokens', inputIds: [] },
    ]);
  });

  it('joins lines and characters that are split between two reads of the file', async () => {
    const long = '🙂'.repeat(700_000);
    const path = await file('long.jsonl', `{"text": "${long}"}\n{"text": "x${long}"}\n`);
    expect(await read(path)).toEqual(texts(long, `x${long}`));
  });

  it('reads several files in their order', async () => {
    const a = await file('a.jsonl', '{"text": "a"}\n');
    const b = await file('b.jsonl', '{"text": "b"}\n');
    expect(await read(b, a)).toEqual(texts('b', 'a'));
  });

  it.each([
    ['{"text": "a"}\n\n{"text": "b"', 3, 'expected one JSON object per line'],
    ['{"text": "a"}\n["b"]', 2, 'expected a JSON object, found an array'],
    ['null', 1, 'expected a JSON object, found null'],
    ['{"text": "a"}\n{"input_ids": [1]}', 2, 'found "input_ids" where the rows before have "text"'],
    ['{"content": "a"}', 1, 'either {"text": string} or {"input_ids": [integers]}, found neither'],
    ['{"text": "a", "input_ids": [1]}', 1, 'found both'],
    ['{"text": 5}', 1, 'expected a string in "text", found the number 5'],
    ['{"text": null}', 1, 'expected a string in "text", found null'],
    ['{"input_ids": "1 2"}', 1, 'expected an array of integers in "input_ids"'],
    ['{"input_ids": [1, -1]}', 1, '"input_ids"[1] is the number -1'],
    ['{"input_ids": [1.5]}', 1, '"input_ids"[0] is the number 1.5'],
    ['{"input_ids": [1, 2, 2147483648]}', 1, '"input_ids"[2] is the number 2147483648'],
    ['{"input_ids": [null]}', 1, '"input_ids"[0] is null'],
    ['{"input_ids": [NaN]}', 1, 'expected one JSON object per line'],
  ])('refuses %j at line %i', async (content, line, problem) => {
    const path = await file('bad.jsonl', content);
    await expect(read(path)).rejects.toMatchObject({
      code: 'dataset_malformed',
      message: expect.stringContaining(`${path}, line ${line}: `),
      context: { file: path, line },
    });
    await expect(read(path)).rejects.toThrow(problem);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const path = await file(
      'latin1.jsonl',
      Buffer.from('{"text": "a"}\n{"text": "\xfc"}', 'latin1'),
    );
    await expect(read(path)).rejects.toMatchObject({ code: 'dataset_malformed' });
    await expect(read(path)).rejects.toThrow('is not UTF-8');
  });
});

describe('plain text', () => {
  it('takes paragraphs, which end at blank lines', async () => {
    const path = await file('book.txt', '\n\nA first\nparagraph.\r\n \t\r\n\n  Second.  \n\nThird');
    expect(await read(path)).toEqual(texts('A first\nparagraph.', '  Second.  ', 'Third'));
  });
});

describe('Parquet', () => {
  const write = (
    name: string,
    columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData'],
  ) => file(name, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 })));

  it('reads the text column across row groups', async () => {
    const path = await write('texts.parquet', [
      { name: 'id', data: [1, 2, 3], type: 'INT32' },
      { name: 'text', data: ['a', 'ü', 'c'], type: 'STRING' },
    ]);
    expect(await read(path)).toEqual(texts('a', 'ü', 'c'));
  });

  it('reads gzip, which needs the extra decompressors', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [{ name: 'text', data: ['packed', 'text'], type: 'STRING' }],
      codec: 'GZIP',
      compressors: { GZIP: (input) => gzipSync(input) },
    });
    expect(await read(await file('gzip.parquet', new Uint8Array(bytes)))).toEqual(
      texts('packed', 'text'),
    );
  });

  it.each([
    ['INT32', [[1, 2], [3]]],
    ['INT64', [[1n, 2n], [3n]]],
  ] as const)('reads lists of %s token ids', async (type, data) => {
    const bytes = parquetWriteBuffer({
      columnData: [{ name: 'input_ids', data: data.map((ids) => [...ids]) }],
      schema: [
        { name: 'root', num_children: 1 },
        { name: 'input_ids', repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'OPTIONAL', type },
      ],
    });
    expect(await read(await file(`${type}.parquet`, new Uint8Array(bytes)))).toEqual([
      { kind: 'tokens', inputIds: [1, 2] },
      { kind: 'tokens', inputIds: [3] },
    ]);
  });

  it('names the row of a null', async () => {
    const path = await write('nulls.parquet', [
      { name: 'text', data: ['a', 'b', null], type: 'STRING' },
    ]);
    await expect(read(path)).rejects.toThrow(`${path}, row 3: `);
  });

  it('names the columns that it found', async () => {
    const path = await write('other.parquet', [{ name: 'prompt', data: ['a'], type: 'STRING' }]);
    await expect(read(path)).rejects.toMatchObject({ code: 'dataset_malformed' });
    await expect(read(path)).rejects.toThrow('has the columns prompt; expected text or input_ids');
  });

  it('refuses a file that is no Parquet', async () => {
    const path = await file('fake.parquet', 'not a parquet file at all');
    await expect(read(path)).rejects.toMatchObject({ code: 'dataset_malformed' });
  });

  it('refuses a damaged file', async () => {
    const bytes = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: 'text', data: ['abc', 'def'], type: 'STRING' }] }),
    );
    bytes.fill(0xff, 4, 20);
    const path = await file('damaged.parquet', bytes);
    await expect(read(path)).rejects.toMatchObject({ code: 'dataset_malformed' });
  });
});

describe('files', () => {
  it('refuses a missing one, a folder and other types', async () => {
    const absent = join(folder, 'absent.jsonl');
    await expect(read(absent)).rejects.toMatchObject({ code: 'dataset_not_found' });
    await expect(read(absent)).rejects.toThrow(absent);
    await expect(read(folder)).rejects.toMatchObject({ code: 'dataset_not_found' });
    await expect(read(await file('table.csv', 'text\na\n'))).rejects.toMatchObject({
      code: 'dataset_malformed',
      message: expect.stringContaining('.jsonl, .txt, .parquet'),
    });
  });

  it('refuses a format where there is none to choose', async () => {
    const files = [await file('plain.jsonl', '{"text": "a"}')];
    await expect(
      Readable.from(readExamples({ files }, { format: 'question' })).toArray(),
    ).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

it.each(['jsonl', 'txt', 'parquet'])('says that a .%s file is a Git LFS pointer', async (type) => {
  const path = await file(
    `pointer.${type}`,
    'version https://git-lfs.github.com/spec/v1\noid sha256:c9a7a4f5b4ba8e6a\nsize 988097824\n',
  );
  await expect(read(path)).rejects.toMatchObject({
    code: 'dataset_malformed',
    message: expect.stringMatching(/Git LFS pointer.*git lfs pull/),
  });
});
