import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalibrationSet } from '@layersense/calibration';
import { FisherParams } from '@layersense/contracts';
import { openCheckpoint } from '@layersense/model-source';
import { parseModel } from '@layersense/models';
import { type BatchStatistics, FisherAccumulator, meanOverDraws } from '@layersense/runs';
import { largest, nonEmpty, parityCheckpoints, variantCheckpoints } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pendingBatches } from '../examples/pending-batches.js';
import { SpillFolders } from './spill-folders.js';
import { startPlan } from './start-plan.js';
import { WarmCompute } from './warm-compute.js';

const compute = new WarmCompute();
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-marginals-'));
});
afterAll(async () => {
  await compute.stop();
  await rm(scratch, { recursive: true });
});

/** Five examples, the last of which shares its batch with a row of padding. */
const set: CalibrationSet = {
  examples: [6, 9, 7, 4, 9].map((length, index) => ({
    index,
    inputIds: Int32Array.from({ length }, (_, t) => (t * 5 + index * 3 + 1) % 32),
    truncated: false,
  })),
  tokens: 35,
  truncated: 0,
  available: 5,
  skippedAt: [],
  unreadKeys: [],
  fingerprint: '',
};

interface Run {
  readonly plan: 'whole' | 'checkpointed' | 'streamed';
  readonly params?: object;
  readonly marginals?: boolean;
  readonly folders?: SpillFolders;
  /** The step before which the run is interrupted. */
  readonly stopBefore?: number;
}

interface Outcome {
  readonly batches: readonly BatchStatistics[];
  readonly steps: number;
  readonly reason: string;
}

async function run(folder: string, { plan: name, ...options }: Run): Promise<Outcome> {
  const checkpoint = await openCheckpoint(folder);
  const params = FisherParams.parse({ plan: name, batch_size: 2, ...options.params });
  const controller = new AbortController();
  const positions = [...set.examples.keys()];
  let steps = 0;
  const plan = await startPlan(
    {
      set,
      params,
      checkpoint,
      model: parseModel(checkpoint.config),
      marginals: options.marginals ?? true,
      device: 'cpu',
      threads: 1,
      compute,
      datasetRows: positions,
      identity: 'run',
      weights: 'weights',
      onStep: async () => {
        if (steps === options.stopBefore) controller.abort();
        steps += 1;
      },
      onResumed: () => undefined,
      spillFolder: options.folders && (() => options.folders?.claim('job_1') ?? Promise.reject()),
    },
    controller.signal,
  );
  try {
    const pending = pendingBatches(
      set,
      { planned: positions, wanted: positions },
      new FisherAccumulator(positions),
      { params, tokenBudget: plan.choice.tokenBudget, loss: 'token-mean' },
    );
    const batches = [];
    for await (const batch of meanOverDraws(plan.run(pending), params.draws ?? 1)) {
      batches.push(batch);
    }
    return { batches, steps, reason: plan.choice.reason };
  } finally {
    await plan.close();
  }
}

/** Of every matrix and example, the sums by output and by input. */
function byExample({ batches }: Outcome): ReadonlyMap<string, readonly number[]> {
  return new Map(
    batches.flatMap(({ examples, losses, marginals }) =>
      nonEmpty(marginals ?? []).flatMap(([name, matrix]) =>
        (['byOutput', 'byInput'] as const).flatMap((over) => {
          const width = matrix[over].length / losses.length;
          const row = (i: number) => [...matrix[over].subarray(i * width, (i + 1) * width)];
          return examples.map((example, i) => [`${name} ${over} ${example}`, row(i)] as const);
        }),
      ),
    ),
  );
}

function expectEqual(actual: Outcome, expected: Outcome, tolerance: number): void {
  const [ours, others] = [byExample(actual), byExample(expected)];
  expect([...ours.keys()].toSorted()).toEqual([...others.keys()].toSorted());
  for (const [key, values] of nonEmpty(others)) {
    const errors = values.map((value, i) => Math.abs((ours.get(key)?.[i] ?? Number.NaN) - value));
    expect(largest(errors), key).toBeLessThanOrEqual(tolerance * largest(values));
  }
}

