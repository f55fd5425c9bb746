import type { ScoreReport } from '@layersense/contracts';
import {
  type Column,
  columns,
  formatCount,
  formatRatio,
  formatShare,
  rankedScores,
} from '@layersense/report-formats';
import { type DynamicRange, dynamicRange } from '@layersense/statistics';
import { blockMatrices } from '../analysis/block-matrices.js';
import { compareRankings, largestMoves } from '../analysis/compare-rankings.js';

export interface DemoScores {
  readonly arithmetic: ScoreReport;
  readonly encyclopedia: ScoreReport;
  readonly magnitude: ScoreReport;
}

const TOP_SCORES = 15;
const TOP_COMPARED = 10;
const MOVES = 5;

/** What the three runs say. Every number and every comparison is computed from them. */
export function demoReport(scores: DemoScores): string {
  return [
    ...ranking(scores.arithmetic),
    ...againstMagnitude(scores),
    ...acrossDatasets(scores),
  ].join('\n');
}

function ranking(report: ScoreReport): readonly string[] {
  return [
    '1. Which weights does the loss on arithmetic depend on?',
    '',
    '   The Fisher score is the mean over the examples of the squared norm of the gradient of an',
    "   example's loss with respect to the weight. ± is its standard error over the examples.",
    '',
    ...rankedScores({ metrics: report.run.metrics, scores: report.scores }, TOP_SCORES),
    '',
  ];
}

function againstMagnitude({ arithmetic, magnitude }: DemoScores): readonly string[] {
  const fisher = { ...arithmetic, scores: [...blockMatrices(arithmetic.scores)] };
  const size = { ...magnitude, scores: [...blockMatrices(magnitude.scores)] };
  const { correlation, layers } = compareRankings(fisher, size);
  const range = (report: ScoreReport, metric: string): DynamicRange =>
    dynamicRange(report.scores.map(({ values }) => values[metric] ?? 0));
  const row = (title: string, { overMedian, overSmallest }: DynamicRange): readonly string[] => [
    title,
    formatRatio(overMedian),
    formatRatio(overSmallest),
  ];
  const whole = [range(fisher, 'sum'), range(size, 'l1')] as const;
  const perWeight = [range(fisher, 'density'), range(size, 'mean_abs')] as const;
  return [
    '2. Would the size of the weights have told the same?',
    '',
    `   Over the ${formatCount(layers.length)} weight matrices of the blocks, the largest score is`,
    '',
    ...indented(
      columns(
        [{ title: '' }, right('× the median'), right('× the smallest')],
        [
          row('Fisher on arithmetic (sum)', whole[0]),
          row('magnitude (l1)', whole[1]),
          row('per weight: Fisher (density)', perWeight[0]),
          row('per weight: magnitude (mean_abs)', perWeight[1]),
        ],
      ),
    ),
    '',
    `   Largest against median, ${widerSpread(...whole)};`,
    `   per weight, so that the size of a matrix does not count, ${widerSpread(...perWeight)}.`,
    `   Rank correlation of Fisher and magnitude (Spearman): ${formatCorrelation(correlation)}.`,
    '',
  ];
}

/** Which of the two scores spreads the layers further, whichever it is. */
function widerSpread(fisher: DynamicRange, magnitude: DynamicRange): string {
  const ratio = fisher.overMedian / magnitude.overMedian;
  return ratio >= 1
    ? `Fisher tells layers apart ${formatRatio(ratio)} as widely`
    : `magnitude tells layers apart ${formatRatio(1 / ratio)} as widely`;
}

function acrossDatasets({ arithmetic, encyclopedia }: DemoScores): readonly string[] {
  const comparison = compareRankings(arithmetic, encyclopedia);
  const { layers, correlation } = comparison;
  const title = [
    { title: 'layer' },
    right('arithmetic'),
    right('encyclopaedia'),
    right('rank'),
    { title: '' },
  ];
  const row = ({ layer, first, second }: (typeof layers)[number]): readonly string[] => [
    layer,
    formatShare(first.share),
    formatShare(second.share),
    `${first.rank} → ${second.rank}`,
    movement(first.rank - second.rank),
  ];
  const moves = largestMoves(comparison, MOVES);
  return [
    '3. Does the answer depend on the data?',
    '',
    `   Share of the maximum on either set, for the ${TOP_COMPARED} first on arithmetic:`,
    '',
    ...indented(columns(title, layers.slice(0, TOP_COMPARED).map(row))),
    '',
    `   Rank correlation over all ${formatCount(layers.length)} weights (Spearman): ${formatCorrelation(correlation)}.`,
    ...(moves.length === 0
      ? ['   No weight changes its rank.']
      : ['   The ranks that change most:', '', ...indented(columns(title, moves.map(row)))]),
    '',
  ];
}

const right = (title: string): Column => ({ title, align: 'right' });

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `   ${line}`);

const formatCorrelation = (value: number): string =>
  Number.isNaN(value) ? 'undefined' : value.toFixed(2);

/** Ranks gained on the second set. */
function movement(gained: number): string {
  if (gained === 0) return '';
  return gained > 0 ? `up ${gained}` : `down ${-gained}`;
}
