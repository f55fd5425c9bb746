import { LayersenseError, partName } from '@layersense/contracts';
import type { TensorRef, Value } from '@layersense/onnx-ir';
import { type ElementType, elementTypes, type GraphBuilder, sameShape } from '@layersense/onnx-ir';
import { storedNames, wrappedName } from './stored-names.js';

/** The shape one graph serves: `batch` examples, each padded to `length` tokens. */
export interface BatchShape {
  readonly batch: number;
  readonly length: number;
}

/**
 * Matrices of one shape that a file stores as one tensor, [matrices, rows, columns]. Whoever uses one of
 * them uses some of its rows, which are a parameter of their own: as they lie in the file in one piece,
 * the whole is never read.
 */
export interface Stack {
  readonly name: string;
  readonly shape: readonly [matrices: number, rows: number, columns: number];
}

export interface RowsOfStack {
  /** Its name as a part of the stack. */
  readonly part: string;
  readonly matrix: number;
  readonly start: number;
  readonly end: number;
}

/** A stack with the rows of it that are used, in the order of their first use. */
export interface UsedStack extends Stack {
  readonly parts: readonly RowsOfStack[];
}

/** The arithmetic of the graph. Weights stay as stored and are cast where they are used. */
export type Arithmetic = 'float32' | 'float64';

export interface ForwardOptions {
  /** `float32` by default. */
  readonly arithmetic?: Arithmetic | undefined;
  /** Blocks of queries that causal attention is computed in; decided by the length by default. */
  readonly attentionBlocks?: number | undefined;
}

/**
 * The slice of a packed weight that computes some of its outputs, such as the queries of a weight
 * that computes q, k and v at once: `start` to `end` along `axis`, the axis of the outputs.
 */
export interface ParameterPart {
  readonly name: string;
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** Where the router of one layer of experts sends its tokens. */
export interface Routing {
  /** int64 [batch · length, experts per token]: the experts of every token, by number. */
  readonly chosen: Value;
  /** The parameters that see only the tokens sent to an expert, by expert. */
  readonly experts: readonly (readonly string[])[];
}

/** A forward pass whose every parameter is an external initializer of its own name. */
export interface ForwardGraph {
  readonly builder: GraphBuilder;
  readonly shape: BatchShape;
  readonly arithmetic: Arithmetic;
  /** int64 [batch, length], right-padded. */
  readonly inputIds: Value;
  /** [batch · length, vocabulary] of a language model, [batch, classes] of a classifier. */
  readonly logits: Value;
  /** Names as PyTorch's `named_parameters()` gives them (tied ones once), in the order of first use. */
  readonly parameters: readonly string[];
  /** The parts of packed parameters, which together are the whole. */
  readonly parts: ReadonlyMap<string, readonly ParameterPart[]>;
  /** Parameters that are there as their parts alone, which are among `parameters`. */
  readonly stacks?: readonly UsedStack[];
  /** Shapes of parameters that the loss does not depend on; the graph does not have them. */
  readonly unused?: ReadonlyMap<string, readonly number[]>;
  /** One per layer of experts. */
  readonly routings: readonly Routing[];
  /** Matrices whose value in the graph is the transpose of what their module holds. */
  readonly transposed?: ReadonlySet<string>;
}

/**
 * What a model file builds with: the graph under construction and the checkpoint's tensors.
 * Hidden states are 2-D, [batch · length, width], so every projection is one Gemm.
 */
export class Forward {
  readonly parameters: string[] = [];
  readonly parts = new Map<string, readonly ParameterPart[]>();
  readonly routings: Routing[] = [];
  readonly unused = new Map<string, readonly number[]>();
  readonly #stacks = new Map<string, UsedStack>();

  constructor(
    readonly g: GraphBuilder,
    readonly shape: BatchShape,
    readonly arithmetic: Arithmetic,
    private readonly tensors: ReadonlyMap<string, TensorRef>,
    readonly attentionBlocks = defaultAttentionBlocks(shape),
  ) {}

  has(name: string): boolean {
    return storedNames(name).some((stored) => this.tensors.has(stored));
  }

