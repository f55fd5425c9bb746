import { readFile } from 'node:fs/promises';
import { Command, Option } from '@commander-js/extra-typings';
import type { Assignment } from '@layersense/contracts';
import type { JobServices } from '@layersense/scoring';
import { addOptions } from '../command-line/add-options.js';
import type { DescribeCommand } from '../command-line/context.js';
import { examples } from '../command-line/help-layout.js';
import { repeated, wholeNumber } from '../command-line/values.js';
import { computeJob } from '../compute-job.js';
import { datasetNotes } from '../dataset-notes.js';
import { interruptible } from '../interrupt.js';
import { formatOptions, outputOptions } from '../output-options.js';
import { readRequest } from '../request/read-request.js';
import {
  type GivenParameter,
  type RequestOption,
  requestOptions,
} from '../request/request-options.js';
import { type RequestSchema, readRequestSchema } from '../request/request-schema.js';
import { UsageError } from '../usage-error.js';

const METHOD = 'measure';
const what = 'What is measured:';

/** `layersense measure`: what number formats do to a model's predictions. */
export const measure: DescribeCommand = (context) => {
  const schema = readRequestSchema();
  const options = requestOptions(schema).filter((option) => isOf(option, schema));
  const command = new Command('measure')
    .description(
      'Measure what number formats do to the predictions of a model on examples: the divergence KL(original ‖ quantised), the growth of the cross-entropy and how often the most likely token stays, here and now.',
    )
    .argument('<MODEL>', 'a folder with a checkpoint, or a Hugging Face Hub repository')
    .addOption(
      new Option(
        '--formats <LIST>',
        'numeric formats by name, with commas: int4_g32,nvfp4. Each for all matrices at once',
      )
        .argParser(listed)
        .helpGroup(what),
    )
    .addOption(
      new Option('--matrices <LIST>', 'names of parameters, with * and ? as wildcards and commas')
        .default(undefined, 'every matrix')
        .argParser(listed)
        .helpGroup(what),
    )
    .addOption(
      new Option('--pairs', 'each format of --formats for one matrix at a time').helpGroup(what),
    )
    .addOption(
      new Option('--sample <N>', 'with --pairs: so many of them, from all layers')
        .argParser(wholeNumber({ from: 1 }))
        .helpGroup(what),
    )
    .addOption(
      new Option(
        '--assignment <FILE>',
        'formats of weights that are measured together: {"model.layers.0.*": "int4_g32", …}. May be repeated',
      )
        .argParser(repeated)
        .helpGroup(what),
    )
    .addOption(
      new Option(
        '--calibration <FILE>',
        'a report: how many of the examples are those that it was computed on is recorded',
      ).helpGroup('Calibration data:'),
    )
    .addOption(
      new Option('--held-out', 'with --calibration: refuse such examples').helpGroup(
        'Calibration data:',
      ),
    );
  return addOptions(
    addOptions(
      command,
      options.map(({ option }) => option),
    ),
    formatOptions(),
  )
    .addOption(
      new Option('--threads <N>', 'threads; all processors when absent')
        .argParser(wholeNumber({ from: 1 }))
        .helpGroup('Machine:'),
    )
    .addOption(outputOptions.perExample)
    .addOption(outputOptions.top)
    .addOption(outputOptions.out)
    .addHelpText('after', measureExamples)
    .action(async (model, flags) => {
      const { threads } = flags;
      const calibration = await calibrationOf(flags);
      const param = [...(await measured(flags)), ...calibration.parameters];
      const values = { ...command.opts(), method: METHOD, param };
      const spec = readRequest(model, values, { schema, options });
      const { checkedOutput } = await import('../score-output.js');
      const output = await checkedOutput(flags);
      const { hub } = context.config();
      context.exitCode = await interruptible(async (signal) => {
        const { findRun } = calibration;
        const report = await computeJob(spec, { hub, threads, findRun }, signal);
        await output.write(report);
        for (const note of datasetNotes(report.run.dataset)) process.stderr.write(`${note}\n`);
        return 0;
      });
    });
};

