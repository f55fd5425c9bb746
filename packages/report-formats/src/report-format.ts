import type { LayerScore, Run, ScoreReport, StoredScore } from '@layersense/contracts';

/** What is written: a run with its scores, or what the finished examples of a job say so far. */
export interface Report {
  /** Null of a job that is not finished. */
  readonly run: Run | null;
  /** Names of the values, in their order; the first one ranks. */
  readonly metrics: readonly string[];
  /**
   * In order of rank; with the values of every example where these are to be written. They may come as
   * they are read, since those of all layers may be more than memory holds.
   */
  readonly scores: Iterable<LayerScore> | AsyncIterable<LayerScore>;
}

export interface LineOptions {
  /** How many of the largest scores a reader is shown; a program is given all. */
  readonly top?: number;
}

/** One way to write a report. Whoever writes or answers reports offers what `reportFormats` lists. */
export interface ReportFormat {
  /** What a flag calls it. */
  readonly name: string;
  /** What its flag gives, for the help of a command. */
  readonly summary: string;
  readonly mediaType: string;
  /** Of file names, with its dot. */
  readonly extension: string;
  /** What ends a line where the media type is answered; files have the line feed of text files. */
  readonly lineEnd: '\n' | '\r\n';
  /** People are shown the top of it on a screen; the service answers what programs read. */
  readonly readBy: 'people' | 'programs';
  /** Whether the values of every example have a place in it. */
  readonly holdsExamples: boolean;
  /** The report in lines without their ends. */
  lines(report: Report, options?: LineOptions): AsyncIterable<string>;
  /** Stored scores of any runs, in the order given; absent where the format is of one report. */
  listLines?(scores: readonly StoredScore[]): AsyncIterable<string>;
}

/** A report as it was computed or stored, in order of rank. */
export function reportOf({ run, scores }: ScoreReport, perExample: boolean): Report {
  const byRank = scores.toSorted((left, right) => left.rank - right.rank);
  return { run, metrics: run.metrics, scores: perExample ? byRank : byRank.map(withoutExamples) };
}

function withoutExamples({
  per_example: _,
  per_example_routed_tokens: __,
  other_metrics: others,
  ...score
}: LayerScore): LayerScore {
  if (!others) return score;
  const errors = Object.entries(others).map(([metric, { standard_error }]) => [
    metric,
    { standard_error },
  ]);
  return { ...score, other_metrics: Object.fromEntries(errors) };
}
