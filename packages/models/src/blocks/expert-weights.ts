import { partName } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import type { Forward, RowsOfStack, Stack } from '../forward.js';

/** The three matrices of an expert, W_down (act(W_gate x) ⊙ W_up x). */
export type Projection = 'gate' | 'up' | 'down';

export interface ExpertShapes {
  readonly experts: number;
  readonly width: number;
  readonly inner: number;
}

/** The matrix of one expert, [outputs, inputs], and the parameter it is scored as. */
export interface ExpertMatrix {
  readonly parameter: string;
  readonly value: () => Value;
}

export type ExpertWeights = (expert: number, projection: Projection) => ExpertMatrix;

/**
 * The weights of the experts in the module `name`: each expert's own, or all of them in the tensors that
 * transformers 5 holds them in and saves on request, gate_up_proj [E, 2·inner, width] and
 * down_proj [E, width, inner].
 */
export function expertWeights(
  f: Forward,
  name: string,
  modules: Readonly<Record<Projection, string>>,
  shapes: ExpertShapes,
): ExpertWeights {
  const { width, inner } = shapes;
  const single: ExpertWeights = (expert, projection) => {
    const parameter = `${name}.${expert}.${modules[projection]}.weight`;
    const shape = projection === 'down' ? [width, inner] : [inner, width];
    return { parameter, value: () => f.parameter(parameter, shape) };
  };
  const stacked = f.has(`${name}.gate_up_proj`) && !f.has(single(0, 'gate').parameter);
  return stacked ? stackedWeights(f, name, shapes) : single;
}

function stackedWeights(
  f: Forward,
  name: string,
  { experts, width, inner }: ExpertShapes,
): ExpertWeights {
  const gateUp: Stack = { name: `${name}.gate_up_proj`, shape: [experts, 2 * inner, width] };
  const down: Stack = { name: `${name}.down_proj`, shape: [experts, width, inner] };
  const rows: Readonly<Record<Projection, Omit<RowsOfStack, 'matrix'> & { readonly of: Stack }>> = {
    gate: { of: gateUp, part: '_gate', start: 0, end: inner },
    up: { of: gateUp, part: '_up', start: inner, end: 2 * inner },
    down: { of: down, part: '', start: 0, end: width },
  };
  return (matrix, projection) => {
    const { of, part: suffix, start, end } = rows[projection];
    const part = `${matrix}${suffix}`;
    return {
      parameter: partName(of.name, part),
      value: () => f.rowsOfStack(of, { part, matrix, start, end }),
    };
  };
}
