import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSpec, type ScoreReport } from '@layersense/contracts';
import { hubSettingsFromEnvironment } from '@layersense/model-source';
import { mergeReports } from '@layersense/runs';
import { largestRelativeError, nonEmpty, perExampleOf, smallest } from '@layersense/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { type JobServices, noFinishedBatches } from '../job-services.js';
import { givenRun } from '../reuse/earlier-runs.js';
import { runSensitivityJob } from '../run-sensitivity-job.js';

const fixtures = fileURLToPath(new URL('../../../testing/fixtures/', import.meta.url));
const llama = join(fixtures, 'rows');

interface Expected {
  readonly cases: readonly {
    readonly name: string;
    readonly row: object;
    readonly loss: number;
    readonly down_proj: number;
  }[];
}
const { cases } = JSON.parse(readFileSync(join(llama, 'expected.json'), 'utf8')) as Expected;

const scratch = mkdtempSync(join(tmpdir(), 'layersense-rows-'));
afterAll(() => rmSync(scratch, { recursive: true }));

async function score(
  rows: readonly object[],
  params: object = {},
  model = llama,
  others: Partial<JobServices> = {},
): Promise<ScoreReport> {
  const dataset = join(scratch, 'rows.jsonl');
  writeFileSync(dataset, rows.map((row) => JSON.stringify(row)).join('\n'));
  const spec = JobSpec.parse({ model, method: 'fisher', device: 'cpu', dataset, params });
  const services = {
    allowedRoots: ['/'],
    hub: hubSettingsFromEnvironment({ HF_HUB_OFFLINE: '1', HF_HOME: scratch }),
    report: () => undefined,
    finishedBatches: noFinishedBatches,
    threads: 1,
    ...others,
  };
  return await runSensitivityJob(spec, services, new AbortController().signal);
}

/** By dataset row, the loss and the squared norm of every parameter; there is one row or more. */
function valuesByRow(report: ScoreReport): readonly Readonly<Record<string, number>>[] {
  const { dataset, example_losses: losses } = report.run;
  const indices = dataset?.indices ?? [];
  const norms = [...perExampleOf(report)];
  return nonEmpty(indices.keys()).map((row) => ({
    loss: losses?.[indices.indexOf(row)] ?? Number.NaN,
    ...Object.fromEntries(norms.map(([name, values]) => [name, values.get(row) ?? Number.NaN])),
  }));
}

describe('against transformers', () => {
  it.each(nonEmpty(cases))('$name', async ({ row, loss, down_proj }) => {
    const [values] = valuesByRow(await score([row]));
    expect(Math.abs((values?.loss ?? Number.NaN) / loss - 1)).toBeLessThan(1e-5);
    const norm = values?.['model.layers.0.mlp.down_proj.weight'] ?? Number.NaN;
    expect(Math.abs(norm / down_proj - 1)).toBeLessThan(1e-4);
  });
});

const input_ids = [5, 17, 9, 20, 33, 2, 41];
const pads = [0, 0, 0];
const ones = input_ids.map(() => 1);
const ignored = pads.map(() => -100);
/** One example, however its rows are written. */
const sameExample = {
  alone: { input_ids },
  'with a mask of ones': { input_ids, attention_mask: ones },
  'padded on the right': {
    input_ids: [...input_ids, ...pads],
    attention_mask: [...ones, ...pads],
  },
  'with its tokens as labels': { input_ids, labels: input_ids },
  'with labels on all but the first': { input_ids, labels: [-100, ...input_ids.slice(1)] },
  'padded, with labels': {
    input_ids: [...input_ids, ...pads],
    attention_mask: [...ones, ...pads],
    labels: [...input_ids, ...ignored],
  },
};
const leftPadded = {
  input_ids: [...pads, ...input_ids],
  attention_mask: [...pads, ...ones],
  labels: [...ignored, -100, ...input_ids.slice(1)],
};

