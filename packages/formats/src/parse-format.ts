import { LayersenseError } from '@layersense/contracts';
import { families } from './families.js';
import { formats } from './formats.js';
import { nameProblem } from './names/name-problem.js';
import type { NumericFormat } from './numeric-format.js';

/** How many names that were perhaps meant a message has room for. */
const SHOWN = 6;

/**
 * The format of this name.
 *
 * @throws LayersenseError `format_unknown` saying what is wrong with the name, the nearest ones and all
 * forms that names have
 */
export function parseFormat(name: string): NumericFormat {
  const format = formats.get(name);
  if (format !== undefined) return format;
  const { problem, nearest } = nameProblem(name, [...formats.keys()]);
  const shown = nearest.slice(0, SHOWN);
  const meant =
    shown.length > 0 ? ` Perhaps ${shown.join(', ')}${nearest.length > SHOWN ? ', …' : ''}.` : '';
  throw new LayersenseError(
    'format_unknown',
    `No format is called ${JSON.stringify(name)}. ${problem}${meant} Formats are ${forms().join(', ')}.`,
    { format: name, nearest: [...nearest] },
  );
}

function forms(): string[] {
  return families.flatMap(({ patterns }) => patterns.map(({ pattern }) => pattern));
}
