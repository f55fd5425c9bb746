import { ScoreReport } from '@layersense/contracts';
import { exampleReport } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { csv } from './csv.js';
import { json } from './json.js';
import { ndjson } from './ndjson.js';
import { type ReportFormat, reportOf } from './report-format.js';
import { reportFormats } from './report-formats.js';
import { table } from './table/table.js';

interface TextOptions {
  readonly perExample?: boolean;
  readonly top?: number;
}

/** The file that a format makes of a report. */
async function text(
  format: ReportFormat,
  report: ScoreReport,
  { perExample = false, ...options }: TextOptions = {},
): Promise<string> {
  const lines = await linesOf(format.lines(reportOf(report, perExample), options));
  return lines.map((line) => `${line}\n`).join('');
}

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('the table', () => {
  it('says what was computed, then ranks', async () => {
    expect(await text(table, exampleReport, { top: 2 })).toBe(`\
model    ./demo/model@fedcba987654, llama, 3,145,728 parameters, bfloat16
dataset  sums, and more.jsonl, 2 examples, 1,234 tokens, 1 truncated, fingerprint aaaabbbbcccc
method   fisher, token-mean loss, data labels, mean loss 1.500
run      cpu, whole-graph plan, 12 s, peak memory 512 MiB, ONNX Runtime 1.30.0, identity 0123456789ab
ranking  each of the top 1 stays there in at least 97 % of 1,000 resamples, expected overlap 98 %

rank  layer                            shape       sum  ± s.e.   of max
   1  model.layers.0.self_attn.v_proj    4×8     21.97   1.250    100 %  ████████████
   2  model.layers.1.mlp.bias              4  0.001235       –  <0.01 %
      … 1 more
`);
  });

  it('shows every layer when there is room, and a share of zero where all is zero', async () => {
    const zero = exampleReport.scores.map((score) => ({ ...score, values: { sum: 0 } }));
    const shown = await text(table, { ...exampleReport, scores: zero }, { top: 20 });
    expect(shown).not.toContain('more\n');
    expect(shown.match(/ 0 %$/gm)).toHaveLength(3);
  });
});

describe('a score without data', () => {
  const { run } = exampleReport;
  const scores = exampleReport.scores.map((score) => ({
    ...score,
    n: null,
    standard_error: null,
    values: { l1: score.values.sum ?? null, max_abs: 1 },
  }));
  const report: ScoreReport = {
    run: { ...run, method: 'magnitude', metrics: ['l1', 'max_abs'], dataset: null },
    scores,
  };

  it("has the run's own metrics, the first of which ranks, and no errors", async () => {
    expect(await text(table, report, { top: 1 })).toContain(`
rank  layer                            shape     l1  of max
   1  model.layers.0.self_attn.v_proj    4×8  21.97   100 %  ████████████
`);
    const [header, first] = (await text(csv, report)).split('\n');
    expect(header).toContain(',n,l1,max_abs,variance,');
    expect(first).toContain(',32,,21.96812345,1,,');
  });
});

describe('a score in several formats', () => {
  const { run, scores } = exampleReport;
  const metrics = ['int4_g32.kl', 'int4_g32.top1_agreement', 'bf16.kl', 'bf16.top1_agreement'];
  const report: ScoreReport = {
    run: { ...run, method: 'measure', metrics },
    scores: scores.map((score) => ({
      ...score,
      values: {
        'int4_g32.kl': score.rank === 2 ? null : 0.0125,
        'int4_g32.top1_agreement': score.rank === 2 ? null : 0.5,
        'bf16.kl': 1e-7,
        'bf16.top1_agreement': 1,
      },
      other_metrics: { 'bf16.kl': { standard_error: 2e-9, per_example: [1e-7, 2e-7] } },
    })),
  };

  it('has a line for each of them, with the errors that are known', async () => {
    const shown = await text(table, report, { top: 2 });
    expect(shown.slice(shown.indexOf('layer  '))).toBe(`\
layer                            in              kl    ± s.e.  top1_agreement
model.layers.0.self_attn.v_proj  int4_g32   0.01250     1.250          0.5000
model.layers.0.self_attn.v_proj  bf16      1.000e-7  2.000e-9           1.000
model.layers.1.mlp               int4_g32         –         –               –
model.layers.1.mlp               bf16      1.000e-7  2.000e-9           1.000
… 1 more
`);
  });

  it('has errors without examples unless these are asked for', async () => {
    expect(await text(json, report)).toContain('"bf16.kl":{"standard_error":2e-9}');
    expect(await text(json, report, { perExample: true })).toContain('[1e-7,2e-7]');
  });
});

