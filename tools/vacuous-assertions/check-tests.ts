// Lists every place where a test may pass without one of its assertions, and ends with 1 if there is one.
//
//   npm run check
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../repository.js';
import { vacuousAssertions } from './vacuous-assertions.js';

/** Tests, and what supports them: every source that may assert. */
const files = ['apps', 'packages', 'tools'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith('.ts') && !/\/(dist|node_modules)\//.test(path))
    .filter((path) => readFileSync(join(root, path), 'utf8').includes("from 'vitest'")),
);
if (files.length === 0) throw new Error(`there are no tests below ${root}`);

const found = files.flatMap((file) =>
  vacuousAssertions(file, readFileSync(join(root, file), 'utf8')).map(
    ({ line, problem }) => `${file}:${line}: ${problem}`,
  ),
);
for (const line of found) console.error(line);
if (found.length > 0) {
  console.error(
    '\nEach may let its test pass without asserting; CONTRIBUTING.md says how to mend it.',
  );
  process.exitCode = 1;
}