describe('one example, written in several ways', () => {
  it.each([
    ['llama', llama, [...Object.values(sameExample), leftPadded]],
    ['gpt2', join(fixtures, 'checkpoints/gpt2'), Object.values(sameExample)],
    ['phi', join(fixtures, 'checkpoints/phi'), [...Object.values(sameExample), leftPadded]],
  ])('has one hash and the same bits, %s', async (_, model, rows) => {
    const report = await score(rows, { batch_size: 1 }, model);
    expect(new Set(report.run.dataset?.example_hashes).size).toBe(1);
    const [first, ...others] = valuesByRow(report);
    expect(others).toHaveLength(rows.length - 1);
    for (const other of nonEmpty(others)) expect(other).toEqual(first);
    const alone = await score([{ input_ids }], { batch_size: 1 }, model);
    expect(report.run.dataset?.example_hashes[0]).toBe(alone.run.dataset?.example_hashes[0]);
  });

  it('is refused padded on the left where positions are counted', async () => {
    const refused = score([leftPadded], {}, join(fixtures, 'checkpoints/gpt2'));
    await expect(refused).rejects.toMatchObject({ code: 'dataset_malformed' });
    await expect(refused).rejects.toThrow('counts positions from there');
  });
});

describe('padding that a mask hides', () => {
  const variant = (name: string) => join(fixtures, 'variants', name);

  it('is hidden from a classifier that reads the last token, where that is its padding', async () => {
    const model = variant('llama-classifier');
    const row = (...after: number[]) => ({
      input_ids: [5, 17, 9, ...after],
      attention_mask: [1, 1, 1, ...after.map(() => 0)],
      label: 0,
    });
    const [values] = valuesByRow(await score([row(3, 3)], {}, model));
    // That of [5, 17, 9] in the fixture's expected.json.
    expect((values?.loss ?? Number.NaN) / 0.2441695425918188).toBeCloseTo(1, 5);
    await expect(score([row(0, 0)], {}, model)).rejects.toThrow('Pad with 3, or leave');
    const segments = { input_ids: [5, 17, 9], token_type_ids: [0, 1, 1], label: 0 };
    await expect(score([segments], {}, model)).rejects.toThrow('takes no "token_type_ids"');
  });

  it('is refused where it moves the frequencies of the positions', async () => {
    const model = variant('llama-dynamic');
    const padded = (length: number) => ({
      input_ids: [...input_ids, ...Array<number>(length - input_ids.length).fill(0)],
      attention_mask: [...ones, ...Array<number>(length - input_ids.length).fill(0)],
    });
    const { run } = await score([padded(16), { input_ids }], { batch_size: 1 }, model);
    expect(new Set(run.dataset?.example_hashes).size).toBe(1);
    await expect(score([padded(17)], {}, model)).rejects.toThrow('depend on the length of a row');
  });
});

/** Rows of several lengths whose labels leave out the first half, and are other tokens at the end. */
const labelled = (vocabulary: number, lengths: readonly number[]) =>
  lengths.map((length, row) => {
    const ids = Array.from({ length }, (_, t) => (7 * (31 * row + t + 1)) % vocabulary);
    const labels = ids.map((id, t) =>
      2 * t < length ? -100 : (id + (t % 3 === 0 ? 1 : 0)) % vocabulary,
    );
    return { input_ids: ids, labels };
  });

function expectSameValues(actual: ScoreReport, expected: ScoreReport, tolerance: number): void {
  const [found, wanted] = [valuesByRow(actual), valuesByRow(expected)];
  expect(found).toHaveLength(wanted.length);
  for (const [row, values] of nonEmpty(wanted).entries()) {
    expect(Object.keys(found[row] ?? {})).toEqual(Object.keys(values));
    const error = largestRelativeError(Object.values(found[row] ?? {}), Object.values(values));
    expect(error, `row ${row}`).toBeLessThan(tolerance);
  }
}

