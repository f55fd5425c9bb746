import {
  type DecodedNode,
  elementCount,
  elementTypes,
  intAttribute,
  intsAttribute,
  operatorKey,
} from '@layersense/onnx-ir';
import { isBuilderMatrix, isParameterName, parameterName, type Role } from './parameter-name.js';
import { type StoredTensor, typeOf } from './quantized-tensor.js';

/** One place where a stored floating-point tensor enters the computation as a parameter. */
export interface StoredUse {
  readonly node: DecodedNode;
  /** Which of the node's inputs it is. */
  readonly position: number;
  /** The initializer's name. */
  readonly tensor: string;
  /** Whether the node reads the transpose of what is stored. */
  readonly transposed: boolean;
  /** The parameter's name as this use alone tells it. */
  readonly name: string;
  /** Whether what is stored is the transpose of the parameter as its module holds it. */
  readonly storedTransposed: boolean;
}

/** A tensor seen through nodes that change nothing but its name, its type or its orientation. */
interface View {
  readonly tensor: string;
  readonly own: string;
  readonly transposed: boolean;
}

/** Every use of a parameter among `nodes`, in their order. */
export function storedUses(
  tensors: ReadonlyMap<string, StoredTensor>,
  nodes: readonly DecodedNode[],
): readonly StoredUse[] {
  const views = new Map<string, View>();
  for (const [name, stored] of tensors) {
    if (elementTypes[typeOf(stored).dtype].floating) {
      const own = stored.kind === 'quantized' ? stored.own : name;
      views.set(name, { tensor: name, own, transposed: false });
    }
  }
  // Positions depend on the tokens' number, not on the tokens.
  const fromTokens = new Set(['input_ids']);
  const uses: StoredUse[] = [];
  for (const node of nodes) {
    if (node.opType !== 'Shape' && node.inputs.some((name) => fromTokens.has(name))) {
      for (const name of node.outputs) fromTokens.add(name);
    }
    const seen = viewThrough(node, views.get(node.inputs[0] ?? ''));
    if (seen) {
      views.set(node.outputs[0] ?? '', seen);
      continue;
    }
    node.inputs.forEach((input, position) => {
      const view = views.get(input);
      const stored = view && tensors.get(view.tensor);
      if (!view || !stored) return;
      const computes = node.inputs.some((name) => name !== input && fromTokens.has(name));
      const role = computes ? roleOf(node, position, typeOf(stored).shape) : undefined;
      const name = parameterName(node, view.own, role);
      if (name === undefined) return;
      const storedTransposed = !inBlocks(stored) && storesTranspose(node, view);
      uses.push({ node, position, ...view, name, storedTransposed });
    });
  }
  return uses;
}

/** Blocks lie along the inputs of a weight, as its module holds it. */
function inBlocks(stored: StoredTensor): boolean {
  return stored.kind === 'quantized' && stored.layout.kind === 'blocks';
}

function storesTranspose(node: DecodedNode, view: View): boolean {
  return isBuilderMatrix(view.own) || readsAnonymousMatrix(node, view);
}

/** Exporters that fold the transpose of a Linear's weight away give the result a new name. */
function readsAnonymousMatrix(node: DecodedNode, view: View): boolean {
  if (isParameterName(view.own)) return false;
  return node.opType === 'MatMul' || (node.opType === 'Gemm' && !intAttribute(node, 'transB', 0));
}

/** Whether the operator can pass a stored tensor on, changed in name, type or orientation alone. */
export function isViewOperator(node: Pick<DecodedNode, 'opType' | 'domain'>): boolean {
  return ['Identity', 'Cast', 'CastLike', 'Transpose'].includes(operatorKey(node));
}

function viewThrough(node: DecodedNode, view: View | undefined): View | undefined {
  if (!view) return undefined;
  switch (operatorKey(node)) {
    case 'Identity': {
      const alias = node.outputs[0] ?? '';
      return isParameterName(alias) ? { ...view, own: alias } : view;
    }
    case 'Cast':
    case 'CastLike':
      return view;
    case 'Transpose': {
      const perm = intsAttribute(node, 'perm') ?? [1, 0];
      return perm.length === 2 && perm[0] === 1
        ? { ...view, transposed: !view.transposed }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** What input number `position` of each operator is; tensors of rank 1 or 2 alone. */
function roleOf(node: DecodedNode, position: number, shape: readonly number[]): Role | undefined {
  const matrix = shape.length === 2;
  const vector = shape.length === 1 && elementCount(shape) > 1;
  switch (operatorKey(node)) {
    case 'MatMul':
      return matrix ? 'weight' : undefined;
    case 'Gemm':
      return position === 1 && matrix ? 'weight' : position === 2 ? 'bias' : undefined;
    case 'Gather':
      return matrix && position === 0 ? 'weight' : undefined;
    case 'Mul':
      return vector ? 'weight' : undefined;
    case 'Add':
      return vector ? 'bias' : undefined;
    case 'LayerNormalization':
    case 'RMSNormalization':
    case 'SimplifiedLayerNormalization':
      return position === 1 ? 'weight' : 'bias';
    case 'com.microsoft.SkipLayerNormalization':
    case 'com.microsoft.SkipSimplifiedLayerNormalization':
      return position === 2 ? 'weight' : 'bias';
    default:
      return undefined;
  }
}
