import { createReadStream } from 'node:fs';
import { LayersenseError } from '@layersense/contracts';

export interface Line {
  readonly text: string;
  /** Counts from 1. */
  readonly number: number;
}

/** One example is a few kilobytes; a longer line means that the file is not what it claims to be. */
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;

/**
 * The lines of a UTF-8 file, one at a time; a leading byte order mark and CRLF endings are removed.
 * Not `node:readline`: that one also splits at U+2028 and U+2029, which JSON strings may contain.
 *
 * @throws LayersenseError `dataset_malformed` on bytes that are not UTF-8 and on lines of more than
 *   64 Mi characters
 */
export async function* readLines(file: string): AsyncGenerator<Line> {
  let number = 0;
  let pending = '';
  for await (const text of decodeUtf8(file, () => number + 1)) {
    const parts = (pending + text).split('\n');
    pending = parts.pop() ?? '';
    if (pending.length > MAX_LINE_CHARACTERS) throw tooLong(file, number + parts.length + 1);
    for (const part of parts) {
      number += 1;
      yield { text: part.endsWith('\r') ? part.slice(0, -1) : part, number };
    }
  }
  if (pending !== '') yield { text: pending, number: number + 1 };
}

async function* decodeUtf8(file: string, line: () => number): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      yield decoder.decode(bytes, { stream: true });
    }
    yield decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new LayersenseError(
      'dataset_malformed',
      `${file} is not UTF-8 text (the damage is at or after line ${line()}). Save it as UTF-8.`,
      { file, line: line() },
      { cause },
    );
  }
}

function tooLong(file: string, line: number): LayersenseError {
  return new LayersenseError(
    'dataset_malformed',
    `${file}, line ${line} is longer than ${MAX_LINE_CHARACTERS} characters. Write one example per line.`,
    { file, line },
  );
}
