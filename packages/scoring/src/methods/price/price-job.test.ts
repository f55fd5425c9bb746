import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ComputedReport, type GroupMarginals, isPart } from '@layersense/contracts';
import { dequantisedMatrix, parseFormat } from '@layersense/formats';
import { predictedDamage } from '@layersense/runs';
import { nonEmpty, smallest } from '@layersense/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { StoredRun } from '../../job-services.js';
import { matrixWeights } from '../../matrices/matrix-weights.js';
import { RowReader } from '../../matrices/read-rows.js';
import { openModel } from '../../model/open-model.js';
import { FormatJobs, scoreOf } from '../../test-support/format-jobs.js';

/** Packed, and stored with the inputs first. */
const model = fileURLToPath(
  new URL('../../../../testing/fixtures/checkpoints/gpt2', import.meta.url),
);
const FORMATS = ['int3_g16_asym', 'int8_channel'];
const PACKED = 'transformer.h.0.attn.c_attn.weight';
const jobs = new FormatJobs();

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

let fisher: ComputedReport;
let priced: ComputedReport;
beforeAll(async () => {
  fisher = await score({ purpose: 'quantisation' });
  priced = await price(fisher);
});

async function score(params: Readonly<Record<string, unknown>>): Promise<ComputedReport> {
  const dataset = join(jobs.folder, 'rows.jsonl');
  const rows = Array.from({ length: 48 }, (_, row) =>
    Array.from({ length: 6 }, (__, t) => (7 * (6 * row + t + 1) + row * t) % 61),
  );
  await writeFile(dataset, rows.map((ids) => JSON.stringify({ input_ids: ids })).join('\n'));
  const all = { examples: 48, ...params };
  return await jobs.run({ method: 'fisher', model, dataset, device: 'cpu', params: all });
}

/** A report that has just been computed as if it were stored. */
function asStored({ run, scores, marginals }: ComputedReport): StoredRun {
  return {
    run,
    scores,
    marginals: (parameter) => Promise.resolve(marginals?.matrices.get(parameter)),
  };
}

function price(
  of: ComputedReport,
  params: Readonly<Record<string, unknown>> = {},
  services: Parameters<FormatJobs['run']>[1] = {},
): Promise<ComputedReport> {
  const spec = { method: 'price', model, params: { run: of.run.id, formats: FORMATS, ...params } };
  return jobs.run(spec, { storedRun: () => Promise.resolve(asStored(of)), ...services });
}

/** ΔW∘ΔW of some rows of a matrix, written out. */
async function squares(parameter: string, format: string) {
  const { weights } = matrixWeights(
    await openModel({ name: model, revision: '', source: 'local', folder: model, files: [] }),
  );
  for (const weight of weights) {
    for (const matrix of weight.layout.matrices) {
      const rows = [matrix, ...matrix.parts].find(({ name }) => name === parameter);
      if (!rows) continue;
      const { inputs } = weight.layout;
      const read: number[] = [];
      for await (const block of new RowReader().blocksOf(weight, matrix))
        read.push(...block.values);
      const values = Float32Array.from(read);
      const shape = [matrix.end - matrix.start, inputs] as const;
      const rounded = dequantisedMatrix(parseFormat(format), values, shape);
      const all = Array.from(values, (w, i) => ((rounded[i] ?? Number.NaN) - w) ** 2);
      return { inputs, values: all.slice(rows.start * inputs, rows.end * inputs) };
    }
  }
  throw new Error(`no ${parameter}`);
}

/** ½ Σ_ab r_a c_b ΔW_ab² / Σ r / T over the groups that are kept. */
async function bruteForce(
  parameter: string,
  format: string,
  keep: (group: number) => boolean = () => true,
): Promise<number> {
  const { inputs, values } = await squares(parameter, format);
  const { groups = [], matrices } = fisher.marginals ?? {
    matrices: new Map<string, GroupMarginals>(),
  };
  const { byOutput = new Float64Array(), byInput = new Float64Array() } =
    matrices.get(parameter) ?? {};
  const added = (sums: Float64Array) => {
    const width = sums.length / groups.length;
    return Array.from({ length: width }, (_, i) =>
      sum(groups.map((__, g) => (keep(g) ? (sums[g * width + i] ?? Number.NaN) : 0))),
    );
  };
  const [r, c] = [added(byOutput), added(byInput)];
  const weighed = values.map((square, i) => {
    return (r[Math.floor(i / inputs)] ?? Number.NaN) * (c[i % inputs] ?? Number.NaN) * square;
  });
  const targets = sum(groups.map((each, g) => (keep(g) ? each.targets : 0)));
  return sum(weighed) / 2 / sum(r) / targets;
}

