import type { ScoreReport } from '@layersense/contracts';
import { reportOf } from '@layersense/report-formats';
import { chooseFormat, flaggedFormats } from './formats/score-format.js';
import { assertWritable, writeAtomically } from './output-file.js';
import { UsageError } from './usage-error.js';

/** As `outputOptions` reads them, the flags of the formats beside them. */
interface OutputFlags {
  readonly perExample?: true | undefined;
  readonly top: number;
  readonly out?: string | undefined;
}

/** The flags of formats with a place for the values of every example. */
const holders = flaggedFormats.flatMap(({ name, holdsExamples }) =>
  holdsExamples ? [`--${name}`] : [],
);

export interface ScoreOutput {
  write(report: ScoreReport): Promise<void>;
}

/**
 * Where and how a report is to be shown.
 *
 * @throws UsageError when that cannot be done, before there is a report
 */
export async function checkedOutput(flags: OutputFlags): Promise<ScoreOutput> {
  const { top, out, perExample = false } = flags;
  const format = chooseFormat({ ...flags }, out);
  if (perExample && !format.holdsExamples) {
    throw new UsageError(
      `--per-example needs ${holders.join(' or ')}: a table has no place for every example.`,
    );
  }
  if (out) await assertWritable(out);
  return {
    async write(report) {
      let text = '';
      for await (const line of format.lines(reportOf(report, perExample), { top })) {
        text += `${line}\n`;
      }
      if (!out) {
        process.stdout.write(text);
        return;
      }
      await writeAtomically(out, text);
      process.stderr.write(`Wrote ${report.scores.length} scores to ${out}.\n`);
    },
  };
}
