import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Local paths of a model repository's files, by their name in the repository. */
export type TokenizerFiles = Readonly<Record<string, string>>;

/** The files that {@link loadTokenizer} reads; only tokenizer.json is indispensable. */
export const tokenizerFileNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
] as const;

/** What a model has instead that was saved with a slow (pure Python) tokenizer. */
export const slowTokenizerFileNames = [
  'tokenizer.model',
  'spiece.model',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'qwen.tiktoken',
] as const;

/** The files at the top of a local model folder, in the form {@link loadTokenizer} takes. */
export async function tokenizerFilesIn(folder: string): Promise<TokenizerFiles> {
  const names = await readdir(folder);
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]));
}
