import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@layersense/model-source';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeTensors, type ZeroTensor } from '../../test-support/stored-tensors.js';
import { magnitudeWeights } from './magnitude-weights.js';

const tied = fileURLToPath(
  new URL('../../../../testing/fixtures/checkpoints/llama-tied', import.meta.url),
);
const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-tied-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** What is scored and what is left out of a tied Llama that stores these tensors. */
async function chosen(tensors: Readonly<Record<string, ZeroTensor | undefined>>) {
  const folder = await mkdtemp(join(scratch, 'model-'));
  await cp(tied, folder, { recursive: true });
  await storeTensors(join(folder, 'model.safetensors'), tensors);
  const checkpoint = await openCheckpoint(folder);
  const { weights, leftOut } = await magnitudeWeights({ checkpoint, dequantized: new Map() });
  return { scored: weights.map(({ parameter }) => parameter), leftOut };
}

const zeros: ZeroTensor = { type: 'F32', shape: [64, 32], bytes: 4 * 64 * 32 };

describe('the head of a checkpoint that config.json ties', () => {
  it('is left out where it is the embedding, stored twice', async () => {
    const { scored, leftOut } = await chosen({ [EMBEDDING]: zeros, [HEAD]: zeros });
    expect(leftOut).toEqual([HEAD]);
    expect(scored).toContain(EMBEDDING);
    expect(scored).not.toContain(HEAD);
  });

  it('is scored where it differs from the embedding', async () => {
    const { scored, leftOut } = await chosen({ [HEAD]: zeros });
    expect(leftOut).toEqual([]);
    expect(scored).toEqual(expect.arrayContaining([EMBEDDING, HEAD]));
  });

  it('is scored where it is stored alone', async () => {
    const { scored, leftOut } = await chosen({ [EMBEDDING]: undefined, [HEAD]: zeros });
    expect(leftOut).toEqual([]);
    expect(scored).toContain(HEAD);
    expect(scored).not.toContain(EMBEDDING);
  });
});
