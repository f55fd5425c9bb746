import { LayersenseError } from '@layersense/contracts';
import type { DecodedModel, DecodedValue, Dimension, InlineTensor } from '@layersense/onnx-ir';
import { elementCount } from '@layersense/onnx-ir';
import type { BatchShape } from '../forward.js';
import { firstFew } from './errors.js';

/** What a graph input becomes for one batch shape. */
export type BoundInput =
  | { readonly kind: 'input'; readonly shape: readonly [number, number] }
  | { readonly kind: 'constant'; readonly tensor: InlineTensor };

export interface BindOptions {
  /**
   * Whether the model looks both ways: attention mask and segments are then inputs of the result;
   * otherwise all ones and all zeros.
   */
  readonly encoder: boolean;
}

const ENCODER_INPUTS = ['attention_mask', 'token_type_ids'];

const PAST = /^past(_key_values)?([._])/;

/**
 * What every input of the file is fed: the tokens; positions 0, 1, …; a key-value cache of length
 * zero; one segment. All ones is the right attention mask of a causal model, whose padding on the
 * right no real token sees; an encoder is told at every run.
 *
 * @throws LayersenseError `model_type_unsupported` for inputs that are not known, `tensor_mismatch`
 *   for shapes that cannot hold the batch.
 */
export function bindInputs(
  model: Pick<DecodedModel, 'inputs' | 'outputs'>,
  file: string,
  shape: BatchShape,
  options: BindOptions,
): ReadonlyMap<string, BoundInput> {
  const unknown = model.inputs.filter(({ name }) => !isKnown(name));
  if (!model.inputs.some(({ name }) => name === 'input_ids') || unknown.length > 0) {
    const names = (unknown.length > 0 ? unknown : model.inputs).map(({ name }) => name);
    throw new LayersenseError(
      'model_type_unsupported',
      `${file} takes ${names.length > 0 ? firstFew(names) : 'nothing'}${unknown.length > 0 ? ', which is not known' : ''}; a language model takes input_ids and, besides, attention_mask, position_ids, token_type_ids, cache_position or past_key_values alone. Export it for text generation, masked language modelling or sequence classification.`,
      { inputs: names },
    );
  }
  const { batch, length } = shape;
  const tokens = [batch, length] as const;
  const bound = new Map<string, BoundInput>();
  for (const input of model.inputs) {
    if (PAST.test(input.name)) {
      assertCacheAgrees(input, model, file);
      bound.set(
        input.name,
        constant(input, emptyCache(input, file, batch), () => 0),
      );
      continue;
    }
    const flat = input.name === 'cache_position';
    assertFits(input, flat ? [length] : tokens, file);
    const told = options.encoder && ENCODER_INPUTS.includes(input.name);
    if (input.name === 'input_ids' || told) bound.set(input.name, { kind: 'input', shape: tokens });
    else {
      const element = elementOf[input.name] ?? (() => 0);
      bound.set(
        input.name,
        constant(input, flat ? [length] : tokens, (i) => element(i % length)),
      );
    }
  }
  return bound;
}

/** The element at each position of a sequence. */
const elementOf: Readonly<Record<string, (position: number) => number>> = {
  attention_mask: () => 1,
  cache_position: (position) => position,
  position_ids: (position) => position,
  token_type_ids: () => 0,
};

const isKnown = (name: string): boolean =>
  name === 'input_ids' || Object.hasOwn(elementOf, name) || PAST.test(name);

function constant(
  { dtype }: DecodedValue,
  shape: readonly number[],
  element: (index: number) => number,
): BoundInput {
  const data = Array.from({ length: elementCount(shape) }, (_, i) => element(i));
  return { kind: 'constant', tensor: { dtype, shape, data } };
}

/** A fixed size must be the batch's own; a named one takes any. */
function assertFits(input: DecodedValue, shape: readonly number[], file: string): void {
  const fixed = input.shape ?? shape;
  const fits =
    fixed.length === shape.length &&
    fixed.every((size, axis) => typeof size === 'string' || size === shape[axis]);
  if (fits) return;
  throw new LayersenseError(
    'tensor_mismatch',
    `The input ${input.name} of ${file} has the shape [${fixed.join(', ')}], but a batch has [${shape.join(', ')}]. Export the model with dynamic batch and sequence axes.`,
    { input: input.name },
  );
}

/**
 * A cache goes on as the output `present…` of the same name, and its keys have as many heads as its
 * values. Named sizes say nothing and agree with any.
 */
function assertCacheAgrees(
  input: DecodedValue,
  { inputs, outputs }: Pick<DecodedModel, 'inputs' | 'outputs'>,
  file: string,
): void {
  const present = input.name.replace(PAST, 'present$2');
  const values = input.name.replace(/key$/, 'value');
  const next = outputs.find(({ name }) => name === present);
  const other = inputs.find(({ name }) => name === values);
  if (next) assertSameSizes(input, next, HEADS_AND_DIM, file);
  if (other) assertSameSizes(input, other, HEADS, file);
}

const HEADS: readonly number[] = [1];
const HEADS_AND_DIM: readonly number[] = [1, 3];

function assertSameSizes(
  a: DecodedValue,
  b: DecodedValue,
  axes: readonly number[],
  file: string,
): void {
  const differs = axes.some((axis) => {
    const [x, y] = [a.shape?.[axis], b.shape?.[axis]];
    return typeof x === 'number' && typeof y === 'number' && x !== y;
  });
  if (!differs) return;
  const show = ({ name, shape = [] }: DecodedValue) =>
    `${name} has the shape [${shape.join(', ')}]`;
  throw new LayersenseError(
    'tensor_mismatch',
    `The key-value caches of ${file} disagree: ${show(a)}, and ${show(b)}. Export the model again, or without past_key_values.`,
    { inputs: [a.name, b.name] },
  );
}

/** [batch, heads, 0, dim]: the axis of the past is the named one that is not the batch. */
function emptyCache(input: DecodedValue, file: string, batch: number): readonly number[] {
  const dimensions = input.shape ?? [];
  const [first, heads, past, dim] = dimensions;
  const sized = (size: Dimension | undefined): size is number =>
    typeof size === 'number' && size > 0;
  const open = (size: Dimension | undefined, at: number) => typeof size === 'string' || size === at;
  if (
    dimensions.length === 4 &&
    open(first, batch) &&
    open(past, 0) &&
    sized(heads) &&
    sized(dim)
  ) {
    return [batch, heads, 0, dim];
  }
  throw new LayersenseError(
    'tensor_mismatch',
    `The key-value cache ${input.name} of ${file} has the shape [${dimensions.join(', ')}]; [batch, heads, past length, head size] is needed, with an open past length so that it can be empty. Export the model without past_key_values.`,
    { input: input.name },
  );
}
