// Faults that were once not noticed, and the tests that must notice them.
//
//   npm run check:mutations
//
// Runs these tests twice: as the code is, where all must pass, and with each fault, where all must fail.
// Ends with 1 where one does not.
import { join } from 'node:path';
import { startVitest, type TestCase } from 'vitest/node';
import { root } from '../repository.js';
import type { Mutation } from './mutation.js';
import { mutations } from './mutations.js';

let unexpected = 0;
for (const mutation of mutations) {
  await expectState('passed', mutation, 'the code as it is');
  await expectState('failed', mutation, mutation.fault);
}
process.exit(unexpected === 0 ? 0 : 1);

/** Runs the tests of a mutation, with its fault where they must fail, and counts those that do not end so. */
async function expectState(
  state: 'passed' | 'failed',
  mutation: Mutation,
  what: string,
): Promise<void> {
  const { mustFail } = mutation;
  const names = Object.values(mustFail).flat();
  const pattern = names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const plugins = state === 'failed' ? [faultOf(mutation)] : [];
  const vitest = await startVitest(
    'test',
    Object.keys(mustFail),
    {
      root,
      run: true,
      watch: false,
      reporters: [{}],
      testNamePattern: new RegExp(pattern.join('|')),
    },
    { plugins },
  );
  const tests = vitest.state
    .getTestModules()
    .flatMap((module) => [...module.children.allTests()].map((test) => ({ module, test })));
  await vitest.close();
  console.log(`\n${what}:`);
  for (const [file, namesOfFile] of Object.entries(mustFail)) {
    for (const name of namesOfFile) {
      const found = tests.filter(
        ({ module, test }) => module.moduleId === join(root, file) && nameOf(test).includes(name),
      );
      if (found.length === 0) tell(false, `${file} > ${name}: there is no such test`);
      for (const { test } of found) tellOf(test, file, state);
    }
  }
}

/** With the names of its suites before it, as `testNamePattern` reads them. */
function nameOf(test: TestCase): string {
  return test.fullName.replaceAll(' > ', ' ');
}

function tellOf(test: TestCase, file: string, expected: string): void {
  const { state } = test.result();
  tell(state === expected, `${state} ${file} > ${test.fullName}`);
}

function tell(asExpected: boolean, line: string): void {
  console.log(`${asExpected ? '  ' : '✗ '}${line}`);
  if (!asExpected) unexpected++;
}

function faultOf({ file, mutate }: Mutation) {
  return {
    name: 'layersense-mutation',
    enforce: 'pre' as const,
    transform: (source: string, id: string) =>
      id === join(root, file) ? mutate(source) : undefined,
  };
}
