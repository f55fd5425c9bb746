import { LayersenseError } from '@layersense/contracts';
import { layoutOf, type MatrixLayout, stackLayout, storedNames } from '@layersense/models';
import { magnitudeWeights } from '../methods/magnitude/magnitude-weights.js';
import type { OpenedJob } from '../model/opened-job.js';
import type { StoredWeight } from '../model/stored-weights.js';

type Opened = Pick<OpenedJob, 'layouts' | 'checkpoint' | 'dequantized' | 'copies'>;

/** A stored weight that is a matrix, or a stack of them. */
export interface MatrixWeight extends StoredWeight {
  readonly layout: MatrixLayout;
}

export interface MatrixWeights {
  readonly weights: readonly MatrixWeight[];
  /** Names of the other weights: norms, biases and what has more axes. */
  readonly others: readonly string[];
  /** Stored tensors that are no weights. */
  readonly leftOut: readonly string[];
  /** What a reader must know of how the matrices were found. */
  readonly notes: readonly string[];
}

/**
 * A model's matrices by the names that Fisher scores have, with what their axes mean. A model that has
 * no Fisher scores is taken for one of linear layers, and a note says so.
 *
 * @throws LayersenseError those of `magnitudeWeights`
 */
export function matrixWeights(job: Opened): MatrixWeights {
  const { weights, leftOut } = magnitudeWeights(job);
  const known = knownLayouts(job);
  const named = weights.map((weight) => {
    const parameter = known.names.get(weight.parameter) ?? weight.parameter;
    const layout = known.layouts.get(parameter) ?? usualLayout(parameter, weight.shape);
    return { ...weight, parameter, layout };
  });
  return {
    weights: named.filter((weight): weight is MatrixWeight => weight.layout !== undefined),
    others: named.flatMap(({ parameter, layout }) => (layout ? [] : [parameter])),
    leftOut,
    notes: known.notes,
  };
}

interface KnownLayouts {
  readonly layouts: ReadonlyMap<string, MatrixLayout>;
  /** Names of parameters by those they are stored under. */
  readonly names: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

function knownLayouts({ layouts: find }: Opened): KnownLayouts {
  try {
    const layouts = find();
    const names = [...layouts.keys()].flatMap((name) =>
      storedNames(name).map((stored) => [stored, name] as const),
    );
    return { layouts, names: new Map(names), notes: [] };
  } catch (error) {
    if (!(error instanceof LayersenseError)) throw error;
    const note = `matrices are taken for [outputs, inputs], as linear layers store them: how this model uses them is not known (${error.code})`;
    return { layouts: new Map(), names: new Map(), notes: [note] };
  }
}

const LINEAR = { storedInputsFirst: false, heldInputsFirst: false };

/** Tensors of experts that are stored as one, whatever the model. */
const STACK = /\.experts\.\w+$/;

function usualLayout(parameter: string, shape: readonly number[]): MatrixLayout | undefined {
  if (shape.length === 2) return layoutOf(parameter, shape, LINEAR);
  if (shape.length === 3 && STACK.test(parameter)) return stackLayout(parameter, shape);
  return undefined;
}
