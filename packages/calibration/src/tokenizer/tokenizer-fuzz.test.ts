import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LayersenseError } from '@layersense/contracts';
import { nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenizerDied, TokenizerProcess } from './tokenizer-process.js';

/** Of each kind and fixture: 6 fixtures × 2 kinds × 200 = 2400 cases. */
const CASES = 200;
const SEED = 20_240_608;
/** For a tokenizer that never answers, of which there is none among the cases. */
const HANGS_AFTER_MS = 300_000;

const fixtures = fileURLToPath(new URL('../../fixtures/tokenizers', import.meta.url));
const names = nonEmpty(
  readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
).map(({ name }) => name);

const TEXTS = [
  '',
  "it's  a 1234th test\n",
  'naïve 你好 🙂\u0085\uFEFF',
  '<s>[CLS]<|endoftext|> x',
  'a'.repeat(64),
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'layersense-tokenizer-fuzz-'));
});
afterAll(async () => {
  await child.close();
  rmSync(folder, { recursive: true });
});

/** One for many cases; a case that ends it is refused, and the next one gets another. */
let child = new TokenizerProcess(HANGS_AFTER_MS);

type Random = (below: number) => number;

/** mulberry32, so that a failing case can be run again from its number. */
function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What stands where something else is expected. */
const HOSTILE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  2.5,
  1e9,
  1e308,
  2 ** 53,
  '',
  '__proto__',
  'constructor',
  '\uD800',
  '(a+)+$',
  '(',
  '\\p{Nope}',
  [],
  {},
  [[]],
  [null],
  [['a']],
  { type: 'Sequence' },
  { type: 'Sequence', pretokenizers: [null], normalizers: [null], processors: [null] },
  { Regex: '(a+)+$' },
  { Regex: '(a|a)*b' },
  JSON.parse('{"__proto__": {"polluted": true}}'),
  JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
];

const TYPES = [
  'BPE',
  'WordPiece',
  'Unigram',
  'WordLevel',
  'Sequence',
  'ByteLevel',
  'Split',
  'Metaspace',
  'Replace',
  'Prepend',
  'TemplateProcessing',
  'BertProcessing',
  'Precompiled',
  'NFC',
  'Digits',
];

/** Every object and array of a value, by far mostly small ones: a place to do damage is drawn from here. */
function containers(value: unknown): (unknown[] | Record<string, unknown>)[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = value as unknown[] | Record<string, unknown>;
  return [own, ...Object.values(own).flatMap(containers)];
}

function damageStructure(text: string, random: Random): string {
  const root: unknown = JSON.parse(text);
  for (let round = random(3); round >= 0; round--) {
    const all = containers(root);
    // The first third of the containers holds the settings, the rest merges and vocabularies.
    const target = all[random(2) === 0 ? random(Math.min(40, all.length)) : random(all.length)];
    if (target) damage(target, random);
  }
  return JSON.stringify(root);
}

function damage(target: unknown[] | Record<string, unknown>, random: Random): void {
  const record = target as Record<string, unknown>;
  const keys = Object.keys(record);
  const key = keys[random(keys.length)] ?? 'type';
  const hostile = structuredClone(HOSTILE[random(HOSTILE.length)]);
  const define = (name: string, value: unknown) =>
    Object.defineProperty(record, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  switch (random(6)) {
    case 0:
      delete record[key];
      break;
    case 1:
      define(key, record[keys[random(keys.length)] ?? key]);
      break;
    case 2:
      if (!Array.isArray(target))
        define(['__proto__', 'constructor', 'toString'][random(3)] ?? '', hostile);
      break;
    case 3:
      if ('type' in record) define('type', TYPES[random(TYPES.length)]);
      break;
    default:
      define(key, hostile);
  }
}

/** Mostly letters and digits, which leave the JSON whole. */
const CHARACTERS = Buffer.from('{}[],:"\\-.e0123456789abcdefghijklmnopqrstuvwxyz\0\u00ff');

function damageBytes(text: string, random: Random): Buffer {
  let bytes = Buffer.from(text);
  for (let round = random(3); round >= 0; round--) {
    const at = random(bytes.length);
    switch (random(4)) {
      case 0:
        bytes = bytes.subarray(0, random(4) === 0 ? at + 1 : bytes.length);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(64))]);
        break;
      default:
        bytes[at] = CHARACTERS[random(CHARACTERS.length)] ?? 0;
    }
    if (bytes.length === 0) bytes = Buffer.alloc(1);
  }
  return bytes;
}

type Outcome = 'works' | 'refused' | 'ends its process';

async function outcomeOf(content: string | Buffer): Promise<Outcome> {
  const path = join(folder, 'tokenizer.json');
  writeFileSync(path, content);
  try {
    await child.call('load', { 'tokenizer.json': path });
    const calls = TEXTS.map((text) => child.call('text', { text, addSpecialTokens: true }));
    for (const ids of await Promise.all(calls)) expect(ids).toBeInstanceOf(Uint32Array);
    return 'works';
  } catch (error) {
    if (error instanceof TokenizerDied && !error.message.includes('was not done after')) {
      await child.close();
      child = new TokenizerProcess(HANGS_AFTER_MS);
      return 'ends its process';
    }
    const { code } = error instanceof LayersenseError ? error : { code: undefined };
    if (code === 'tokenizer_invalid' || code === 'tokenizer_unsupported') return 'refused';
    throw error;
  }
}

const prototypes = () =>
  [Object, Array, Function, String, Map, RegExp].map(
    ({ prototype }) => Reflect.ownKeys(prototype).length,
  );

describe.each(names)('a damaged tokenizer.json of %s is refused or works', (name) => {
  const text = readFileSync(join(fixtures, name, 'tokenizer.json'), 'utf8');

  it.each([
    ['structure', damageStructure],
    ['bytes', damageBytes],
  ] as const)('%s', async (_, damageOne) => {
    const before = prototypes();
    const outcomes = { works: 0, refused: 0, 'ends its process': 0 };
    for (let number = 0; number < CASES; number++) {
      const content = damageOne(text, generator(SEED + number));
      try {
        outcomes[await outcomeOf(content)]++;
      } catch (cause) {
        throw new Error(`case ${number}`, { cause });
      }
    }
    // Both ends must be reached, or the damage is too weak or too strong to test anything.
    expect(Math.min(outcomes.works, outcomes.refused)).toBeGreaterThan(CASES / 20);
    expect(prototypes()).toEqual(before);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
