import { Command, Option } from '@commander-js/extra-typings';
import { methodOf } from '@layersense/contracts';
import type { JobServices } from '@layersense/scoring';
import { addOptions } from '../command-line/add-options.js';
import type { DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import { wholeNumber } from '../command-line/values.js';
import { computeJob } from '../compute-job.js';
import { datasetNotes } from '../dataset-notes.js';
import { interruptible } from '../interrupt.js';
import { formatOptions, outputOptions } from '../output-options.js';
import { readRequest, refuseWithoutExamples } from '../request/read-request.js';
import { parameterOption, requestOptions } from '../request/request-options.js';
import { readRequestSchema } from '../request/request-schema.js';
import { UsageError } from '../usage-error.js';

/** `layersense score`: the worker's computation without queue and database. */
export const score: DescribeCommand = (context) => {
  const schema = readRequestSchema();
  const options = requestOptions(schema);
  const command = addOptions(
    new Command('score'),
    options.map(({ option }) => option),
  )
    .description(
      'Score every weight of a model by how much the loss depends on it, here and now: no server, no database.',
    )
    .argument('<MODEL>', 'a folder with a checkpoint, or a Hugging Face Hub repository');
  return addOptions(command, formatOptions())
    .addOption(parameterOption)
    .addOption(
      new Option(
        '--extend <FILE>',
        'take the values of examples that are in this report (--json --per-example) and compute the others',
      ).helpGroup('How much is computed:'),
    )
    .addOption(
      new Option('--threads <N>', 'threads; all processors when absent')
        .argParser(wholeNumber({ from: 1 }))
        .helpGroup('Machine:'),
    )
    .addOption(outputOptions.perExample)
    .addOption(outputOptions.top)
    .addOption(outputOptions.out)
    .addHelpText('after', scoreExamples)
    .action(async (model, flags) => {
      const { threads, extend } = flags;
      const spec = readRequest(model, command.opts(), { schema, options });
      const ofExamples = { '--per-example': flags.perExample, '--extend': extend };
      refuseWithoutExamples(spec, ofExamples, schema);
      if (extend !== undefined && methodOf(spec.method).joinable === false) {
        throw new UsageError(
          `--extend has no meaning with --method ${spec.method}, whose runs are not extended. Compute all of the examples.`,
        );
      }
      const { checkedOutput } = await import('../score-output.js');
      const output = await checkedOutput(flags);
      const earlier = extend === undefined ? undefined : await readEarlier(extend);
      const { hub } = context.config();
      context.exitCode = await interruptible(async (signal) => {
        const report = await computeJob(spec, { hub, threads, earlier }, signal);
        await output.write(report);
        for (const note of datasetNotes(report.run.dataset)) process.stderr.write(`${note}\n`);
        return 0;
      });
    });
};

async function readEarlier(file: string): Promise<JobServices['earlier']> {
  const { givenRun } = await import('@layersense/scoring');
  const { readReport } = await import('../read-report.js');
  return givenRun(await readReport(file));
}

const scoreExamples = examples(
  {
    line: 'layersense score ./demo/model --dataset ./demo/datasets/arithmetic.jsonl',
    what: 'Fisher scores of the demo model, as a table',
  },
  {
    line: 'layersense score Qwen/Qwen2.5-0.5B --dataset gsm8k --examples 128 --out scores.json',
    what: 'the whole report of a Hub model in a file',
  },
  {
    line: 'layersense score Qwen/Qwen2.5-0.5B --dataset gsm8k --examples 512 --until top-k-stable',
    what: 'as many examples as the ten first layers need, 512 at most',
  },
  {
    line: 'layersense score ./demo/model --method magnitude --csv',
    what: 'sums over the weights, for a spreadsheet',
  },
  {
    line: 'layersense score ./demo/model --method format_error --formats int4_g32,int8_channel',
    what: 'what number formats make of the weights',
  },
);
