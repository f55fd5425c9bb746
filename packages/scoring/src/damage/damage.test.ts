import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalibrationSet } from '@layersense/calibration';
import { openCheckpoint, readTensor } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import {
  elementCount,
  encodeModel,
  type Graph,
  redirectWeights,
  type TensorRef,
} from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import type { ExampleDamage } from '@layersense/sensitivity';
import { demoCheckpoint, largest, nonEmpty, parityCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DamageRequest, startDamage } from './start-damage.js';
import type { Variant } from './variant.js';
import { type WeightOverlay, writeOverlay } from './weight-overlay.js';

let scratch: string;
let compute: ComputeProcess;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-damage-'));
  compute = await startComputeProcess();
});
afterAll(async () => {
  await compute.close();
  await rm(scratch, { recursive: true });
});

/** A model, some examples of different lengths, and ways to change its weights. */
class Case {
  private constructor(
    readonly checkpoint: Awaited<ReturnType<typeof openCheckpoint>>,
    private readonly lengths: readonly number[],
  ) {}

  static async of(folder: string, lengths: readonly number[]): Promise<Case> {
    return new Case(await openCheckpoint(folder), lengths);
  }

  get model() {
    return parseModel(this.checkpoint.config);
  }

  get set(): CalibrationSet {
    const { vocabulary } = this.model;
    const examples = this.lengths.map((length, index) => ({
      index,
      truncated: false,
      inputIds: Int32Array.from(
        { length },
        (_, t) => (t * t * 31 + t * 7 + index * 977) % vocabulary,
      ),
    }));
    const tokens = this.lengths.reduce((sum, length) => sum + length, 0);
    const rest = {
      available: this.lengths.length,
      truncated: 0,
      skippedAt: [],
      unreadKeys: [],
      fingerprint: '',
    };
    return { examples, tokens, ...rest };
  }

  /** Every weight rounded to a multiple of a share of its tensor's largest one. */
  variant(name: string, tensors: readonly string[], share: number): Variant {
    const weights = tensors.map((tensor) => {
      const stored = this.stored(tensor);
      const { weightsFolder } = this.checkpoint;
      const values = async function* () {
        const w = Float32Array.from(await readTensor(weightsFolder, stored));
        const step = share * largest(w.map(Math.abs));
        yield w.map((x) => (share === 0 ? x : Math.round(x / step) * step));
      };
      return { parameter: tensor, stored, values };
    });
    return { name, weights };
  }

  stored(tensor: string): TensorRef {
    const ref = this.checkpoint.tensors.get(tensor);
    if (!ref) throw new Error(`there is no ${tensor}`);
    return ref;
  }

  async measure(
    variants: readonly Variant[],
    changes: Partial<DamageRequest> = {},
  ): Promise<readonly (readonly ExampleDamage[])[]> {
    const { model, checkpoint, set } = this;
    const running = await startDamage(
      {
        model,
        checkpoint,
        set,
        variants,
        device: 'cpu',
        threads: 1,
        params: {},
        loss: 'token-mean',
        padId: 0,
        isKnown: () => false,
        onStep: () => Promise.resolve(),
        spillFolder: undefined,
        ...changes,
      },
      new AbortController().signal,
    );
    const found: ExampleDamage[][] = variants.map(() => []);
    for await (const { variant, examples, damage } of running.run()) {
      examples.forEach((example, i) => {
        const one = damage[i];
        if (one) (found[variant] ?? [])[example] = one;
      });
    }
    await running.close();
    return found;
  }

  /** What the definitions say of logits in float64, one example at a time. */
  async expected(variant: Variant): Promise<readonly ExampleDamage[]> {
    const { checkpoint, set } = this;
    const overlay = await writeOverlay(scratch, checkpoint, variant.weights);
    const damage: ExampleDamage[] = [];
    for (const { inputIds } of set.examples) {
      const shape = { batch: 1, length: inputIds.length };
      const options = { arithmetic: 'float64' } as const;
      const { builder, logits } = buildForward(this.model, checkpoint.tensors, shape, options);
      const graph = builder.build([logits]);
      const original = await this.logits(graph, inputIds);
      const changed = await this.logits(
        redirectWeights(graph, overlay.redirect),
        inputIds,
        overlay,
      );
      damage.push(damageByDefinition(original, changed, inputIds));
    }
    await overlay.close();
    return damage;
  }

