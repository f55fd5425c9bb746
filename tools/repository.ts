import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository, with a slash at its end: tests run from tools, tools from tools/dist. */
export const root = fileURLToPath(
  new URL(basename(import.meta.dirname) === 'dist' ? '../../' : '../', import.meta.url),
);
