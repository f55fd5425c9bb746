import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobSpec } from '@layersense/contracts';
import { childrenOf, demoCheckpoint, largestDifference } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noFinishedBatches, type PlanChange } from '../job-services.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';

const EXAMPLES = 6;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-memory-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** Ends the compute process as the kernel does when memory runs out, after each number of batches. */
async function score(killAfter: readonly number[], params: Record<string, unknown> = {}) {
  const dataset = join(scratch, 'examples.jsonl');
  const examples = Array.from({ length: EXAMPLES }, (_, i) =>
    JSON.stringify({ input_ids: Array.from({ length: 480 }, (_, t) => (t * 31 + i * 7) % 4000) }),
  );
  await writeFile(dataset, examples.join('\n'));
  const spec = JobSpec.parse({
    model: demoCheckpoint().folder,
    method: 'fisher',
    dataset,
    device: 'cpu',
    params: { examples: EXAMPLES, batch_size: 2, ...params },
  });
  const changes: PlanChange[] = [];
  const computed: number[] = [];
  const services = {
    allowedRoots: ['/'],
    hub: { endpoint: 'http://127.0.0.1:1', cacheFolder: '/nonexistent', offline: true },
    report: () => undefined,
    finishedBatches: {
      ...noFinishedBatches,
      append: async (_: unknown, batch: { examples: readonly number[] }) => {
        computed.push(...batch.examples);
        if (killAfter.includes(computed.length)) killComputeProcess();
      },
    },
    onSmallerPlan: async (change: PlanChange) => changes.push(change),
  };
  const report = await runSensitivityJob(spec, services, new AbortController().signal);
  return { report, changes, computed };
}

function killComputeProcess(): void {
  const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  const child = childrenOf(process.pid).find((pid) => commandOf(pid).includes('compute-child'));
  if (child === undefined) throw new Error('there is no compute process');
  process.kill(child, 'SIGKILL');
}

describe.skipIf(process.platform !== 'linux')('a compute process that runs out of memory', () => {
  it('is followed by one with a smaller plan, which computes the rest and says so', async () => {
    const { report: undisturbed } = await score([]);
    expect(undisturbed.run.plan).toBe('whole');
    const { report, changes, computed } = await score([2]);
    expect(['checkpointed', 'streamed']).toContain(report.run.plan);
    expect(report.run.plan_reason).toMatch(/^the whole plan .* ran out of memory; /);
    expect(changes).toEqual([
      { from: 'whole', to: report.run.plan, reason: report.run.plan_reason },
    ]);
    // What was finished is not computed again.
    expect(computed.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(report.run.identity).toBe(undisturbed.run.identity);
    expect(largestDifference(report, undisturbed)).toBeLessThan(1e-6);
  });

  it('is not followed by a third', async () => {
    await expect(score([2, 4])).rejects.toMatchObject({ code: 'out_of_memory' });
  });

  it('says what ran out where the plan that was asked for cannot be smaller', async () => {
    const asked = score([2], { plan: 'whole' });
    await expect(asked).rejects.toMatchObject({
      code: 'out_of_memory',
      context: { signal: 'SIGKILL' },
    });
  });
});
