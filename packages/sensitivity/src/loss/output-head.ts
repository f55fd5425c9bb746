import {
  floatAttribute,
  type GraphBuilder,
  type Initializer,
  intAttribute,
  type Node,
  type Value,
} from '@layersense/onnx-ir';

/** A stored tensor with a row, or an element, for each entry of the vocabulary. */
export interface HeadParameter {
  readonly name: string;
  readonly stored: Initializer;
}

/** The projection to the vocabulary, z = x Wᵀ (+ b), with W [vocabulary, width] as it is stored. */
export interface OutputHead {
  readonly x: Value;
  readonly weight: HeadParameter;
  readonly bias: HeadParameter | undefined;
  /** Names of the values that are x Wᵀ or the logits: where W and b are used. */
  readonly outputs: ReadonlySet<string>;
}

/** The head that makes the logits, or undefined where they come about in another way. */
export function findOutputHead(g: GraphBuilder, logits: Value): OutputHead | undefined {
  const stages = logitStages(g, logits);
  const product = stages.at(-1)?.value ?? logits;
  const node = g.producer(product);
  if (!node || !isProjection(node)) return undefined;
  const [x = '', w = '', b = ''] = node.inputs;
  const weight = headParameter(g, w);
  const own = headParameter(g, b);
  const biases = [own, ...stages.map(({ bias }) => bias)].filter((bias) => bias !== undefined);
  const known = weight !== undefined && (b === '' || own !== undefined) && biases.length <= 1;
  if (!known) return undefined;
  const outputs = new Set(stages.map(({ value }) => value.name));
  return { x: g.value(x), weight, bias: biases[0], outputs };
}

interface LogitStage {
  readonly value: Value;
  /** What was added to the stage before. */
  readonly bias: HeadParameter | undefined;
}

/**
 * The values that hold the logits, which come first, and before them what has another shape or lacks
 * the bias: ONNX files multiply, add and reshape where a checkpoint's graph has one Gemm.
 */
export function logitStages(g: GraphBuilder, logits: Value): readonly LogitStage[] {
  const { of, bias } = stageBefore(g, logits) ?? {};
  const before = of && of.shape.at(-1) === logits.shape.at(-1) ? logitStages(g, of) : [];
  return [{ value: logits, bias: before.length > 0 ? bias : undefined }, ...before];
}

function stageBefore(
  g: GraphBuilder,
  value: Value,
): { readonly of: Value; readonly bias?: HeadParameter } | undefined {
  const node = g.producer(value);
  if (node?.opType !== 'Reshape' && node?.opType !== 'Add') return undefined;
  const [left, right] = node.inputs.map((name) => g.value(name));
  if (!left || !right) return undefined;
  if (node.opType === 'Reshape') return { of: left };
  const [of, vector] = right.shape.length === 1 ? [left, right] : [right, left];
  const bias = vector.shape.length === 1 ? headParameter(g, vector.name) : undefined;
  return bias && { of, bias };
}

function isProjection(node: Node): boolean {
  return (
    node.opType === 'Gemm' &&
    intAttribute(node, 'transB', 0) === 1 &&
    intAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1
  );
}

/** The stored tensor that a value is, looked at through a Cast. */
function headParameter(g: GraphBuilder, value: string): HeadParameter | undefined {
  const declared = g.values.get(value);
  const cast = declared && g.producer(declared);
  const name = cast?.opType === 'Cast' ? (cast.inputs[0] ?? '') : value;
  const stored = g.initializers.get(name);
  return stored && { name, stored };
}
