import { extname } from 'node:path';
import { type ReportFormat, reportFormats, table } from '@layersense/report-formats';
import { UsageError } from '../usage-error.js';

/** Formats that a flag asks for: every one that programs read. What people read is the default. */
export const flaggedFormats = reportFormats.filter(({ readBy }) => readBy === 'programs');

/**
 * The format asked for by flag, else by the file's extension, else the table.
 *
 * @param flags by their names; those of other things are no matter
 */
export function chooseFormat(
  flags: Readonly<Record<string, unknown>>,
  out: string | undefined,
): ReportFormat {
  const [asked, other] = flaggedFormats.filter(({ name }) => flags[name] === true);
  if (asked && other)
    throw new UsageError(`--${asked.name} and --${other.name} exclude each other.`);
  if (asked) return asked;
  const extension = extname(out ?? '').toLowerCase();
  return reportFormats.find((format) => format.extension === extension) ?? table;
}
