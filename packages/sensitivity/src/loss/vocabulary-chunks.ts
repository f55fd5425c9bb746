import {
  elementCount,
  type GraphBuilder,
  type Initializer,
  int,
  type Value,
} from '@layersense/onnx-ir';
import type { HeadParameter, OutputHead } from './output-head.js';

/** Some of the vocabulary's entries, in a row: the weight's rows and the bias's elements. */
export interface VocabularyChunk {
  readonly weight: Value;
  readonly bias: Value | undefined;
  readonly start: number;
  readonly size: number;
}

/** W and b, or row ranges of them as initializers of their own: the same bytes of the same file. */
export function vocabularyChunks(
  g: GraphBuilder,
  { weight, bias, x }: OutputHead,
  chunk: number,
): readonly VocabularyChunk[] {
  const [vocabulary = 0] = g.value(weight.name).shape;
  const whole = ({ name }: HeadParameter) => g.cast(g.value(name), x.dtype);
  if (chunk >= vocabulary) {
    return [{ weight: whole(weight), bias: bias && whole(bias), start: 0, size: vocabulary }];
  }
  return Array.from({ length: Math.ceil(vocabulary / chunk) }, (_, i) => {
    const start = i * chunk;
    const size = Math.min(chunk, vocabulary - start);
    const rows = ({ name, stored }: HeadParameter) =>
      g.cast(
        g.initializer(`${name}[${start}:${start + size}]`, rowsOf(stored, start, size)),
        x.dtype,
      );
    return { weight: rows(weight), bias: bias && rows(bias), start, size };
  });
}

/** Rows of a matrix, or elements of a vector. */
function rowsOf(stored: Initializer, start: number, size: number): Initializer {
  const { shape } = stored.kind === 'inline' ? stored.tensor : stored.ref;
  const [rows = 1] = shape;
  const part = { shape: shape.with(0, size) };
  if (stored.kind === 'inline') {
    const width = elementCount(shape) / rows;
    const data = stored.tensor.data.slice(start * width, (start + size) * width);
    return { kind: 'inline', tensor: { ...stored.tensor, ...part, data } };
  }
  const rowBytes = stored.ref.length / rows;
  const offset = stored.ref.offset + start * rowBytes;
  return { kind: 'external', ref: { ...stored.ref, ...part, offset, length: size * rowBytes } };
}

/** x Wᵀ (+ b) of a chunk: [rows, size]. */
export function logitsOf(g: GraphBuilder, x: Value, { weight, bias }: VocabularyChunk): Value {
  return g.op('Gemm', bias ? [x, weight, bias] : [x, weight], { transB: int(1) });
}
