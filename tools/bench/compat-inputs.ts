import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { datasetInputs } from './compat-inputs-datasets.js';
import { fileInputs } from './compat-inputs-files.js';
import { variantInputs } from './compat-inputs-variants.js';

/** Writes one kind of input into a folder that is there and empty. */
export type WriteInput = (folder: string) => void;

/** Makes inputs that were reported as misread or refused by one program or another, each in a folder below `root`. */
export function writeCompatInputs(root: string): void {
  for (const [name, write] of Object.entries({
    ...datasetInputs,
    ...fileInputs,
    ...variantInputs,
  })) {
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true });
    write(folder);
  }
}