/** Tied and not, stored transposed, packed, with experts. */
const kinds = ['llama-tied', 'gpt2', 'phi3', 'packed-qwen3-moe'];
const models = [...parityCheckpoints(), ...variantCheckpoints()].filter(({ name }) =>
  kinds.includes(name),
);

describe.each(nonEmpty(models))('the marginals of $name', ({ folder }) => {
  it('are the same by every plan, and add up to the squared norms', async () => {
    const whole = await run(folder, { plan: 'whole' });
    for (const plan of ['checkpointed', 'streamed'] as const) {
      expectEqual(await run(folder, { plan }), whole, 1e-6);
    }
    const sums = byExample(whole);
    const norms = whole.batches.flatMap(({ examples, squaredNorms, marginals }) =>
      [...(marginals?.keys() ?? [])].flatMap((name) =>
        examples.map((example, row) => [name, example, squaredNorms.get(name)?.[row]] as const),
      ),
    );
    for (const [name, example, norm = Number.NaN] of nonEmpty(norms)) {
      for (const over of ['byOutput', 'byInput']) {
        const sum = (sums.get(`${name} ${over} ${example}`) ?? []).reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - norm), `${name} ${over}`).toBeLessThanOrEqual(1e-5 * norm);
      }
    }
  });
});

const tied = parityCheckpoints().find(({ name }) => name === 'llama-tied')?.folder ?? '';

it('marginals of several draws are means, by every plan', async () => {
  const params = { labels: 'model', draws: 3 };
  const whole = await run(tied, { plan: 'whole', params });
  expect(whole.batches.map(({ examples }) => examples.length)).toEqual([2, 2, 1]);
  const streamed = await run(tied, { plan: 'streamed', params });
  expectEqual(streamed, whole, 1e-6);
});

it('a run without marginals has none', async () => {
  const { batches } = await run(tied, { plan: 'streamed', marginals: false });
  expect(batches.map((batch) => 'marginals' in batch)).toEqual([false, false, false]);
});

describe('the marginals of a streamed run that was interrupted', () => {
  const left = async (root: string) => {
    const [folder = ''] = await readdir(root);
    const names = await readdir(join(root, folder));
    return names
      .filter((name) => name.endsWith('.marginals'))
      .map((name) => join(root, folder, name));
  };
  const interrupted = async (name: string, undisturbed: Outcome) => {
    const root = join(scratch, name);
    const folders = new SpillFolders(root);
    const stopBefore = undisturbed.steps - 4;
    await expect(run(tied, { plan: 'streamed', folders, stopBefore })).rejects.toMatchObject({
      code: 'canceled',
    });
    return { root, folders };
  };

  it('are gone on with, to the same bits, and leave no file', async () => {
    const undisturbed = await run(tied, { plan: 'streamed' });
    const { root, folders } = await interrupted('intact', undisturbed);
    expect(await left(root)).not.toEqual([]);
    const resumed = await run(tied, { plan: 'streamed', folders });
    expect(resumed.steps).toBeLessThan(undisturbed.steps / 2);
    expectEqual(resumed, undisturbed, 0);
    expect(await left(root)).toEqual([]);
  });

  it.each([
    ['gone', (file: string) => rm(file)],
    [
      'changed',
      async (file: string) => {
        const bytes = await readFile(file);
        await writeFile(file, bytes.fill(0, 0, 4));
      },
    ],
  ])('are computed again where a file is %s', async (name, spoil) => {
    const undisturbed = await run(tied, { plan: 'streamed' });
    const { root, folders } = await interrupted(name, undisturbed);
    const [file] = nonEmpty(await left(root));
    await spoil(file);
    expectEqual(await run(tied, { plan: 'streamed', folders }), undisturbed, 0);
  });
});