  private async logits(graph: Graph, ids: Int32Array, overlay?: WeightOverlay) {
    const { weightsFolder } = overlay ?? this.checkpoint;
    const options = { device: 'cpu', threads: 1, graphOptimization: 'disabled' } as const;
    const session = await compute.openSession(encodeModel(graph), { ...options, weightsFolder });
    const data = BigInt64Array.from(ids, BigInt);
    const { outputs } = await session.run({
      input_ids: { dtype: 'int64', shape: [1, ids.length], data },
    });
    await session.release();
    const [output] = Object.values(outputs);
    if (output?.dtype !== 'float64') throw new Error('logits are float64');
    return output.data;
  }
}

function damageByDefinition(
  original: Float64Array,
  changed: Float64Array,
  ids: Int32Array,
): ExampleDamage {
  const vocabulary = original.length / ids.length;
  const rowOf = (logits: Float64Array, t: number) => {
    const z = logits.subarray(t * vocabulary, (t + 1) * vocabulary);
    const max = largest(z);
    const log = max + Math.log(z.reduce((sum, each) => sum + Math.exp(each - max), 0));
    return { logP: z.map((each) => each - log), top: z.indexOf(max) };
  };
  let [crossEntropy, kl, deltaCrossEntropy, agreements] = [0, 0, 0, 0];
  const positions = ids.length - 1;
  for (let t = 0; t < positions; t++) {
    const [p, q] = [rowOf(original, t), rowOf(changed, t)];
    const label = ids[t + 1] ?? -1;
    p.logP.forEach((log, v) => {
      // Where log p and log q differ by d, p (−d + expm1(d)) adds to p log p/q what sums to zero.
      const d = (q.logP[v] ?? Number.NaN) - log;
      kl += Math.exp(log) * (Math.expm1(d) - d);
    });
    crossEntropy -= p.logP[label] ?? Number.NaN;
    deltaCrossEntropy += (p.logP[label] ?? Number.NaN) - (q.logP[label] ?? Number.NaN);
    agreements += p.top === q.top ? 1 : 0;
  }
  return { positions, crossEntropy, kl, deltaCrossEntropy, agreements };
}

/** The largest relative difference of the divergences; all else is held equal to its digits. */
function difference(ours: readonly ExampleDamage[] | undefined, theirs: readonly ExampleDamage[]) {
  const errors = nonEmpty(theirs).map((right, i) => {
    const found = ours?.[i];
    expect(found?.positions).toBe(right.positions);
    expect(found?.agreements).toBe(right.agreements);
    expect(found?.crossEntropy).toBeCloseTo(right.crossEntropy, 3);
    const growth = Math.abs((found?.deltaCrossEntropy ?? Number.NaN) - right.deltaCrossEntropy);
    // The growth is a small difference of terms as large as the square root of the divergence.
    expect(growth).toBeLessThan(1e-3 * Math.sqrt(right.kl * right.positions) + 1e-9);
    return Math.abs((found?.kl ?? Number.NaN) / right.kl - 1);
  });
  return largest(errors);
}

