import { int, type Value } from '@layersense/onnx-ir';
import type { Forward, ParameterPart } from '../forward.js';

/**
 * Cuts the outputs of the packed projection `module` into parts of the given widths, and declares
 * the same parts of its weight and bias. `options.axis` is the weight's axis of outputs: 0 as a
 * linear layer stores it.
 */
export function unpack<Name extends string>(
  f: Forward,
  packed: Value,
  module: string,
  widths: Readonly<Record<Name, number>>,
  options: { readonly axis?: 0 | 1 } = {},
): Readonly<Record<Name, Value>> {
  const names = Object.keys(widths) as Name[];
  const sizes = names.map((name) => widths[name]);
  f.parts.set(`${module}.weight`, consecutive(widths, options.axis ?? 0));
  const bias = `${module}.bias`;
  if (f.parameters.includes(bias)) f.parts.set(bias, consecutive(widths, 0));
  const outputs = { outputs: sizes.length };
  const values = f.g.ops('Split', [packed, f.g.int64(sizes)], { axis: int(-1) }, outputs);
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<Name, Value>;
}

function consecutive(widths: Readonly<Record<string, number>>, axis: number): ParameterPart[] {
  let end = 0;
  return Object.entries(widths).map(([name, width]) => {
    const start = end;
    end += width;
    return { name, axis, start, end };
  });
}