describe('labels of next tokens', () => {
  const demo = fileURLToPath(new URL('../../../../demo/model', import.meta.url));

  it('are the same in any batch, with the head in chunks, and in every plan', async () => {
    // 4 · 40 rows of 4,000 logits are reduced before the backward pass; one row alone is not.
    const rows = labelled(4000, [40, 37, 38, 40]);
    const alone = await score(rows, { batch_size: 1 }, demo);
    for (const plan of ['whole', 'checkpointed', 'streamed']) {
      const report = await score(rows, { batch_size: 4, plan }, demo);
      expect(report.run.plan).toBe(plan);
      expect(report.run.identity).toBe(alone.run.identity);
      expectSameValues(report, alone, 1e-4);
    }
  });

  it('sum up to the whole with the loss of a sequence', async () => {
    const all = { input_ids, labels: input_ids };
    const each = input_ids.slice(1).map((id, t) => ({
      input_ids,
      labels: input_ids.map((_, i) => (i === t + 1 ? id : -100)),
    }));
    const [whole, ...parts] = valuesByRow(await score([all, ...each], { loss: 'sequence-sum' }));
    const total = parts.reduce((sum, { loss = Number.NaN }) => sum + loss, 0);
    expect(total / (whole?.loss ?? Number.NaN)).toBeCloseTo(1, 5);
    const [mean] = valuesByRow(await score([all], { loss: 'token-mean' }));
    expect(total / each.length / (mean?.loss ?? Number.NaN)).toBeCloseTo(1, 5);
    const [first] = parts;
    const [only] = valuesByRow(await score(each.slice(0, 1), { loss: 'token-mean' }));
    expect((only?.loss ?? Number.NaN) / (first?.loss ?? Number.NaN)).toBeCloseTo(1, 5);
  });

  it('say where labels are drawn from the model, and nothing else', async () => {
    const at = 4;
    const labelsOf = (label: number) => input_ids.map((_, t) => (t === at ? label : -100));
    const every = Array.from({ length: 61 }, (_, label) => ({
      input_ids,
      labels: labelsOf(label),
    }));
    const ofLabel = valuesByRow(await score(every));
    const [drawn] = valuesByRow(
      await score([{ input_ids, labels: labelsOf(60) }], { labels: 'model' }),
    );
    const errors = ofLabel.map((values) =>
      largestRelativeError(Object.values(drawn ?? {}), Object.values(values)),
    );
    expect(errors).toHaveLength(61);
    expect(smallest(errors)).toBeLessThan(1e-4);
  });

  it('are cut with their tokens', async () => {
    const labels = [-100, -100, 9, -100, 33, -100, 41];
    const cut = await score([{ input_ids, labels }], { max_length: 4 });
    expect(cut.run.dataset).toMatchObject({ tokens: 4, truncated: 1 });
    const short = { input_ids: input_ids.slice(0, 4), labels: labels.slice(0, 4) };
    const whole = await score([short]);
    expect(cut.run.dataset?.example_hashes).toEqual(whole.run.dataset?.example_hashes);
    expect(valuesByRow(cut)).toEqual(valuesByRow(whole));
  });

  it('that are cut off leave a row out, which the record counts', async () => {
    const late = { input_ids, labels: input_ids.map((id, t) => (t > 4 ? id : -100)) };
    const { run } = await score([late, { input_ids }, { input_ids: [1], id: 7 }], {
      max_length: 4,
    });
    expect(run.dataset).toMatchObject({
      examples: 1,
      indices: [1],
      skipped: 2,
      unread_keys: ['id'],
    });
    await expect(score([late], { max_length: 4 })).rejects.toMatchObject({ code: 'dataset_empty' });
  });

  it('make another example, which no run takes over or merges as the same', async () => {
    const rows = labelled(61, [9, 9, 9, 9]);
    const other = rows.map((row) => ({ ...row, labels: row.labels.with(-1, 60) }));
    const bare = rows.map((row) => ({ input_ids: row.input_ids }));
    const reports = [await score(rows), await score(other), await score(bare)];
    expect(new Set(reports.map(({ run }) => run.identity)).size).toBe(3);
    expect(new Set(reports.map(({ run }) => run.dataset?.fingerprint)).size).toBe(3);
    const hashes = reports.flatMap(({ run }) => run.dataset?.example_hashes ?? []);
    expect(hashes).toHaveLength(12);
    expect(new Set(hashes).size).toBe(12);
    const [first] = reports;
    if (!first) throw new RangeError('no report');
    const extended = score(other, {}, llama, { earlier: givenRun(first) });
    await expect(extended).rejects.toMatchObject({ code: 'runs_incompatible' });
    const merged = mergeReports(reports);
    expect(merged.run.dataset).toMatchObject({ examples: 12 });
    await expect(async () => mergeReports([first, first])).rejects.toMatchObject({
      code: 'runs_overlap',
    });
  });

  it.each([
    [{ input_ids, labels: input_ids.with(3, 61) }, 'has the label 61'],
    [{ input_ids: input_ids.with(3, 61), labels: input_ids }, 'has the token id 61'],
  ])('beyond the vocabulary are refused', async (row, problem) => {
    const refused = score([row]);
    await expect(refused).rejects.toMatchObject({ code: 'token_out_of_range' });
    await expect(refused).rejects.toThrow(problem);
  });
});
