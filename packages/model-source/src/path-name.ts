import { existsSync } from 'node:fs';

/**
 * Whether the name of a model is a path and not a repository of the Hub (`org/name`): it starts as
 * no repository can, with `.`, `/`, `\`, `~` or a drive letter, or it ends in `.onnx`. By the name
 * alone, because the files may lie on another machine than the one that asks.
 */
export function isModelPath(name: string): boolean {
  return /^(?:[./\\~]|[A-Za-z]:[/\\])|\.onnx$/.test(name);
}

/** Whether a name can only be a dataset's file: the names of the sets that are known have no dot and no slash. */
export function isDatasetPath(name: string): boolean {
  return /[./\\]/.test(name);
}

/**
 * The name of a model as a path where there is such a file or folder on this machine: `demo/model`
 * could be a Hub repository as well, but whoever types it beside that folder means the folder.
 */
export function asPathIfPresent(name: string): string {
  return !isModelPath(name) && existsSync(name) ? `./${name}` : name;
}
