/** A file of a model or data set: its name in the repository and where it lies on this machine. */
export interface ModelFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Of the content, where finding the file meant reading all of it. */
  readonly sha256?: string;
}

export const CONFIG_FILE = 'config.json';
export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** Files that say how text becomes token ids. */
export const TOKENIZER_FILES: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'special_tokens_map.json',
  'added_tokens.json',
];

/** Everything a model may have beside its weights; only the configuration is required. */
export const SMALL_FILES: readonly string[] = [
  CONFIG_FILE,
  'generation_config.json',
  ...TOKENIZER_FILES,
];

/** Whether anything here may open a file of this name in a model's folder. */
export function isCheckpointFile(name: string): boolean {
  return name === INDEX_FILE || name.endsWith('.safetensors') || SMALL_FILES.includes(name);
}
