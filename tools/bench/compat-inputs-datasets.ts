import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository.js';
import { LFS_POINTER, ROWS, smallLlama, writeCheckpoint } from './compat-checkpoint.js';
import type { WriteInput } from './compat-inputs.js';

const [first = '', second = ''] = ROWS;
const BYTE_ORDER_MARK = '\uFEFF';

const tokenFiles: Readonly<Record<string, string | Buffer>> = {
  'rows-as-they-are.jsonl': `${first}\n${second}\n`,
  'rows-bom-crlf-blank-lines.jsonl': `${BYTE_ORDER_MARK}${first}\r\n\r\n  \r\n${second}`,
  'rows-nul-line.jsonl': `${first}\n\0\n${second}\n`,
  'rows-utf-16.jsonl': Buffer.from(`${BYTE_ORDER_MARK}${first}\n${second}\n`, 'utf16le'),
  'rows-arrays.jsonl': '[39, 13]\n',
  'rows-pretty.jsonl': JSON.stringify(JSON.parse(first), undefined, 2),
  'rows-nested.jsonl': '{"input_ids": [[39, 13]]}\n',
  'rows-negative-id.jsonl': '{"input_ids": [39, -1]}\n',
  'rows-huge-id.jsonl': '{"input_ids": [39, 1e12]}\n',
  'rows-id-64-of-64.jsonl': '{"input_ids": [39, 64]}\n',
  'rows-one-too-short.jsonl': `${first}\n{"input_ids": [5]}\n`,
  'rows-with-an-id.jsonl': first.replace('{', '{"id": 7, '),
  'rows-lfs-pointer.jsonl': LFS_POINTER,
};

const textFiles: Readonly<Record<string, string | Buffer>> = {
  'rows-bom-crlf.jsonl': `${BYTE_ORDER_MARK}{"text": "What is 3 + 4?"}\r\n{"text": "7"}\r\n`,
  'rows-as-they-are.jsonl': '{"text": "What is 3 + 4?"}\n{"text": "7"}\n',
  'rows-latin-1.jsonl': Buffer.from('{"text": "Wie gro\xdf ist 3 + 4?"}\n', 'latin1'),
  'rows-lone-surrogate.jsonl': '{"text": "What is \\ud83d 3 + 4?"}\n',
  'rows-empty-text.jsonl': '{"text": ""}\n{"text": "What is 3 + 4?"}\n',
};

/** Datasets, each on a model that is as it should be. */
export const datasetInputs: Readonly<Record<string, WriteInput>> = {
  'datasets-of-tokens': (folder) => {
    writeCheckpoint(folder, smallLlama());
    rmSync(join(folder, 'rows.jsonl'));
    writeAll(folder, tokenFiles);
  },
  'datasets-of-texts': (folder) => {
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) {
      copyFileSync(join(root, 'demo/model', name), join(folder, name));
    }
    writeAll(folder, textFiles);
  },
};

function writeAll(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
