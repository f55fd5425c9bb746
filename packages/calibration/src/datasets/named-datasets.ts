import { type DatasetSpec, LayersenseError } from '@layersense/contracts';
import type { RawExample } from '../raw-example.js';
import { type RowRule, stringOf } from './row.js';

export type DatasetFormat = NonNullable<DatasetSpec['format']>;

export type NamedDatasetName = 'gsm8k' | 'wikitext' | 'math' | 'sst2' | 'imdb' | 'ag_news';

/** A public set on the Hub that a job may name instead of giving a file. */
export interface NamedDataset {
  readonly repo: string;
  /** Configurations of the repository that are read, in this order. */
  readonly configs: readonly string[];
  readonly splits: readonly string[];
  readonly defaultSplit: string;
  /** The first one is the default; empty where rows are plain text. */
  readonly formats: readonly DatasetFormat[];
  /**
   * The split's files as paths in the repository; `*` stands for any characters but `/`. Rows are
   * numbered in the order of these patterns, and within one in the order of the file names.
   *
   * @throws LayersenseError `dataset_not_found` for a split that the set does not have
   */
  filesOf(split: string): readonly string[];
  /** How a row becomes an example, in one of `formats`. */
  rule(format?: DatasetFormat): RowRule;
}

/**
 * The sets of the experiment whose scores this project reproduces, with its rules.
 *
 * `math` is EleutherAI/hendrycks_math: the whole MATH set (7,500 training problems, MIT) in Parquet,
 * one configuration per subject. MATH-500 has only test problems, and calibrating on the problems
 * that a model is judged by later would flatter it.
 *
 * `sst2`, `imdb` and `ag_news` are texts with a class in the column `label`, for sequence classifiers.
 * The test split of SST-2 is left out: its labels are not public.
 */
export const namedDatasets: Readonly<Record<NamedDatasetName, NamedDataset>> = {
  gsm8k: {
    ...hubFiles('gsm8k', ['main'], ['train', 'test']),
    repo: 'openai/gsm8k',
    formats: ['question', 'question-answer'],
    rule: (format) => problemRule('gsm8k', 'question', 'answer', format),
  },
  wikitext: {
    ...hubFiles('wikitext', ['wikitext-2-raw-v1'], ['train', 'validation', 'test']),
    repo: 'Salesforce/wikitext',
    formats: [],
    rule: wikitextRule,
  },
  math: {
    ...hubFiles(
      'math',
      [
        'algebra',
        'counting_and_probability',
        'geometry',
        'intermediate_algebra',
        'number_theory',
        'prealgebra',
        'precalculus',
      ],
      ['train', 'test'],
    ),
    repo: 'EleutherAI/hendrycks_math',
    formats: ['question', 'question-answer'],
    rule: (format) => problemRule('math', 'problem', 'solution', format),
  },
  sst2: {
    ...hubFiles('sst2', ['data'], ['train', 'validation']),
    repo: 'stanfordnlp/sst2',
    formats: [],
    rule: (format) => textRule('sst2', 'sentence', format),
  },
  imdb: {
    ...hubFiles('imdb', ['plain_text'], ['train', 'test']),
    repo: 'stanfordnlp/imdb',
    formats: [],
    rule: (format) => textRule('imdb', 'text', format),
  },
  ag_news: {
    ...hubFiles('ag_news', ['data'], ['train', 'test']),
    repo: 'fancyzhx/ag_news',
    formats: [],
    rule: (format) => textRule('ag_news', 'text', format),
  },
};

export function isNamedDataset(name: string): name is NamedDatasetName {
  return Object.hasOwn(namedDatasets, name);
}

function hubFiles(
  name: NamedDatasetName,
  configs: readonly string[],
  splits: readonly [string, ...string[]],
): Pick<NamedDataset, 'configs' | 'splits' | 'defaultSplit' | 'filesOf'> {
  return {
    configs,
    splits,
    defaultSplit: splits[0],
    filesOf(split) {
      if (splits.includes(split)) return configs.map((config) => `${config}/${split}-*.parquet`);
      throw new LayersenseError(
        'dataset_not_found',
        `The dataset ${name} has no split "${split}"; it has ${splits.join(', ')}.`,
        { dataset: name, split },
      );
    },
  };
}

/** The problem alone, or problem and solution as a user's and an assistant's turn, both verbatim. */
function problemRule(
  name: NamedDatasetName,
  problem: string,
  solution: string,
  format: DatasetFormat = 'question',
): RowRule {
  if (format === 'question') {
    return {
      columns: [problem],
      toExample: (row) => ({ kind: 'text', text: stringOf(row, problem) }),
    };
  }
  if (format !== 'question-answer') throw unknownFormat(name, format);
  return {
    columns: [problem, solution],
    toExample: (row): RawExample => ({
      kind: 'chat',
      messages: [
        { role: 'user', content: stringOf(row, problem) },
        { role: 'assistant', content: stringOf(row, solution) },
      ],
    }),
  };
}

/** The text of a row, verbatim. */
function textRule(name: NamedDatasetName, column: string, format?: DatasetFormat): RowRule {
  if (format !== undefined) throw unknownFormat(name, format);
  return {
    columns: [column],
    toExample: (row) => ({ kind: 'text', text: stringOf(row, column) }),
  };
}

/**
 * Paragraphs of more than 100 characters that are not headings. Characters are Unicode code points
 * without the white space around the paragraph; the example itself is the row as it stands.
 * Headings of every level read ` = Title = `, ` = = Title = = `, and so on.
 */
function wikitextRule(format?: DatasetFormat): RowRule {
  if (format !== undefined) throw unknownFormat('wikitext', format);
  return {
    columns: ['text'],
    toExample(row) {
      const text = stringOf(row, 'text');
      const paragraph = text.trim();
      const heading = paragraph.startsWith('= ') && paragraph.endsWith(' =');
      if (heading || Array.from(paragraph).length <= 100) return undefined;
      return { kind: 'text', text };
    },
  };
}

function unknownFormat(name: NamedDatasetName, format: string): LayersenseError {
  const { formats } = namedDatasets[name];
  const known = formats.length > 0 ? `it has ${formats.join(', ')}` : 'its rows are plain text';
  return new LayersenseError(
    'invalid_request',
    `The dataset ${name} has no format "${format}": ${known}.`,
    { dataset: name, format },
  );
}
