import type { InlineTensor } from '@layersense/onnx-ir';
import type { CaseInput, VjpCase } from '@layersense/testing';

/** Cases for every rule of a family; a rule without cases does not compile. */
export type CasesFor<Rules> = { readonly [Op in keyof Rules]: readonly VjpCase[] };

export const positive = (...shape: number[]): CaseInput => ({ shape, sampling: 'positive' });
export const spread = (...shape: number[]): CaseInput => ({ shape, sampling: 'spread' });

/** A constant int64 tensor; 1-D by default. */
export const int64 = (data: readonly number[], shape = [data.length]): CaseInput =>
  constant({ dtype: 'int64', shape, data });

export const float64 = (data: readonly number[], shape: readonly number[] = []): CaseInput =>
  constant({ dtype: 'float64', shape, data });

/** A constant condition: bit i of the pattern, repeated. */
export const bool = (pattern: readonly number[], shape: readonly number[]): CaseInput => {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Array.from({ length: count }, (_, i) => pattern[i % pattern.length] ?? 0);
  return constant({ dtype: 'bool', shape, data });
};

const constant = (tensor: InlineTensor): CaseInput => ({ constant: tensor });
