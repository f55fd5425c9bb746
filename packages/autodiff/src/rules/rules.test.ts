import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import type { VjpCase, VjpHarness } from '@layersense/testing';
import { checkVjp, nonEmpty } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPullback } from '../pullback.js';
import { activationCases } from './activation.cases.js';
import { elementwiseCases } from './elementwise.cases.js';
import { vjpRules } from './index.js';
import { indexingCases } from './indexing.cases.js';
import { linalgCases } from './linalg.cases.js';
import { movementCases } from './movement.cases.js';
import { normalizationCases } from './normalization.cases.js';
import { reductionCases } from './reduction.cases.js';

const casesByOp: Readonly<Record<string, readonly VjpCase[]>> = {
  ...elementwiseCases,
  ...activationCases,
  ...normalizationCases,
  ...linalgCases,
  ...reductionCases,
  ...movementCases,
  ...indexingCases,
};

let compute: ComputeProcess;
let harness: VjpHarness;
beforeAll(async () => {
  compute = await startComputeProcess();
  harness = { compute, differentiate: buildPullback };
});
afterAll(() => compute.close());

describe.each(nonEmpty(Object.entries(casesByOp)))('%s', (key, cases) => {
  it.each([...nonEmpty(cases).entries()])('case %i', async (i, vjpCase) => {
    const opType = key.split('.').at(-1) ?? key;
    for (const wrt of nonEmpty(wrtSets(vjpCase))) {
      await expect(checkVjp(harness, opType, { ...vjpCase, ...wrt }, i)).resolves.toBeUndefined();
    }
  });
});

/** All random inputs together, then each alone: a rule leaves out what is not asked for. */
function wrtSets(vjpCase: VjpCase): readonly { readonly wrt?: readonly number[] }[] {
  const random = vjpCase.inputs.flatMap((input, i) =>
    input === undefined || 'constant' in input ? [] : [i],
  );
  return random.length < 2 ? [{}] : [{}, ...random.map((i) => ({ wrt: [i] }))];
}

it('has a square and a non-square case for every rule', () => {
  const isSquare = (vjpCase: VjpCase): boolean => {
    const [shape] = vjpCase.inputs.flatMap((input) => {
      if (input === undefined || 'constant' in input) return [];
      return ['shape' in input ? input.shape : input];
    });
    return shape?.at(-1) === shape?.at(-2);
  };
  const covers = (op: string) => {
    const squares = (casesByOp[op] ?? []).map(isSquare);
    return squares.includes(true) && squares.includes(false);
  };
  expect(Object.keys(vjpRules).filter((op) => !covers(op))).toEqual([]);
});
