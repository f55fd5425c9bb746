import type { ScoreReport } from '@layersense/contracts';

/** The report as one JSON document with one score a line, so that it can be grepped and compared. */
export function scoreJson({ run, scores }: ScoreReport, perExample: boolean): string {
  const lines = scores
    .toSorted((left, right) => left.rank - right.rank)
    .map((score) => {
      const { per_example: _, per_example_routed_tokens: __, ...summary } = score;
      return JSON.stringify(perExample ? score : summary);
    });
  return `{\n"run": ${JSON.stringify(run, null, 2)},\n"scores": [\n${lines.join(',\n')}\n]}\n`;
}
