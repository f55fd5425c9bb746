import { mergeReports } from '@layersense/runs';
import { parseArguments } from '../arguments.js';
import { readReport } from '../read-report.js';
import { checkedOutput } from '../score-output.js';
import { mergeSyntax } from './merge-syntax.js';

/** `layersense merge`: one report out of two. */
export async function merge(args: readonly string[]): Promise<number> {
  const { operands, flags } = parseArguments(mergeSyntax, args);
  const output = await checkedOutput(flags);
  const reports = await Promise.all(operands.map(readReport));
  await output.write(mergeReports(reports));
  return 0;
}
