import type { ScoreReport } from '@layersense/contracts';
import { describe, expect, it } from 'vitest';
import { largestDifference, perExampleOf } from './compare-reports.js';
import { exampleReport } from './example-report.js';
import { largest, nonEmpty, smallest } from './non-empty.js';
import { largestRelativeError } from './relative-error.js';

const [first, second] = exampleReport.scores;
if (!first || !second) throw new Error('the example has lost its scores');
const report: ScoreReport = { ...exampleReport, scores: [first, second] };
const withScores = (scores: readonly object[]) => ({ ...report, scores }) as ScoreReport;
const without = ({ per_example: _, ...score }: ScoreReport['scores'][number]) => score;

describe('reports that differ', () => {
  it('differ by the largest relative difference of an example', () => {
    const changed = withScores([first, { ...second, per_example: [20.5, 23.4 * 1.25] }]);
    expect(largestDifference(report, report)).toBe(0);
    expect(largestDifference(changed, report)).toBeCloseTo(0.25, 12);
  });

  it('differ as well where a value is not finite', () => {
    const broken = withScores([first, { ...second, per_example: [20.5, Number.NaN] }]);
    expect(largestDifference(broken, report)).toBeNaN();
    expect(largestDifference(report, broken)).toBeNaN();
  });
});

describe('what cannot be compared is refused', () => {
  it.each<[string, ScoreReport, string]>([
    ['without values of examples', withScores(report.scores.map(without)), 'has no per_example'],
    ['with one score without', withScores([first, without(second)]), 'has no per_example'],
    ['with no value', withScores([first, { ...second, per_example: [] }]), 'has 0 values for 2'],
    [
      'with a value too few',
      withScores([first, { ...second, per_example: [1] }]),
      '1 values for 2',
    ],
    ['without scores', withScores([]), 'nothing to compare'],
    ['without a dataset', { ...report, run: { ...report.run, dataset: null } }, 'nothing to'],
    ['with fewer parameters', withScores([first]), `only one report has ${second.parameter}`],
  ])('a report %s', (_, other, words) => {
    expect(() => largestDifference(report, other)).toThrow(words);
    expect(() => largestDifference(other, report)).toThrow(words);
  });

  it('a report without a row of the other', () => {
    const { dataset } = report.run;
    const rows = dataset && { ...dataset, indices: [70, 71] };
    const other = { ...report, run: { ...report.run, dataset: rows } };
    expect([...(perExampleOf(other).get(first.parameter)?.keys() ?? [])]).toEqual([70, 71]);
    expect(() => largestDifference(report, other)).toThrow('only one report has row');
  });

  it('lists without values, or of other lengths', () => {
    expect(() => largestRelativeError([], [])).toThrow('nothing to compare');
    expect(() => largestRelativeError(undefined, [1])).toThrow('undefined values');
    expect(() => largestRelativeError([1], undefined)).toThrow('with undefined');
    expect(() => largestRelativeError([1], [1, 2])).toThrow('1 values cannot be compared with 2');
    expect(() => nonEmpty([])).toThrow('nothing to compare');
    expect(() => largest([])).toThrow('nothing to compare');
    expect(() => smallest(new Map<string, number>().values())).toThrow('nothing to compare');
  });
});
