import { isScarcelyRouted, type LayerScore, type Run, type Stability } from '@layersense/contracts';
import type { LineOptions, Report, ReportFormat } from '../report-format.js';
import { bar } from './bar.js';
import { type Column, columns } from './columns.js';
import { formatBytes, formatCount, formatDuration, formatShare, formatValue } from './quantity.js';
import { variantRows, variantsIn } from './variant-rows.js';

const BAR_WIDTH = 12;
/** Title of the column that only means over examples have. */
const ERROR = '± s.e.';
/** Title of the column that only mixtures of experts have. */
const ROUTED = 'tokens in examples';
/** Marks an expert that saw too little. */
const SCARCE = '*';

/** The ranked scores for a reader: what was computed, then the largest. */
export const table: ReportFormat = {
  name: 'table',
  summary: 'the largest scores, for people',
  mediaType: 'text/plain',
  extension: '.txt',
  lineEnd: '\n',
  readBy: 'people',
  holdsExamples: false,
  lines: tableLines,
};

async function* tableLines(
  { run, metrics, scores }: Report,
  { top = 20 }: LineOptions = {},
): AsyncGenerator<string> {
  if (run !== null) yield* [...runHeader(run), ''];
  const all: LayerScore[] = [];
  for await (const score of scores) all.push(score);
  const variants = variantsIn(metrics);
  yield* variants ? variantRows(variants, all, top) : rankedScores({ metrics, scores: all }, top);
}

/** The scores that `rankedScores` ranks, by the first of the metrics. */
interface Ranked {
  readonly metrics: readonly string[];
  readonly scores: readonly LayerScore[];
}

/** The `top` largest scores, one a line, how many more there are, and which experts saw too little. */
export function rankedScores({ metrics, scores }: Ranked, top: number): readonly string[] {
  const [metric = ''] = metrics;
  const ranked = scores.toSorted((left, right) => left.rank - right.rank);
  const largest = Math.max(0, ...ranked.map((score) => score.values[metric] ?? 0));
  const ofExperts = scores.filter((score) => score.routed_tokens !== null);
  const shown = scoreColumns(metric, largest).filter(
    ({ title }) =>
      (title !== ERROR || scores.some(({ n }) => n !== null)) &&
      (title !== ROUTED || ofExperts.length > 0),
  );
  const cells = ranked.slice(0, top).map((score) => shown.map(({ cell }) => cell(score)));
  const hidden = ranked.length - cells.length;
  return [
    ...columns(shown, cells),
    ...(hidden > 0 ? [`      … ${formatCount(hidden)} more`] : []),
    ...scarceFootnote(ofExperts),
  ];
}

/** Says how many experts' weights are marked, in the table or among those that it leaves out. */
function scarceFootnote(ofExperts: readonly LayerScore[]): readonly string[] {
  const scarce = ofExperts.filter(isScarcelyRouted);
  if (scarce.length === 0) return [];
  const examples = formatCount(scarce[0]?.n ?? 0);
  const unseen = scarce.filter((score) => score.routed_examples === 0).length;
  return [
    `${SCARCE} ${formatCount(scarce.length)} of the ${formatCount(ofExperts.length)} expert weights saw tokens of too few of the ${examples} examples for their score`,
    `  to say much, ${unseen === 0 ? 'though each saw some' : `${formatCount(unseen)} of them none at all`}: take more examples before trusting their ranks.`,
  ];
}

interface ScoreColumn extends Column {
  readonly cell: (score: LayerScore) => string;
}

function scoreColumns(metric: string, largest: number): readonly ScoreColumn[] {
  const value = ({ values }: LayerScore): number | null => values[metric] ?? null;
  const share = (score: LayerScore): number => (largest > 0 ? (value(score) ?? 0) / largest : 0);
  return [
    { title: 'rank', align: 'right', cell: ({ rank }) => String(rank) },
    { title: 'layer', cell: distinctName },
    { title: 'shape', align: 'right', cell: ({ shape }) => shape.join('×') },
    { title: metric, align: 'right', cell: (score) => formatValue(value(score)) },
    { title: ERROR, align: 'right', cell: (score) => formatValue(score.standard_error) },
    { title: ROUTED, align: 'right', cell: routedTokens },
    { title: 'of max', align: 'right', cell: (score) => formatShare(share(score)) },
    { title: '', cell: (score) => bar(share(score), BAR_WIDTH) },
  ];
}

/** A bias shares its layer's name with the weight, so it is told apart. */
const distinctName = ({ layer, parameter }: LayerScore): string =>
  /\.bias(\[|$)/.test(parameter) ? parameter : layer;

/** `1,203 in 14`, marked where that is too little; nothing for a weight that every token uses. */
function routedTokens(score: LayerScore): string {
  const { routed_tokens: tokens, routed_examples: examples } = score;
  if (tokens === null || examples === null) return '';
  const mark = isScarcelyRouted(score) ? SCARCE : ' ';
  return `${formatCount(tokens)} in ${formatCount(examples)} ${mark}`;
}

type Fact = string | null | undefined | false;

function runHeader(run: Run): readonly string[] {
  const { model } = run;
  const lines: (readonly [string, readonly Fact[]])[] = [
    [
      'model',
      [
        `${model.name}@${model.revision.replace('sha256:', '').slice(0, 12)}`,
        model.model_type,
        counted(model.parameters, 'parameters'),
        model.dtype,
      ],
    ],
    ['dataset', run.dataset ? datasetFacts(run.dataset) : ['none; the weights alone']],
    [
      'method',
      [
        run.method,
        run.loss && `${run.loss} loss`,
        run.labels && `${run.labels} labels`,
        run.mean_loss !== null && `mean loss ${formatValue(run.mean_loss)}`,
      ],
    ],
    [
      'run',
      [
        run.device,
        run.plan && `${run.plan} plan`,
        run.seconds !== null && formatDuration(run.seconds),
        run.peak_memory_bytes !== null && `peak memory ${formatBytes(run.peak_memory_bytes)}`,
        run.engine.onnxruntime !== null && `ONNX Runtime ${run.engine.onnxruntime}`,
        `identity ${run.identity.slice(0, 12)}`,
      ],
    ],
  ];
  if (run.stability) lines.push(['ranking', rankingFacts(run, run.stability)]);
  return lines.map(([name, facts]) => `${name.padEnd(8)} ${facts.filter(Boolean).join(', ')}`);
}

function rankingFacts({ stopping }: Run, { k, resamples, probability, jaccard }: Stability) {
  return [
    `each of the top ${k} stays there in at least ${formatShare(probability)} of ${formatCount(resamples)} resamples`,
    `expected overlap ${formatShare(jaccard)}`,
    stopping?.reason === 'stable' && `stable after ${stopping.examples} of ${stopping.at_most}`,
    stopping?.reason === 'examples exhausted' && `all ${stopping.at_most} examples taken`,
  ];
}

function datasetFacts(dataset: NonNullable<Run['dataset']>): readonly Fact[] {
  return [
    dataset.name,
    dataset.split,
    dataset.format,
    counted(dataset.examples, 'examples'),
    counted(dataset.tokens, 'tokens'),
    dataset.truncated ? counted(dataset.truncated, 'truncated') : null,
    dataset.fingerprint && `fingerprint ${dataset.fingerprint.slice(0, 12)}`,
  ];
}

const counted = (count: number | null, what: string): Fact =>
  count !== null && `${formatCount(count)} ${what}`;
