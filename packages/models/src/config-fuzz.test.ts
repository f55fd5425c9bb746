import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { LayersenseError } from '@layersense/contracts';
import { type ElementType, GraphBuilder, type TensorRef } from '@layersense/onnx-ir';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildForward, listParameters, parseModel } from './index.js';
import { graphOf } from './test-support/any-tensors.js';

/** Random damages of every fixture; one more case sets each of its numbers to each absurd size. */
const CASES = 80;
const SEED = 20_240_609;
/** Several times what the largest fixture needs: a size in the file must not make the graph. */
const MAX_NODES = 2000;
/** For a step that never ends, which nothing else could stop. No case takes a thousandth of it. */
const HANGS_AFTER_MS = 300_000;

const checkpoints = fileURLToPath(new URL('../../testing/fixtures/checkpoints', import.meta.url));

type Json = Record<string, unknown>;

/** mulberry32, so that a failing case can be run again from its number. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const ABSURD = [1e9, 1e12, 2 ** 53, 1e308, 2 ** 31, 65_537];

const HOSTILE: readonly unknown[] = [
  ...ABSURD,
  ...[0, -1, 1, 2, 3, 0.5, 1e-300, null, true, false, '', 'silu', 'gelu_new', 'llama', '__proto__'],
  ...[[], {}, [1], [-1], Array(100).fill('full_attention'), { rope_type: 'yarn', factor: 1e12 }],
  JSON.parse('{"__proto__": {"polluted": true}}'),
];

function objectsIn(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(objectsIn)];
}

function damage(config: Json, random: (below: number) => number): Json {
  const root = structuredClone(config);
  for (let round = random(3); round >= 0; round--) {
    const objects = objectsIn(root);
    const target = objects[random(4) === 0 ? random(objects.length) : 0] ?? root;
    const keys = Object.keys(target);
    const key = keys[random(keys.length)] ?? 'hidden_size';
    if (random(6) === 0) delete target[key];
    else target[key] = structuredClone(HOSTILE[random(HOSTILE.length)]);
  }
  return root;
}

/** Every number of a configuration replaced by every absurd size, one at a time. */
function absurdSizes(config: Json): Json[] {
  return objectsIn(config).flatMap((_, which) =>
    Object.entries(objectsIn(config)[which] ?? {}).flatMap(([key, value]) =>
      typeof value !== 'number'
        ? []
        : ABSURD.map((size) => {
            const copy = structuredClone(config);
            const target = objectsIn(copy)[which];
            if (target) target[key] = size;
            return copy;
          }),
    ),
  );
}

/** Heads that do not divide what they are to divide, with tensors that fit all the same. */
const UNEVEN: readonly Json[] = [
  { num_attention_heads: 3, n_head: 3 },
  { num_attention_heads: 4, num_key_value_heads: 3 },
  { num_attention_heads: 2, num_key_value_heads: 4 },
  { head_dim: 5 },
  { head_dim: 1 },
  { partial_rotary_factor: 0.3, rope_parameters: { partial_rotary_factor: 0.3 } },
  { num_experts_per_tok: 99 },
];

const dtypes: Readonly<Record<string, ElementType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** The tensors of a fixture, of all its shards; where they lie is of no matter here. */
function tensorsOf(folder: string): ReadonlyMap<string, TensorRef> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.safetensors'));
  const entries = files.flatMap((file) => {
    const bytes = readFileSync(join(folder, file));
    const header = bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE()));
    return Object.entries(JSON.parse(header) as Json);
  });
  return new Map(
    entries.flatMap(([name, value]) => {
      const { dtype, shape } = value as { dtype: string; shape: number[] };
      const type = dtypes[dtype];
      return type ? [[name, { file: '', offset: 0, length: 0, dtype: type, shape }] as const] : [];
    }),
  );
}

/** Values of a graph that ONNX Runtime would refuse or, worse, compute something with. */
function fractionalShapes(g: GraphBuilder): readonly string[] {
  return [...g.values.values()]
    .filter(({ shape }) => !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    .map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
}

// No spy of Vitest: it would keep every node of every case.
const { append } = GraphBuilder.prototype;
beforeAll(() => {
  GraphBuilder.prototype.append = function (node) {
    if (this.nodes.length === MAX_NODES) throw new Error(`a graph of more than ${MAX_NODES} nodes`);
    return append.call(this, node);
  };
});
afterAll(() => {
  GraphBuilder.prototype.append = append;
});

/** @param build the graph of a case */
function outcomeOf(build: () => GraphBuilder): string {
  const body = () => fractionalShapes(build());
  try {
    const timeout = HANGS_AFTER_MS;
    const [wrong]: readonly string[] = vm.runInNewContext('body()', { body }, { timeout });
    return wrong === undefined ? 'usable' : `fractional: ${wrong}`;
  } catch (error) {
    if (error instanceof LayersenseError && error.code !== 'internal') return error.code;
    throw error;
  }
}

/** The keys that were damaged, for the message of a failure. */
function differences(before: Json, after: Json): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (config: Json, key: string) => JSON.stringify(config[key]) ?? 'nothing';
  const damaged = keys.filter((key) => text(before, key) !== text(after, key));
  return damaged.map((key) => `${key}: ${text(after, key)}`).join(', ');
}

const names = readdirSync(checkpoints);
expect(names.length).toBeGreaterThan(0);

describe.each(names)('a damaged config.json of %s', (name) => {
  const folder = join(checkpoints, name);
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Json;
  const tensors = tensorsOf(folder);

  it('is usable, or refused with a code', () => {
    const random = Array.from({ length: CASES }, (_, i) => damage(config, generator(SEED + i)));
    const outcomes = [...random, ...absurdSizes(config)].map((damaged) => {
      try {
        return outcomeOf(() => {
          const model = parseModel(damaged);
          listParameters(model, tensors);
          return buildForward(model, tensors, { batch: 1, length: 2 }).builder;
        });
      } catch (cause) {
        throw new Error(differences(config, damaged), { cause });
      }
    });
    expect(outcomes.filter((outcome) => outcome.startsWith('fractional'))).toEqual([]);
    // Both ends must be reached, or the damage is too weak or too strong to test anything.
    expect(outcomes.filter((outcome) => outcome === 'usable').length).toBeGreaterThan(5);
    expect(outcomes.filter((outcome) => outcome !== 'usable').length).toBeGreaterThan(20);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it.each(UNEVEN)('has no fractional sizes with %j', (keys) => {
    const outcome = outcomeOf(() => graphOf({ ...config, ...keys }).g);
    expect(['usable', 'config_invalid']).toContain(outcome);
  });
});
