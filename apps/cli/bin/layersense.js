#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// Memory is for the model. Before anything is loaded: a young generation, once grown, stays so.
if (process.argv[2] === 'score') setFlagsFromString('--semi-space-growth-factor=1');

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error("layersense is not built yet. Run 'npm run build' in the repository first.");
  process.exitCode = 1;
}
