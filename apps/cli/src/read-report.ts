import { readFile } from 'node:fs/promises';
import { LayersenseError, ScoreReport } from '@layersense/contracts';

/**
 * A report that `layersense score --json` wrote.
 *
 * @throws LayersenseError `invalid_request` naming the file
 */
export async function readReport(file: string): Promise<ScoreReport> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, 'it cannot be read', cause);
  });
  const parsed = ScoreReport.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where =
    issue && issue.path.length > 0 ? ` (${issue.path.join('.')}: ${issue.message})` : '';
  throw unreadable(file, `it is no report as layersense score --json writes it${where}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(file: string, why: string, cause?: unknown): LayersenseError {
  return new LayersenseError('invalid_request', `${file}: ${why}.`, { file }, { cause });
}
