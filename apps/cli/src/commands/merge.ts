import { Command } from '@commander-js/extra-typings';
import { addOptions } from '../command-line/add-options.js';
import type { DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import { formatOptions, outputOptions } from '../output-options.js';

/** `layersense merge`: one report out of two. */
export const merge: DescribeCommand = () =>
  addOptions(new Command('merge'), formatOptions())
    .description(
      'Join two reports over disjoint examples into the report over all of them, exactly and without a gradient.',
    )
    .argument('<A.json>', 'a report of layersense score --json --per-example')
    .argument('<B.json>', 'another, of the same model, loss and labels')
    .addOption(outputOptions.perExample)
    .addOption(outputOptions.top)
    .addOption(outputOptions.out)
    .addHelpText(
      'after',
      examples({
        line: 'layersense merge first.json second.json --per-example --out both.json',
        what: 'a report that can be merged or extended again',
      }),
    )
    .action(async (first, second, options) => {
      const { mergeReports } = await import('@layersense/runs');
      const { readReport } = await import('../read-report.js');
      const { checkedOutput } = await import('../score-output.js');
      const output = await checkedOutput(options);
      const reports = await Promise.all([first, second].map(readReport));
      await output.write(mergeReports(reports));
    });