/** Whether a flag of requests says something to this method; what is measured has flags of its own. */
function isOf({ flag }: RequestOption, schema: RequestSchema): boolean {
  return flag.path !== 'method' && schema.at(flag.path.split('.'), METHOD).length > 0;
}

const listed = (text: string): readonly string[] => text.split(',');

interface Measured {
  readonly formats?: readonly string[] | undefined;
  readonly matrices?: readonly string[] | undefined;
  readonly pairs?: true | undefined;
  readonly sample?: number | undefined;
  readonly assignment?: readonly string[] | undefined;
}

/** The method's own parameters. @throws UsageError where the flags do not fit together */
async function measured({
  formats,
  matrices,
  pairs,
  sample,
  assignment: files = [],
}: Measured): Promise<readonly GivenParameter[]> {
  if (formats === undefined && files.length === 0) {
    throw new UsageError(
      'measure needs --formats LIST or --assignment FILE: which weights get which formats?',
    );
  }
  if (sample !== undefined && !pairs) {
    throw new UsageError('--sample needs --pairs, of which it is a part.');
  }
  if (pairs) {
    if (formats === undefined || files.length > 0) {
      throw new UsageError(
        '--pairs needs --formats, and no --assignment: it is of single matrices.',
      );
    }
    return [parameter('pairs', { formats, matrices, sample })];
  }
  if (matrices && formats === undefined) {
    throw new UsageError('--matrices needs --formats: an assignment names its weights itself.');
  }
  const globs = matrices ?? ['*'];
  const uniform = (formats ?? []).map((format) => ({
    name: format,
    weights: Object.fromEntries(globs.map((glob) => [glob, format])),
  }));
  const read = await Promise.all(files.map(readAssignment));
  return [parameter('assignments', [...uniform, ...read])];
}

const parameter = (name: string, value: unknown): GivenParameter => ({
  name,
  text: JSON.stringify(value),
});

/** A file of weights and formats, or one with a name beside them. @throws UsageError naming the file */
async function readAssignment(file: string): Promise<Assignment> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new UsageError(`--assignment ${file}: it cannot be read (${cause.message}).`);
  });
  const content = parsed(file, text);
  return 'weights' in content
    ? (content as Assignment)
    : { weights: content as Assignment['weights'] };
}

function parsed(file: string, text: string): object {
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  } catch {
    // Said below: what is no JSON is no object.
  }
  throw new UsageError(
    `--assignment ${file}: it must be a JSON object of formats by the names of weights.`,
  );
}

interface Calibration {
  readonly parameters: readonly GivenParameter[];
  readonly findRun: JobServices['findRun'];
}

async function calibrationOf({
  calibration: file,
  heldOut,
}: {
  readonly calibration?: string | undefined;
  readonly heldOut?: true | undefined;
}): Promise<Calibration> {
  if (file === undefined) {
    if (heldOut)
      throw new UsageError('--held-out needs --calibration FILE: held out from which examples?');
    return { parameters: [], findRun: undefined };
  }
  const { readReport } = await import('../read-report.js');
  const { run } = await readReport(file);
  return {
    parameters: [
      { name: 'calibration_run', text: run.id },
      ...(heldOut ? [{ name: 'held_out', text: 'required' }] : []),
    ],
    findRun: (id) => Promise.resolve(id === run.id ? run : undefined),
  };
}

const measureExamples = examples(
  {
    line: 'layersense measure ./demo/model --dataset ./demo/datasets/encyclopedia.jsonl --formats int4_g32,int8_channel',
    what: 'all matrices of the demo model in either format',
  },
  {
    line: "layersense measure ./demo/model --dataset ./demo/datasets/encyclopedia.jsonl --formats int3_g32 --pairs --matrices '*.layers.*' --examples 8",
    what: 'one matrix at a time',
  },
  {
    line: 'layersense measure Qwen/Qwen2.5-0.5B --dataset wikitext --assignment plan.json --calibration scores.json --held-out',
    what: 'a plan, on examples that the scores behind it have not seen',
  },
);
