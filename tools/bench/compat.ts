// What `layersense score` makes of inputs that were once misread: a row for each folder and what was run on it.
//
//   npm run bench:compat -- [FOLDER] [--only REGEXP] [--parameters REGEXP] [--cli FILE]
//
// Below FOLDER lie folders of a model (config.json and weights, or a file of the type .onnx) and the
// datasets to score it on (rows*, right*), of a tokenizer.json alone, or of a chat_template.jinja alone.
// Without FOLDER, these are inputs made here (compat-inputs.ts).
//
// --only         folders whose names match
// --parameters   the parameters whose values are printed: squared norms per row, or l1 for magnitude
// --cli          the layersense.js of another state, for models; tokenizers and templates are this state's
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { printable } from '@layersense/contracts';
import { root } from '../repository.js';
import { writeCompatInputs } from './compat-inputs.js';
import { scoreOutcome } from './compat-scores.js';
import { templateOutcome, tokenOutcomes } from './compat-texts.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    parameters: {
      type: 'string',
      default: String.raw`embed_tokens\.|layers\.0\.(mlp\.down|self_attn\.o)_proj\.|lm_head|predictions\.(decoder\.)?bias`,
    },
    cli: { type: 'string', default: join(root, 'apps/cli/bin/layersense.js') },
  },
});

const scratch = mkdtempSync(join(tmpdir(), 'layersense-compat-'));
try {
  const [given] = positionals;
  const inputs = given === undefined ? join(scratch, 'inputs') : resolve(given);
  if (given === undefined) writeCompatInputs(inputs);
  const only = new RegExp(options.only);
  const names = readdirSync(inputs).filter((name) => only.test(name));
  if (names.length === 0)
    throw new RangeError(`There is no folder of ${options.only} in ${inputs}.`);
  console.log('| input | run | outcome |\n| --- | --- | --- |');
  for (const name of names) await tellOf(name, join(inputs, name));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function tellOf(name: string, folder: string): Promise<void> {
  const tell = (run: string, outcome: string) =>
    console.log(`| ${name} | ${cell(run)} | ${cell(outcome)} |`);
  const files = readdirSync(folder);
  const model = modelIn(folder, files);
  if (model !== undefined) {
    const parameters = new RegExp(options.parameters);
    const settings = { cli: options.cli, scratch, parameters };
    for (const file of files.filter((each) => /^(rows|right)/.test(each))) {
      const dataset = join(folder, file);
      tell(`fisher, ${file}`, await scoreOutcome(model, { ...settings, dataset }));
    }
    tell('magnitude', await scoreOutcome(model, settings));
  } else if (files.includes('tokenizer.json')) {
    for (const [text, outcome] of await tokenOutcomes(folder)) tell(text, outcome);
  } else if (files.includes('chat_template.jinja')) {
    tell('template', await templateOutcome(folder, scratch));
  } else {
    throw new RangeError(`${folder} holds nothing that can be run.`);
  }
}

/** What `layersense score` is given; undefined where there are no weights. */
function modelIn(folder: string, files: readonly string[]): string | undefined {
  const onnx = files.find((file) => file.endsWith('.onnx'));
  if (onnx !== undefined) return join(folder, onnx);
  return files.some((file) => /\.safetensors(\.index\.json)?$/.test(file)) ? folder : undefined;
}

/** The text as one line of a table's cell. */
function cell(text: string): string {
  return printable(text)
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', String.raw`\|`);
}
