import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import type { RawExample } from '../raw-example.js';
import { type ReadOptions, readExamples } from './read-examples.js';
import type { Targets } from './targets.js';

const folder = mkdtempSync(join(tmpdir(), 'layersense-columns-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'rows.jsonl');

function read(rows: readonly unknown[], options?: ReadOptions): Promise<RawExample[]> {
  const line = (row: unknown) => (typeof row === 'string' ? row : JSON.stringify(row));
  writeFileSync(path, rows.map(line).join('\n'));
  return Readable.from(readExamples({ files: [path] }, options)).toArray();
}

async function refusal(row: object, options?: ReadOptions) {
  const refused = read([{ input_ids: [1, 2, 3], id: 'x' }, row], options);
  const error = await refused.then(
    () => undefined,
    (thrown) => thrown,
  );
  return { code: error?.code, line: error?.context?.line, message: String(error?.message) };
}

const masked: Targets = { kind: 'masked-tokens', choose: (_, eligible) => eligible };
const unlabelled: Targets = { kind: 'class' };
const left = { support: { leftPadding: true } };
const input_ids = [5, 6, 7, 8, 9];

describe('attention_mask', () => {
  it.each([
    ['padding on the right', [1, 1, 1, 0, 0], [5, 6, 7]],
    ['padding on the left', [0, 0, 1, 1, 1], [7, 8, 9]],
    ['padding on both sides', [0, 1, 1, 1, 0], [6, 7, 8]],
    ['none', [1, 1, 1, 1, 1], input_ids],
    ['truth values', [true, true, false, false, false], [5, 6]],
  ])('cuts %s', async (_, attention_mask, left_over) => {
    const examples = await read([{ input_ids, attention_mask }], left);
    expect(examples).toEqual([{ kind: 'tokens', inputIds: left_over }]);
  });

  it('takes null for none', async () => {
    expect(await read([{ input_ids, attention_mask: null, labels: null }])).toEqual([
      { kind: 'tokens', inputIds: input_ids },
    ]);
  });

  it('cuts labels and segments alongside', async () => {
    const row = { input_ids, attention_mask: [1, 1, 1, 0, 0], labels: [-100, -100, 4, -100, -100] };
    expect(await read([row])).toEqual([
      { kind: 'tokens', inputIds: [5, 6, 7], targets: [-100, -100, 4] },
    ]);
    const token_type_ids = [0, 1, 1, 0, 0];
    expect(await read([{ ...row, token_type_ids }], { targets: masked })).toEqual([
      { kind: 'tokens', inputIds: [5, 6, 7], segments: [0, 1, 1], targets: [-100, -100, 4] },
    ]);
  });

  it('leaves the class of a sequence alone', async () => {
    const targets: Targets = { kind: 'class', labels: { count: 9, ids: new Map() } };
    const row = { input_ids, attention_mask: [1, 0, 0, 0, 0], label: 7 };
    expect(await read([row], { targets })).toEqual([
      { kind: 'tokens', inputIds: [5], targets: [7] },
    ]);
  });

  it('is read from Parquet, of integers and of truth values', async () => {
    const list = (name: string, type: 'INT64' | 'BOOLEAN') =>
      [
        { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'OPTIONAL', type },
      ] as const;
    const write = (mask: unknown[], type: 'INT64' | 'BOOLEAN') => {
      const file = join(folder, `${type}.parquet`);
      const columnData = [
        { name: 'input_ids', data: [[5n, 6n, 7n]] },
        { name: 'attention_mask', data: [mask] },
        { name: 'labels', data: [[-100n, 6n, -100n]] },
      ];
      const lists = [
        list('input_ids', 'INT64'),
        list('attention_mask', type),
        list('labels', 'INT64'),
      ];
      const schema = [{ name: 'root', num_children: 3 }, ...lists.flat()];
      writeFileSync(file, new Uint8Array(parquetWriteBuffer({ columnData, schema })));
      return Readable.from(readExamples({ files: [file] })).toArray();
    };
    const expected = [{ kind: 'tokens', inputIds: [5, 6], targets: [-100, 6] }];
    expect(await write([1n, 1n, 0n], 'INT64')).toEqual(expected);
    expect(await write([true, true, false], 'BOOLEAN')).toEqual(expected);
  });

  it.each([
    ['a hole', [1, 0, 1, 1, 1], '"attention_mask"[1] is 0 between tokens'],
    ['another length', [1, 1, 1], '"attention_mask" has 3 elements for 5 "input_ids"'],
    ['other numbers', [1, 1, 2, 0, 0], '"attention_mask"[2] is the number 2; expected 0 or 1'],
    ['null', [1, 1, null, 0, 0], '"attention_mask"[2] is null'],
    ['rows of a matrix', [[1], [1], [1], [1], [1]], '"attention_mask"[0] is an array'],
    ['no token', [0, 0, 0, 0, 0], '"attention_mask" is 0 everywhere'],
    ['a number', 1, '"attention_mask" has the number 1 for 5 "input_ids"'],
    ['padding on the left of counted positions', [0, 1, 1, 1, 1], 'counts positions from there'],
  ])('is refused with %s', async (_, attention_mask, problem) => {
    const { code, line, message } = await refusal({ input_ids, attention_mask });
    expect({ code, line }).toEqual({ code: 'dataset_malformed', line: 2 });
    expect(message).toContain(`${path}, line 2: `);
    expect(message).toContain(problem);
  });

  it.each([
    ['after the tokens', [1, 1, 1, 0, 0], [5, 6, 7, 0, 0], '"labels"[3] is 0 where'],
    ['before them', [0, 0, 1, 1, 1], [1, -100, -100, 8, 9], '"labels"[0] is 1 where'],
    [
      'that predicts',
      [0, 0, 1, 1, 1],
      [-100, -100, 7, 8, 9],
      '"labels"[2] is 7, which only padding',
    ],
  ])('is refused with labels at the padding %s', async (_, attention_mask, labels, problem) => {
    const { code, message } = await refusal({ input_ids, attention_mask, labels }, left);
    expect(code).toBe('label_invalid');
    expect(message).toContain(problem);
  });
});

describe('padding that is not cut', () => {
  const row = (pad: number) => ({
    input_ids: [5, 6, pad, pad],
    attention_mask: [1, 1, 0, 0],
  });
  const reading = (padId: number | undefined) => ({
    targets: unlabelled,
    support: { lastToken: { padId } },
  });

  it('is what a classifier that looks for its own padding would read', async () => {
    expect(await read([row(9)], reading(9))).toEqual([{ kind: 'tokens', inputIds: [5, 6] }]);
    await expect(read([row(0)], reading(9))).rejects.toThrow(
      'Pad with 9, or leave the padding out',
    );
    await expect(read([row(0)], reading(undefined))).rejects.toThrow('which it has not');
    const left = { input_ids: [0, 5, 6], attention_mask: [0, 1, 1] };
    const options = { ...reading(9), support: { lastToken: { padId: 9 }, leftPadding: true } };
    expect(await read([left], options)).toEqual([{ kind: 'tokens', inputIds: [5, 6] }]);
  });

  it('is what changes positions that depend on the length', async () => {
    const lengthGroup = (length: number) => (length > 3 ? 'long' : 'short');
    const options = { support: { lengthGroup } };
    await expect(read([row(0)], options)).rejects.toThrow('depend on the length of a row');
    const short = { input_ids: [5, 6, 0], attention_mask: [1, 1, 0] };
    expect(await read([short], options)).toEqual([{ kind: 'tokens', inputIds: [5, 6] }]);
  });
});

describe('labels of next tokens', () => {
  it('are read beside the tokens', async () => {
    const labels = [-100, -100, 7, 3, -100];
    expect(await read([{ input_ids, labels }])).toEqual([
      { kind: 'tokens', inputIds: input_ids, targets: labels },
    ]);
  });

  it.each([
    ['of another length', [1, 2], '"labels" has 2 elements for 5 "input_ids"'],
    ['that are one number', 1, '"labels" has the number 1'],
    ['below zero', [1, 2, -1, 4, 5], '"labels"[2] is the number -1'],
    ['between two', [1, 2, 3, 4.5, 5], '"labels"[3] is the number 4.5'],
    ['beyond int32', [1, 2, 3, 4, 4294967301], '"labels"[4] is the number 4294967301'],
    ['that are strings', [1, 2, 3, 4, '5'], '"labels"[4] is the string 5'],
    ['without any', [-100, -100, -100, -100, -100], 'at least one token must be predicted'],
    ['of the first token alone', [5, -100, -100, -100, -100], 'only the first of "labels"'],
  ])('are refused %s', async (_, labels, problem) => {
    const { code, line, message } = await refusal({ input_ids, labels });
    expect({ code, line }).toEqual({ code: 'label_invalid', line: 2 });
    expect(message).toContain(problem);
  });
});

describe('what belongs to tokens', () => {
  it.each(['attention_mask', 'labels'])('is refused beside a text: %s', async (column) => {
    const rows = [{ text: 'a b c', [column]: [1, 1, 1] }];
    await expect(read(rows)).rejects.toThrow(`"${column}" has an element for every token`);
    await expect(read(rows, { targets: masked })).rejects.toThrow('stands beside a "text"');
  });

  it('is refused beside a text: token_type_ids; and text_pair beside tokens', async () => {
    const segments = [{ text: 'a', token_type_ids: [0] }];
    await expect(read(segments, { targets: unlabelled })).rejects.toThrow('stands beside a "text"');
    const pair = [{ input_ids, text_pair: 'b' }];
    await expect(read(pair, { targets: unlabelled })).rejects.toThrow('stands beside "input_ids"');
  });

  it('is refused where a model without segments gets some', async () => {
    const options = { targets: unlabelled, support: { segments: false } };
    const zeros = { input_ids, token_type_ids: [0, 0, 0, 0, 0] };
    expect(await read([zeros], options)).toHaveLength(1);
    const some = { input_ids, token_type_ids: [0, 0, 0, 1, 1] };
    await expect(read([some], options)).rejects.toThrow('takes no "token_type_ids"');
  });
});

describe('keys that are not read', () => {
  it('are named once, in the order found', async () => {
    const unread = new Set<string>();
    const rows = [
      { id: 1, text: 'a', meta: { source: 'x' } },
      { text: 'b', id: 2, label: 3, messages: [] },
      '{"text": "c", "a\\u0000b": 1, "\\ud800": 2, "__proto__": 3, "constructor": 4}',
    ];
    expect(await read(rows, { unread })).toHaveLength(3);
    const odd = ['a\uFFFDb', '\uFFFD', '__proto__', 'constructor'];
    expect([...unread]).toEqual(['id', 'meta', 'label', 'messages', ...odd]);
  });

  it('are fifty at most', async () => {
    const unread = new Set<string>();
    await read(
      [Object.fromEntries([['text', 'a'], ...Array.from({ length: 99 }, (_, i) => [i, i])])],
      {
        unread,
      },
    );
    expect(unread.size).toBe(50);
  });

  it('are the other columns of a Parquet file', async () => {
    const file = join(folder, 'other.parquet');
    const columnData = [
      { name: 'source', data: ['x', 'y'], type: 'STRING' as const },
      { name: 'text', data: ['a', 'b'], type: 'STRING' as const },
    ];
    writeFileSync(file, new Uint8Array(parquetWriteBuffer({ columnData })));
    const unread = new Set<string>();
    const examples = readExamples({ files: [file] }, { unread });
    expect(await Readable.from(examples).toArray()).toHaveLength(2);
    expect([...unread]).toEqual(['source']);
  });

  it('do not count in a named set, nor the class where none is needed', async () => {
    const unread = new Set<string>();
    const options = { unread, targets: unlabelled };
    await read([{ text: 'a', label: 1, text_pair: 'b' }], options);
    writeFileSync(path, JSON.stringify({ question: 'a', answer: 'b', id: 1 }));
    await Readable.from(readExamples({ files: [path], name: 'gsm8k' }, options)).toArray();
    expect([...unread]).toEqual([]);
  });

  it.each([
    ['inputs_ids', 'input_ids'],
    ['input_id', 'input_ids'],
    ['InputIds', 'input_ids'],
    ['attention_masks', 'attention_mask'],
    ['attention-mask', 'attention_mask'],
    ['atention_mask', 'attention_mask'],
    ['lables', 'labels'],
    ['label_ids', 'labels'],
    ['attn_mask', 'attention_mask'],
    ['mask', 'attention_mask'],
  ])('are refused where they look like one that is: %s', async (key, name) => {
    const row = name === 'input_ids' ? { text: 'a' } : { input_ids };
    writeFileSync(path, JSON.stringify({ ...row, [key]: [1, 1, 1, 1, 1] }));
    const examples = Readable.from(readExamples({ files: [path] })).toArray();
    await expect(examples).rejects.toThrow(
      `line 1: "${key}" is not read, and looks like "${name}"`,
    );
  });

  it('may look like one that the row has', async () => {
    const unread = new Set<string>();
    await read([{ input_ids, labels: input_ids, label_ids: 1, next: 2, test: 3 }], { unread });
    expect([...unread]).toEqual(['label_ids', 'next', 'test']);
  });

  it.each([
    ['position_ids', [0, 1, 2, 3, 4], 'counted from the first token'],
    ['completion_mask', [0, 0, 1, 1, 1], 'Write what it says into "labels"'],
    ['loss_mask', [0, 0, 1, 1, 1], '-100 where nothing is to be predicted'],
    ['assistant_masks', [0, 0, 1, 1, 1], '"labels"'],
    ['seq_lengths', [2, 3], 'Give every sequence a row of its own'],
    ['token_type_ids', [0, 0, 0, 0, 0], 'has no segments'],
    ['text_pair', 'b', 'reads one text'],
  ])('are refused where they would change what is computed: %s', async (key, value, problem) => {
    const { code, message } = await refusal({ input_ids, [key]: value });
    expect(code).toBe('dataset_malformed');
    expect(message).toContain(`"${key}" is not supported.`);
    expect(message).toContain(problem);
    expect(await read([{ input_ids, [key]: null }])).toHaveLength(1);
  });

  it('are refused of a classifier where they are its class by another name', async () => {
    const { message } = await refusal({ input_ids, labels: 1 }, { targets: unlabelled });
    expect(message).toContain('takes the class of a row, in "label"');
  });

  it('are named where a row has nothing else', async () => {
    const rows = [{ prompt: 'a', completion: 'b' }];
    await expect(read(rows)).rejects.toThrow('found neither among "prompt", "completion"');
  });
});
