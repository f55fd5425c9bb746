import { ScoreReport } from '@layersense/contracts';
import { exampleReport } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { scoreCsv } from './csv.js';
import { scoreJson } from './json.js';
import { bar } from './table/bar.js';
import { formatDuration, formatRatio, formatShare, formatValue } from './table/quantity.js';
import { scoreTable } from './table/table.js';

describe('scoreTable', () => {
  it('says what was computed, then ranks', () => {
    expect(scoreTable(exampleReport, 2)).toBe(`\
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

  it('shows every layer when there is room, and a share of zero where all is zero', () => {
    const zero = exampleReport.scores.map((score) => ({ ...score, values: { sum: 0 } }));
    const table = scoreTable({ ...exampleReport, scores: zero }, 20);
    expect(table).not.toContain('more\n');
    expect(table.match(/ 0 %$/gm)).toHaveLength(3);
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

  it('shows what every expert saw, and says who saw too little', () => {
    const table = scoreTable(mixture, 2);
    expect(table.slice(table.indexOf('rank  '))).toBe(`\
rank  layer                            shape       sum  ± s.e.  tokens in examples   of max
   1  model.layers.0.self_attn.v_proj    4×8     21.97   1.250                        100 %  ████████████
   2  model.layers.1.mlp.bias              4  0.001235       –       1,203 in 14    <0.01 %
      … 1 more
* 1 of the 2 expert weights saw tokens of too few of the 64 examples for their score
  to say much, though each saw some: take more examples before trusting their ranks.
`);
  });

  it('marks them, and counts those that saw nothing', () => {
    const unseen = mixture.scores.map((score) =>
      score.routed_tokens === 40 ? { ...score, routed_tokens: 0, routed_examples: 0 } : score,
    );
    const table = scoreTable({ ...mixture, scores: unseen }, 3);
    expect(table).toMatch(/ 0 in 0 \* +0 %$/m);
    expect(table).toContain('1 of them none at all');
  });

  it('has its counts in CSV, and by example where JSON is asked for them', () => {
    const [, , dense, expert] = scoreCsv(mixture).split('\n');
    expect(dense).toMatch(/,1203,14$/);
    expect(expert).toMatch(/,40,3$/);
    expect(scoreJson(mixture, true)).toContain('"per_example_routed_tokens":[1203,0]');
    expect(scoreJson(mixture, false)).not.toContain('per_example_routed_tokens');
  });
});

describe('scoreCsv', () => {
  it('has a header, every digit, and quotes what needs quoting', () => {
    expect(scoreCsv(exampleReport)).toBe(`\
rank,layer,parameter,shape,numel,n,sum,density,variance,standard_error,confidence_low,confidence_high,top_k_probability,routed_tokens,routed_examples
1,model.layers.0.self_attn.v_proj,model.layers.0.self_attn.v_proj.weight,4x8,32,2,21.96812345,0.68650385,,1.25,,,,,
2,model.layers.1.mlp,model.layers.1.mlp.bias,4,4,2,0.00123456,0.00030864,,,,,,,
3,"say ""no"", twice","say ""no"", twice.weight",8x4,32,2,0,,,0,,,,,
`);
  });
});

describe('scoreCsv of a larger run', () => {
  it('has the variance, the interval and the share of resamples', () => {
    const scores = exampleReport.scores.map((score) => ({
      ...score,
      variance: 3.125,
      confidence_interval: [6.0852, 37.851] as [number, number],
      top_k_probability: 0.97,
    }));
    const [, first] = scoreCsv({ ...exampleReport, scores }).split('\n');
    expect(first).toMatch(/,3\.125,1\.25,6\.0852,37\.851,0\.97,,$/);
  });
});

describe('scoreJson', () => {
  it('is the report in order of rank, one score a line', () => {
    const text = scoreJson(exampleReport, true);
    const scores = exampleReport.scores.toSorted((left, right) => left.rank - right.rank);
    expect(ScoreReport.parse(JSON.parse(text))).toEqual({ run: exampleReport.run, scores });
    expect(text.split('\n').filter((line) => line.startsWith('{"layer"'))).toHaveLength(3);
  });

  it("leaves the examples' values out unless they are asked for", () => {
    expect(scoreJson(exampleReport, false)).not.toContain('per_example');
  });
});

describe('quantities', () => {
  it.each([
    [21.96812345, '21.97'],
    [0.00123456, '0.001235'],
    [440320.4, '440320'],
    [0.0000123456, '1.235e-5'],
    [12345678, '1.235e+7'],
    [0, '0'],
    [null, '–'],
  ])('value %s is %s', (value, text) => expect(formatValue(value)).toBe(text));

  it.each([
    [1, '100 %'],
    [0.0995, '10 %'],
    [0.0123, '1.2 %'],
    [0.00123, '0.12 %'],
    [0.00001, '<0.01 %'],
    [0, '0 %'],
  ])('share %s is %s', (share, text) => expect(formatShare(share)).toBe(text));

  it.each([
    [1.234, '1.2×'],
    [12.34, '12×'],
    [1234.5, '1,235×'],
    [Number.POSITIVE_INFINITY, '∞'],
  ])('ratio %s is %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text));

  it.each([
    [0.26, '0.3 s'],
    [45, '45 s'],
    [150, '3 min'],
    [9000, '2.5 h'],
  ])('%s seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('bar', () => {
  it.each([
    [0, ''],
    [0.5, '██'],
    [0.53125, '██▏'],
    [1, '████'],
    [7, '████'],
  ])('%s of 4 characters', (share, text) => expect(bar(share, 4)).toBe(text));
});
