import type { ScoreReport } from '@layersense/contracts';

/** The report as one JSON document with one score a line, so that it can be grepped and compared. */
export function scoreJson({ run, scores }: ScoreReport, perExample: boolean): string {
  const lines = scores
    .toSorted((left, right) => left.rank - right.rank)
    .map(({ per_example, ...score }) =>
      JSON.stringify(perExample && per_example ? { ...score, per_example } : score),
    );
  return `{\n"run": ${JSON.stringify(run, null, 2)},\n"scores": [\n${lines.join(',\n')}\n]}\n`;
}
