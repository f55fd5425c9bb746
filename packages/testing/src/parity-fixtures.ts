import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Loss } from '@layersense/contracts';
import { z } from 'zod';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

const Expected = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      loss: z.enum(['token-mean', 'sequence-sum', 'class'] satisfies Loss[]),
      /** Of a classifier, the class of every example. */
      labels: z.array(z.number()).optional(),
      input_ids: z.array(z.array(z.number())),
      losses: z.array(z.number()),
      gradient_squared_norms: z.record(z.string(), z.array(z.number())),
    }),
  ),
});

/** Examples, and what PyTorch computed for them in float64 with a batch of one. */
export type ParityCase = z.infer<typeof Expected>['cases'][number];

export interface ParityCheckpoint {
  readonly name: string;
  readonly folder: string;
  readonly cases: readonly ParityCase[];
}

/** The random checkpoints of scripts/python/make_parity_fixtures.py. */
export function parityCheckpoints(): readonly ParityCheckpoint[] {
  return checkpointsIn('checkpoints');
}

/** Those of scripts/python/make_variant_fixtures.py: what config.json and files may also say. */
export function variantCheckpoints(): readonly ParityCheckpoint[] {
  return checkpointsIn('variants');
}

function checkpointsIn(folder: string): readonly ParityCheckpoint[] {
  const root = join(fixtures, folder);
  return readdirSync(root).map((name) => {
    const checkpoint = join(root, name);
    return { name, folder: checkpoint, cases: readExpected(join(checkpoint, 'expected.json')) };
  });
}

/** The demo model, with numbers of the same script. */
export function demoCheckpoint(): ParityCheckpoint {
  const folder = fileURLToPath(new URL('../../../demo/model', import.meta.url));
  return { name: 'demo', folder, cases: readExpected(join(fixtures, 'demo-expected.json')) };
}

function readExpected(file: string): readonly ParityCase[] {
  return Expected.parse(JSON.parse(readFileSync(file, 'utf8'))).cases;
}