  /**
   * The parameter `name` as it is stored.
   * @throws LayersenseError `tensor_missing`, `tensor_mismatch`, `dtype_unsupported`
   */
  stored(name: string, shape: readonly number[]): Value {
    if (this.g.initializers.has(name)) return this.g.value(name);
    const ref = requireTensor(this.tensors, name, shape);
    this.parameters.push(name);
    return this.g.external(name, ref);
  }

  /**
   * Names a parameter that the model has and the loss does not depend on.
   * @throws LayersenseError as {@link stored}
   */
  declareUnused(name: string, shape: readonly number[]): void {
    requireTensor(this.tensors, name, shape);
    this.unused.set(name, shape);
  }

  get stacks(): readonly UsedStack[] {
    return [...this.#stacks.values()];
  }

  /**
   * Some rows of one of the matrices of a stack, in the graph's arithmetic: [rows, columns].
   * @throws LayersenseError as {@link stored}
   */
  rowsOfStack(stack: Stack, used: RowsOfStack): Value {
    const { part, matrix, start, end } = used;
    const name = partName(stack.name, part);
    if (this.g.initializers.has(name)) return this.cast(this.g.value(name));
    const ref = requireTensor(this.tensors, stack.name, stack.shape);
    const [, rows, columns] = stack.shape;
    const rowBytes = columns * elementTypes[ref.dtype].bytes;
    const offset = ref.offset + (matrix * rows + start) * rowBytes;
    const shape = [end - start, columns];
    const parts = this.#stacks.get(stack.name)?.parts ?? [];
    this.#stacks.set(stack.name, { ...stack, parts: [...parts, used] });
    this.parameters.push(name);
    const slice = { ...ref, shape, offset, length: (end - start) * rowBytes };
    return this.cast(this.g.external(name, slice));
  }

  /** The parameter `name` in the graph's arithmetic. */
  parameter(name: string, shape: readonly number[]): Value {
    return this.cast(this.stored(name, shape));
  }

  cast(value: Value): Value {
    return this.g.cast(value, this.arithmetic);
  }

  scalar(x: number): Value {
    return this.g.scalar(x, this.arithmetic);
  }

  constant(shape: readonly number[], data: readonly number[]): Value {
    return this.g.constant({ dtype: this.arithmetic, shape, data });
  }
}

/**
 * Half of the scores of causal attention are hidden, and not computed where a whole block is: four
 * blocks leave out three eighths. More would leave out little more, and each is nodes to open a
 * session with, as are blocks of short examples.
 */
function defaultAttentionBlocks({ length }: BatchShape): number {
  return Math.max(1, Math.min(4, Math.floor(length / 128)));
}

const parameterTypes: readonly ElementType[] = ['float64', 'float32', 'float16', 'bfloat16'];

function requireTensor(
  tensors: ReadonlyMap<string, TensorRef>,
  name: string,
  shape: readonly number[],
): TensorRef {
  const stored = storedNames(name).find((each) => tensors.has(each));
  const ref = stored === undefined ? undefined : tensors.get(stored);
  if (!ref) throw missingTensor(tensors, name);
  if (!sameShape(ref.shape, shape)) {
    throw new LayersenseError(
      'tensor_mismatch',
      `Tensor ${name} has shape [${ref.shape.join(', ')}] but config.json calls for [${shape.join(', ')}]. Check that config.json belongs to this checkpoint.`,
      { tensor: name },
    );
  }
  if (!parameterTypes.includes(ref.dtype) || !elementTypes[ref.dtype].floating) {
    throw new LayersenseError(
      'dtype_unsupported',
      `Tensor ${name} is stored as ${ref.dtype}; a parameter must be float32, float64, float16 or bfloat16. Use the unquantised checkpoint.`,
      { tensor: name, dtype: ref.dtype },
    );
  }
  return ref;
}

function missingTensor(tensors: ReadonlyMap<string, TensorRef>, name: string): LayersenseError {
  const wrapped = wrappedName(tensors.keys(), name);
  const advice = wrapped
    ? `It has ${wrapped.stored}: ${wrapped.reason}.`
    : 'Check that all shards are there and that config.json belongs to this checkpoint.';
  return new LayersenseError(
    'tensor_missing',
    `The checkpoint has no tensor ${name}, which its config.json calls for. ${advice}`,
    { tensor: name, ...(wrapped ? { stored: wrapped.stored } : {}) },
  );
}
