import { elementTypes } from '../graph/element-type.js';
import type { Graph, Initializer, TensorRef } from '../graph/graph.js';

/** Where weights are to be read from. */
export interface Redirect {
  /** Other values for what is stored there, of any floating-point type; undefined where none are. */
  replacementOf(ref: TensorRef): TensorRef | undefined;
  /** The name of a file that is read as before, relative to the folder that the runtime is told of. */
  fileOf(file: string): string;
}

/**
 * The same graph with its weights elsewhere. A weight may become another floating-point type: what
 * widens it then does nothing, and what looks rows of it up takes either.
 */
export function redirectWeights(graph: Graph, redirect: Redirect): Graph {
  const initializers = new Map<string, Initializer>();
  const values = new Map(graph.values);
  for (const [name, initializer] of graph.initializers) {
    const moved = redirectInitializer(initializer, redirect);
    initializers.set(name, moved);
    const value = values.get(name);
    if (value && moved.kind === 'external') values.set(name, { ...value, dtype: moved.ref.dtype });
  }
  return { ...graph, initializers, values };
}

/** An inline tensor stays inline unless a file holds it too, and other values are given for that. */
export function redirectInitializer(initializer: Initializer, redirect: Redirect): Initializer {
  const { ref } = initializer;
  const replacement = ref && redirect.replacementOf(ref);
  if (replacement) return { kind: 'external', ref: replacement };
  if (initializer.kind === 'inline') return initializer;
  return {
    kind: 'external',
    ref: { ...initializer.ref, file: redirect.fileOf(initializer.ref.file) },
  };
}

/** The stretch of `to` that holds the elements that `part` has of `whole`; undefined where it has others. */
export function stretchOf(part: TensorRef, whole: TensorRef, to: TensorRef): TensorRef | undefined {
  const before = part.offset - whole.offset;
  const beyond = before + part.length > whole.length;
  if (part.file !== whole.file || before < 0 || beyond) return undefined;
  const ratio = elementTypes[to.dtype].bytes / elementTypes[whole.dtype].bytes;
  return {
    ...to,
    shape: part.shape,
    offset: to.offset + before * ratio,
    length: part.length * ratio,
  };
}
