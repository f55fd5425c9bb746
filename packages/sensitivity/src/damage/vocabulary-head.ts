import {
  elementCount,
  type GraphBuilder,
  type Initializer,
  type InlineTensor,
  int,
  type Node,
  type Value,
} from '@layersense/onnx-ir';
import { findOutputHead, type HeadParameter } from '../loss/output-head.js';

/** What makes logits of the final hidden states, column by column of the vocabulary. */
export interface VocabularyHead {
  /** [rows, width]; where no projection makes the logits, these themselves. */
  readonly hidden: Value;
  /** z = hidden Wᵀ (+ b), with W [vocabulary, width] as it is stored. */
  readonly projection?: Projection;
  /** What is done to every logit afterwards, Gemma's soft cap for instance. */
  readonly tail: readonly Elementwise[];
  readonly vocabulary: number;
}

export interface Projection {
  readonly weight: HeadParameter;
  readonly bias: HeadParameter | undefined;
}

/** f(z), f(z, c) or f(c, z) of every element alone; the scalar's place is `null` for z itself. */
interface Elementwise {
  readonly node: Node;
  readonly operands: readonly (InlineTensor | null)[];
}

const UNARY: ReadonlySet<string> = new Set(['Tanh']);
const BINARY: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div']);

/** The head of a forward pass. One that is not understood is taken to be no part of the head at all. */
export function findVocabularyHead(g: GraphBuilder, logits: Value): VocabularyHead {
  const vocabulary = logits.shape.at(-1) ?? 0;
  const tail: Elementwise[] = [];
  for (let value: Value | undefined = logits; value; ) {
    const head = findOutputHead(g, value);
    if (head) {
      const { x: hidden, weight, bias } = head;
      return { hidden, projection: { weight, bias }, tail, vocabulary };
    }
    const before = valueBefore(g, value);
    if (before?.step) tail.unshift(before.step);
    value = before?.value;
  }
  return { hidden: logits, tail: [], vocabulary };
}

/** What a value is an elementwise function of, or the same elements of in another shape. */
function valueBefore(
  g: GraphBuilder,
  value: Value,
): { readonly value: Value; readonly step?: Elementwise } | undefined {
  const node = g.producer(value);
  if (!node) return undefined;
  const inputs = node.inputs.map((name) => g.value(name));
  const [first] = inputs;
  if (node.opType === 'Reshape' && first?.shape.at(-1) === value.shape.at(-1)) {
    return first && { value: first };
  }
  if (UNARY.has(node.opType)) return first && { value: first, step: { node, operands: [null] } };
  if (!BINARY.has(node.opType)) return undefined;
  const operands = inputs.map((input) => scalarOf(g, input) ?? null);
  const [only, ...others] = inputs.filter((_, i) => operands[i] === null);
  if (!only || others.length > 0) return undefined;
  return { value: only, step: { node, operands } };
}

function scalarOf(g: GraphBuilder, { name, shape }: Value): InlineTensor | undefined {
  const stored = g.initializers.get(name);
  return elementCount(shape) === 1 && stored?.kind === 'inline' ? stored.tensor : undefined;
}

/** Some entries of the vocabulary. */
export interface VocabularyChunk {
  readonly start: number;
  readonly size: number;
}

/** The vocabulary in pieces of `size` entries; the last one may be smaller. */
export function vocabularyChunks(vocabulary: number, size: number): readonly VocabularyChunk[] {
  return Array.from({ length: Math.ceil(vocabulary / size) }, (_, i) => {
    const start = i * size;
    return { start, size: Math.min(size, vocabulary - start) };
  });
}

/**
 * The logits of a chunk: [rows, width] → [rows, chunk.size]. Their weights are initializers of their
 * own, the same bytes of the same file; `prefix` tells those of two heads in one graph apart.
 */
export function chunkLogits(
  g: GraphBuilder,
  { projection, tail, vocabulary }: VocabularyHead,
  x: Value,
  chunk: VocabularyChunk,
  prefix = '',
): Value {
  let z: Value;
  if (projection) {
    const rows = (parameter: HeadParameter) => g.cast(rowsOf(g, parameter, chunk, prefix), x.dtype);
    const { weight, bias } = projection;
    const operands = [x, rows(weight), ...(bias ? [rows(bias)] : [])];
    z = g.op('Gemm', operands, { transB: int(1) });
  } else if (chunk.size === vocabulary) z = x;
  else {
    const bounds = [[chunk.start], [chunk.start + chunk.size], [1]];
    z = g.op('Slice', [x, ...bounds.map((each) => g.int64(each))]);
  }
  return tail.reduce((value, step) => applied(g, step, value), z);
}

function applied(g: GraphBuilder, { node, operands }: Elementwise, z: Value): Value {
  const inputs = operands.map((operand) => (operand === null ? z : g.constant(operand)));
  return g.op(node.opType, inputs, node.attributes, { domain: node.domain });
}

/** Rows of a matrix, or elements of a vector. */
function rowsOf(
  g: GraphBuilder,
  { name, stored }: HeadParameter,
  { start, size }: VocabularyChunk,
  prefix: string,
): Value {
  const { shape } = stored.kind === 'inline' ? stored.tensor : stored.ref;
  const [rows = 1] = shape;
  const whole = size === rows;
  const own = `${prefix}${name}${whole ? '' : `[${start}:${start + size}]`}`;
  return g.values.get(own) ?? g.initializer(own, whole ? stored : part(stored, start, size));
}

function part(stored: Initializer, start: number, size: number): Initializer {
  const { shape } = stored.kind === 'inline' ? stored.tensor : stored.ref;
  const [rows = 1] = shape;
  const resized = { shape: shape.with(0, size) };
  if (stored.kind === 'inline') {
    const width = elementCount(shape) / rows;
    const data = stored.tensor.data.slice(start * width, (start + size) * width);
    return { kind: 'inline', tensor: { ...stored.tensor, ...resized, data } };
  }
  const rowBytes = stored.ref.length / rows;
  const bytes = { offset: stored.ref.offset + start * rowBytes, length: size * rowBytes };
  return { kind: 'external', ref: { ...stored.ref, ...resized, ...bytes } };
}
