import { Option } from '@commander-js/extra-typings';
import { wholeNumber } from './command-line/values.js';
import { flaggedFormats } from './formats/score-format.js';

const group = 'Output:';

/** A flag for each format that programs read. */
export const formatOptions = (): readonly Option[] =>
  flaggedFormats.map(({ name, summary }) => new Option(`--${name}`, summary).helpGroup(group));

const flagsOf = (formats: typeof flaggedFormats): string =>
  formats.map(({ name }) => `--${name}`).join(' or ');

/** How else a command shows the report that it ends with. */
export const outputOptions = {
  perExample: new Option(
    '--per-example',
    `with ${flagsOf(flaggedFormats.filter(({ holdsExamples }) => holdsExamples))}: every example's own value for every layer`,
  ).helpGroup(group),
  top: new Option('--top <N>', 'rows of the table')
    .argParser(wholeNumber({ from: 1 }))
    .default(20)
    .helpGroup(group),
  out: new Option(
    '--out <FILE>',
    `write there instead of to standard output; ${flaggedFormats.map(({ extension }) => extension).join(', ')} choose the format`,
  ).helpGroup(group),
};