describe('a mixture of experts', () => {
  const counts = [
    { routed_tokens: 1203, routed_examples: 14, per_example_routed_tokens: [1203, 0] },
    { routed_tokens: null, routed_examples: null },
    { routed_tokens: 40, routed_examples: 3, per_example_routed_tokens: [40, 0] },
  ];
  const mixture = {
    ...exampleReport,
    scores: exampleReport.scores.map((score, i) => ({ ...score, n: 64, ...counts[i] })),
  };

  it('shows what every expert saw, and says who saw too little', async () => {
    const shown = await text(table, mixture, { top: 2 });
    expect(shown.slice(shown.indexOf('rank  '))).toBe(`\
rank  layer                            shape       sum  ± s.e.  tokens in examples   of max
   1  model.layers.0.self_attn.v_proj    4×8     21.97   1.250                        100 %  ████████████
   2  model.layers.1.mlp.bias              4  0.001235       –       1,203 in 14    <0.01 %
      … 1 more
* 1 of the 2 expert weights saw tokens of too few of the 64 examples for their score
  to say much, though each saw some: take more examples before trusting their ranks.
`);
  });

  it('marks them, and counts those that saw nothing', async () => {
    const unseen = mixture.scores.map((score) =>
      score.routed_tokens === 40 ? { ...score, routed_tokens: 0, routed_examples: 0 } : score,
    );
    const shown = await text(table, { ...mixture, scores: unseen }, { top: 3 });
    expect(shown).toMatch(/ 0 in 0 \* +0 %$/m);
    expect(shown).toContain('1 of them none at all');
  });

  it('has its counts in CSV, and by example where JSON is asked for them', async () => {
    const [, , dense, expert] = (await text(csv, mixture)).split('\n');
    expect(dense).toMatch(/,1203,14$/);
    expect(expert).toMatch(/,40,3$/);
    expect(await text(json, mixture, { perExample: true })).toContain(
      '"per_example_routed_tokens":[1203,0]',
    );
    expect(await text(json, mixture)).not.toContain('per_example_routed_tokens');
  });
});

describe('CSV', () => {
  it('has a header, every digit, and quotes what needs quoting', async () => {
    expect(await text(csv, exampleReport)).toBe(`\
rank,layer,parameter,shape,numel,n,sum,density,variance,standard_error,confidence_low,confidence_high,top_k_probability,routed_tokens,routed_examples
1,model.layers.0.self_attn.v_proj,model.layers.0.self_attn.v_proj.weight,4x8,32,2,21.96812345,0.68650385,,1.25,,,,,
2,model.layers.1.mlp,model.layers.1.mlp.bias,4,4,2,0.00123456,0.00030864,,,,,,,
3,"say ""no"", twice","say ""no"", twice.weight",8x4,32,2,0,,,0,,,,,
`);
  });
});

describe('CSV of a larger run', () => {
  it('has the variance, the interval and the share of resamples', async () => {
    const scores = exampleReport.scores.map((score) => ({
      ...score,
      variance: 3.125,
      confidence_interval: [6.0852, 37.851] as [number, number],
      top_k_probability: 0.97,
    }));
    const [, first] = (await text(csv, { ...exampleReport, scores })).split('\n');
    expect(first).toMatch(/,3\.125,1\.25,6\.0852,37\.851,0\.97,,$/);
  });
});

describe('JSON', () => {
  it('is the report in order of rank, one score a line', async () => {
    const written = await text(json, exampleReport, { perExample: true });
    const scores = exampleReport.scores.toSorted((left, right) => left.rank - right.rank);
    expect(ScoreReport.parse(JSON.parse(written))).toEqual({ run: exampleReport.run, scores });
    expect(written.split('\n').filter((line) => line.startsWith('{"layer"'))).toHaveLength(3);
  });

  it("leaves the examples' values out unless they are asked for", async () => {
    expect(await text(json, exampleReport)).not.toContain('per_example');
  });
});

describe('NDJSON', () => {
  it('has a document for each score, with its run and what else the score has', async () => {
    const lines = (await text(ndjson, exampleReport, { perExample: true })).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      exampleReport.scores
        .toSorted((left, right) => left.rank - right.rank)
        .map((score) => ({ run_id: 'run_1', ...score })),
    );
    expect(await text(ndjson, exampleReport)).not.toContain('per_example');
  });
});

describe('a report without a run yet', () => {
  it.each([
    [csv, 'rank,layer'],
    [ndjson, '{"layer":"model.layers.0.self_attn.v_proj"'],
    [table, 'rank  layer'],
  ])('is written as $name', async (format, start) => {
    const { metrics, scores } = reportOf(exampleReport, false);
    const [first] = await linesOf(format.lines({ run: null, metrics, scores }));
    expect(first?.startsWith(start)).toBe(true);
  });
});

describe('the list of formats', () => {
  it('gives every format a name, a media type and an extension of its own', () => {
    for (const key of ['name', 'mediaType', 'extension'] as const) {
      expect(new Set(reportFormats.map((format) => format[key])).size).toBe(4);
    }
    expect(reportFormats.map(({ extension }) => extension.startsWith('.'))).not.toContain(false);
  });
});