describe('priced damage', () => {
  it.each(['transformer.h.1.mlp.c_fc.weight', 'transformer.wte.weight', `${PACKED}[k]`])(
    'of %s is that of its marginals, with the error of the jackknife',
    async (parameter) => {
      const score = scoreOf(priced, parameter);
      for (const format of FORMATS) {
        const expected = await bruteForce(parameter, format);
        expect(expected).toBeGreaterThan(0);
        expect((score.values[`${format}.predicted_kl`] ?? 0) / expected).toBeCloseTo(1, 10);
      }
      const groups = nonEmpty([...(fisher.run.marginals ?? [])]);
      expect(smallest(groups.map(({ examples }) => examples))).toBeGreaterThan(0);
      const without = await Promise.all(
        groups.map((_, left) => bruteForce(parameter, 'int3_g16_asym', (group) => group !== left)),
      );
      const mean = sum(without) / 8;
      const error = Math.sqrt((7 / 8) * sum(without.map((value) => (value - mean) ** 2)));
      expect((score.standard_error ?? 0) / error).toBeCloseTo(1, 8);
      expect(score.other_metrics).toHaveProperty(['int8_channel.predicted_kl', 'standard_error']);
    },
  );

  it('of a packed weight is what its parts add up to', () => {
    const parts = ['q', 'k', 'v'].map((part) => scoreOf(priced, `${PACKED}[${part}]`).values);
    const { values } = scoreOf(priced, PACKED);
    for (const metric of ['int3_g16_asym.predicted_kl', 'int8_channel.scalar_kl']) {
      expect(values[metric]).toBeCloseTo(sum(parts.map((part) => part[metric] ?? Number.NaN)), 14);
    }
    expect(values['int8_channel.bits_per_weight']).toBe(8.5);
  });

  it('has the scalar form beside it: ½ Σ‖g‖² ‖ΔW‖² / numel / T', async () => {
    const parameter = 'transformer.h.1.mlp.c_fc.weight';
    const { numel, values, n } = scoreOf(fisher, parameter);
    const squared = sum((await squares(parameter, 'int8_channel')).values);
    const expected = ((n ?? 0) * (values.sum ?? 0) * squared) / 2 / (numel ?? 0) / (48 * 5);
    const found = scoreOf(priced, parameter).values['int8_channel.scalar_kl'] ?? 0;
    expect(found / expected).toBeCloseTo(1, 10);
  });

  it('tells whose gradients it is of, and keeps what totals of any plan follow from', () => {
    expect(priced.run).toMatchObject({
      priced_run: { run_id: fisher.run.id, groups: fisher.run.marginals },
      derived_from: [{ run_id: fisher.run.id, examples: 48 }],
      dataset: null,
    });
    const predicted = predictedDamage(priced.damage?.matrices ?? [], fisher.run.marginals ?? null);
    for (const each of nonEmpty([...predicted])) {
      expect(each.tier).toBe('priced');
      const { values } = scoreOf(priced, each.parameter);
      expect(values[`${each.format}.predicted_kl`]).toBe(each.predicted_kl);
    }
    const wholes = priced.scores.filter(({ parameter }) => !isPart(parameter));
    expect(wholes.map(({ rank }) => rank).toSorted((a, b) => a - b)).toEqual(
      wholes.map((_, i) => i + 1),
    );
  });

  it('takes what was priced before with the same marginals, to the bit', async () => {
    const keptFolder = join(jobs.folder, 'kept');
    const parameters = ['*.0.attn.*'];
    const first = await price(fisher, { parameters }, { keptFolder });
    const again = await price(fisher, { parameters }, { keptFolder });
    expect(again.run.definition).toContain(
      '4 of the 4 results were those of equal matrices before',
    );
    expect(again.damage).toEqual(first.damage);
  });
});

describe('without marginals', () => {
  it('damage is the scalar form, and says so', async () => {
    const ranking = await score({ loss: 'sequence-sum', labels: 'model' });
    const scalar = await price(ranking);
    expect(scalar.run.priced_run).toEqual({ run_id: ranking.run.id, groups: null });
    expect(scalar.run.definition).toContain(
      'has no marginals, so that all prices are the scalar form',
    );
    const [each] = predictedDamage(scalar.damage?.matrices ?? [], null);
    expect(each).toMatchObject({ tier: 'scalar', confidence_interval: null });
    expect(each?.predicted_kl).toBe(each?.scalar_kl);
    // The examples and labels are those of the run for quantisation.
    const { values } = scoreOf(scalar, 'transformer.wte.weight');
    const expected =
      scoreOf(priced, 'transformer.wte.weight').values['int8_channel.scalar_kl'] ?? 0;
    expect((values['int8_channel.predicted_kl'] ?? 0) / expected).toBeCloseTo(1, 4);
    const error = scoreOf(ranking, 'transformer.wte.weight');
    const relative = (error.standard_error ?? 0) / (error.values.sum ?? 0);
    const ours = scoreOf(scalar, 'transformer.wte.weight');
    expect(
      (ours.standard_error ?? 0) / (ours.values['int3_g16_asym.predicted_kl'] ?? 0),
    ).toBeCloseTo(relative, 10);
  });

  it.each([
    ['a mean loss', { loss: 'token-mean' }, 'a mean over the positions'],
    ['other weights', { model: { files: [] } }, 'is of other weights than the model'],
    ['an import', { imported: true }, 'is imported'],
    ['another method', { method: 'magnitude' }, 'is a magnitude run'],
  ])('refuses the gradients of %s', async (_, change, message) => {
    const run = { ...fisher.run, ...change } as ComputedReport['run'];
    await expect(price({ ...fisher, run })).rejects.toMatchObject({
      code: 'runs_incompatible',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a run where none is stored', async () => {
    await expect(price(fisher, {}, { storedRun: undefined })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
