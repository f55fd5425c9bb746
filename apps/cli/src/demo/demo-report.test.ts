import type { LayerScore, Method, ScoreReport } from '@layersense/contracts';
import { exampleReport } from '@layersense/testing';
import { describe, expect, it } from 'vitest';
import { demoReport } from './demo-report.js';

/** Scores of v_proj in blocks 0, 1, 2, … */
const reportOf = (method: Method, values: readonly number[]): ScoreReport => {
  const [whole, perWeight] = method === 'fisher' ? ['sum', 'density'] : ['l1', 'mean_abs'];
  const scores = values.map(
    (value, block): LayerScore => ({
      layer: `model.layers.${block}.self_attn.v_proj`,
      parameter: `model.layers.${block}.self_attn.v_proj.weight`,
      shape: [2, 2],
      numel: 4,
      n: method === 'fisher' ? 2 : null,
      values: { [whole]: value, [perWeight]: value / 4 },
      standard_error: method === 'fisher' ? value / 10 : null,
      routed_tokens: null,
      routed_examples: null,
      rank: 1 + values.filter((other) => other > value).length,
    }),
  );
  return { run: { ...exampleReport.run, method }, scores };
};

const fisherIsWider = {
  arithmetic: reportOf('fisher', [100, 1, 2, 4]),
  encyclopedia: reportOf('fisher', [1, 50, 3, 4]),
  magnitude: reportOf('magnitude', [10, 11, 12, 13]),
};

describe('demoReport', () => {
  const text = demoReport(fisherIsWider);

  it('ranks the layers with standard errors', () => {
    expect(text).toMatch(/ 1 {2}model\.layers\.0\.self_attn\.v_proj +2×2 +100\.0 +10\.00 +100 %/);
  });

  it('measures how widely either score tells the layers apart', () => {
    expect(text).toContain('Over the 4 weight matrices of the blocks');
    expect(text).toMatch(/Fisher on arithmetic \(sum\) +33× +100×/);
    expect(text).toMatch(/magnitude \(l1\) +1\.1× +1\.3×/);
    expect(text).toMatch(/per weight: Fisher \(density\) +33× +100×/);
    expect(text).toMatch(/per weight: magnitude \(mean_abs\) +1\.1× +1\.3×/);
    expect(text).toContain('Largest against median, Fisher tells layers apart 29× as widely;');
  });

  it('says so when it is magnitude that is wider', () => {
    const swapped = demoReport({
      arithmetic: reportOf('fisher', [10, 11, 12, 13]),
      encyclopedia: reportOf('fisher', [10, 11, 12, 13]),
      magnitude: reportOf('magnitude', [100, 1, 2, 4]),
    });
    expect(swapped).toContain(
      'Largest against median, magnitude tells layers apart 29× as widely;',
    );
    expect(swapped).toContain('No weight changes its rank.');
  });

  it('compares the datasets', () => {
    expect(text).toMatch(/v_proj +100 % +2\.0 % +1 → 4 +down 3/);
    expect(text).toMatch(/v_proj +1\.0 % +100 % +4 → 1 +up 3/);
    expect(text).toContain('Rank correlation over all 4 weights (Spearman): -0.80');
  });
});