describe('measured damage of the demo model', async () => {
  const demo = await Case.of(demoCheckpoint().folder, [9, 14]);
  const matrix = 'model.layers.2.mlp.up_proj.weight';
  const matrices = [...demo.checkpoint.tensors.keys()].filter((name) =>
    name.endsWith('proj.weight'),
  );
  const variants = [
    demo.variant('one matrix, in 8 bits', [matrix], 1 / 127),
    demo.variant('all matrices, in 4 bits', matrices, 1 / 7),
    demo.variant('the tied embedding', ['model.embed_tokens.weight'], 1 / 31),
    demo.variant(
      'a norm and the last matrix',
      ['model.norm.weight', nonEmpty(matrices.slice(-1))[0]],
      1 / 15,
    ),
  ];

  it('is what float64 arithmetic says, in every plan', async () => {
    expect(demo.stored(matrix).dtype).toBe('bfloat16');
    const together = { params: { batch_size: 2 } };
    const whole = await demo.measure(variants, together);
    for (const [i, variant] of nonEmpty(variants.entries())) {
      expect(difference(whole[i], await demo.expected(variant)), variant.name).toBeLessThan(1e-2);
    }
    const [int8 = []] = whole;
    const tokens = int8.reduce((sum, { positions }) => sum + positions, 0);
    expect(int8.reduce((sum, { kl }) => sum + kl, 0) / tokens).toBeLessThan(1e-5);

    const streamed = await demo.measure(variants, { params: { batch_size: 2, plan: 'streamed' } });
    expect(streamed).toEqual(whole);
  });

  it('is exactly zero where the values are those of the checkpoint', async () => {
    const same = [
      demo.variant('one', [matrix], 0),
      demo.variant('all', [...demo.checkpoint.tensors.keys()], 0),
    ];
    for (const plan of ['whole', 'streamed'] as const) {
      for (const damage of nonEmpty(await demo.measure(same, { params: { plan } }))) {
        expect(damage.map(({ positions }) => positions)).toEqual([8, 13]);
        expect(damage.map(({ kl }) => kl)).toEqual([0, 0]);
        expect(damage.map(({ deltaCrossEntropy: growth }) => growth)).toEqual([0, 0]);
        expect(damage.map(({ agreements }) => agreements)).toEqual([8, 13]);
      }
    }
  });

  it('is measured of what is not known yet, on the examples asked for', async () => {
    const isKnown: DamageRequest['isKnown'] = (variant) => variant === 1;
    const [first, known, third] = await demo.measure(variants, { isKnown, examples: [1] });
    expect(Object.keys(first ?? [])).toEqual(['1']);
    expect(Object.keys(third ?? [])).toEqual(['1']);
    expect(known).toEqual([]);
  });

  it('leaves nothing behind, and says what is wrong with values', async () => {
    const folder = await mkdtemp(join(scratch, 'spill-'));
    const spillFolder = () => Promise.resolve(folder);
    await demo.measure(variants.slice(0, 1), { spillFolder });
    expect(await readdir(folder)).toEqual([]);
    const yielding = (values: Float32Array): Variant => ({
      name: 'wrong',
      weights: [
        {
          parameter: matrix,
          stored: demo.stored(matrix),
          values: async function* () {
            yield await Promise.resolve(values);
          },
        },
      ],
    });
    const elements = elementCount(demo.stored(matrix).shape);
    await expect(demo.measure([yielding(new Float32Array(7))])).rejects.toMatchObject({
      code: 'tensor_mismatch',
      message: expect.stringContaining(`${matrix} has ${elements} elements`),
    });
    const broken = new Float32Array(elements).fill(Number.NaN, 5, 6);
    await expect(demo.measure([yielding(broken)], { spillFolder })).rejects.toMatchObject({
      code: 'non_finite_weight',
      context: { tensor: matrix, element: 5 },
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

const kinds = ['gpt2', 'gemma2', 'mixtral', 'phi3', 'qwen2-untied'];

describe.each(nonEmpty(parityCheckpoints().filter(({ name }) => kinds.includes(name))))(
  'measured damage of $name',
  ({ folder }) => {
    it('is what float64 arithmetic says, of padded batches and alone', async () => {
      const model = await Case.of(folder, [6, 11]);
      const { tensors } = model.checkpoint;
      const names = [...tensors].flatMap(([name, { shape }]) => (shape.length > 1 ? [name] : []));
      const all = model.variant('all', names, 1 / 63);
      const padded = await model.measure([all], { params: { batch_size: 2 } });
      const alone = await model.measure([all], { params: { batch_size: 1, plan: 'streamed' } });
      const expected = await model.expected(all);
      expect(difference(padded[0], expected)).toBeLessThan(1e-2);
      expect(difference(alone[0], expected)).toBeLessThan(1e-2);
    });
  },
);
