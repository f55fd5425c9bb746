import type { DecodedNode } from '@layersense/onnx-ir';
import { groupBy } from './group-by.js';
import { type StoredTensor, typeOf } from './quantized-tensor.js';
import { isUniform, type ReadStored, sameContent } from './same-content.js';
import type { StoredUse } from './stored-uses.js';

/** A parameter of the model, wherever the file stores it. */
export interface OnnxParameter {
  /** The name that PyTorch's `named_parameters()` gives it. */
  readonly name: string;
  /** The shape that the model's own module holds it in. */
  readonly shape: readonly number[];
  /** Whether `stored` holds the transpose of that. */
  readonly transposed: boolean;
  readonly stored: StoredTensor;
  /** Whether a lookup reads the transpose of `stored`, so that the graph must turn it round. */
  readonly turned: boolean;
}

/** How one input of a node reads a parameter. */
export interface OnnxParameterUse {
  readonly parameter: OnnxParameter;
  /** Whether it reads the transpose of the parameter's value in the graph. */
  readonly transposed: boolean;
}

/** Every use of every parameter, by node and input number. */
export type OnnxParameterUses = ReadonlyMap<DecodedNode, ReadonlyMap<number, OnnxParameterUse>>;

/** A use, and whether its tensor is the transpose of the one that was chosen to stand for both. */
interface Member {
  readonly use: StoredUse;
  readonly mirrored: boolean;
}

interface Group {
  readonly name: string;
  readonly tensor: string;
  readonly members: readonly Member[];
  /** Whether rows of it are looked up. */
  readonly table: boolean;
}

/**
 * Which parameter every use belongs to. Tensors are one parameter where two modules use the same
 * one, or the file stores it twice, turned round or not: an embedding that is also the output head.
 * Vectors of equal elements (a new norm's ones, a new bias's zeros) are the exception: an exporter
 * stores all of those once, and they are as many parameters as there are modules.
 */
export async function groupParameters(
  uses: readonly StoredUse[],
  tensors: ReadonlyMap<string, StoredTensor>,
  read: ReadStored,
): Promise<OnnxParameterUses> {
  const groups = await groupByTensor(uses, tensors, read);
  const merged = await mergeCopies(groups, tensors, read);
  const result = new Map<DecodedNode, Map<number, OnnxParameterUse>>();
  for (const group of withDistinctNames(merged)) {
    const stored = tensors.get(group.tensor);
    if (!stored) continue;
    const parameter = parameterOf(group, stored);
    for (const { use, mirrored } of group.members) {
      const positions = result.get(use.node) ?? new Map<number, OnnxParameterUse>();
      const transposed = (use.transposed !== mirrored) !== parameter.turned;
      result.set(use.node, positions.set(use.position, { parameter, transposed }));
    }
  }
  return result;
}

async function groupByTensor(
  uses: readonly StoredUse[],
  tensors: ReadonlyMap<string, StoredTensor>,
  read: ReadStored,
): Promise<readonly Group[]> {
  const byTensor = groupBy(uses, ({ tensor }) => tensor);
  const groups: Group[] = [];
  for (const [tensor, shared] of byTensor) {
    const byName = groupBy(shared, ({ name }) => name);
    const stored = tensors.get(tensor);
    const apart = byName.size > 1 && stored && (await isUniform(stored, read));
    for (const together of apart ? byName.values() : [shared]) {
      const members = together.map((use) => ({ use, mirrored: false }));
      const table = together.some(isLookup);
      groups.push({ name: nameOf(members), tensor, members, table });
    }
  }
  return groups;
}

/** A tied table is named after its lookup, which comes first among a model's parameters. */
function nameOf(members: readonly Member[]): string {
  const lookup = members.find(({ use }) => isLookup(use));
  return (lookup ?? members[0])?.use.name ?? '';
}

const isLookup = ({ node }: StoredUse): boolean => node.opType === 'Gather';

/** Groups that read copies of one matrix become one: those of a lookup, and those of one name. */
async function mergeCopies(
  groups: readonly Group[],
  tensors: ReadonlyMap<string, StoredTensor>,
  read: ReadStored,
): Promise<readonly Group[]> {
  const merged: Group[] = [];
  const tablesFirst = groups.toSorted((a, b) => Number(b.table) - Number(a.table));
  for (const group of tablesFirst) {
    const candidates = merged.filter((other) => other.name === group.name || other.table);
    const copy = await findCopy(group, candidates, tensors, read);
    if (!copy) {
      merged.push(group);
      continue;
    }
    const members = group.members.map(({ use, mirrored }) => ({
      use,
      mirrored: mirrored !== copy.transposed,
    }));
    const whole = { ...copy.of, members: [...copy.of.members, ...members] };
    merged[merged.indexOf(copy.of)] = whole;
  }
  return merged;
}

async function findCopy(
  group: Group,
  candidates: readonly Group[],
  tensors: ReadonlyMap<string, StoredTensor>,
  read: ReadStored,
): Promise<{ readonly of: Group; readonly transposed: boolean } | undefined> {
  const stored = tensors.get(group.tensor);
  if (!stored || candidates.length === 0 || (await isUniform(stored, read))) return undefined;
  for (const candidate of candidates) {
    const other = tensors.get(candidate.tensor);
    if (!other) continue;
    for (const transposed of [true, false]) {
      if (await sameContent(other, stored, transposed, read)) return { of: candidate, transposed };
    }
  }
  return undefined;
}

/** Different tensors of one name (a module with two anonymous weights) go by their own names. */
function withDistinctNames(groups: readonly Group[]): readonly Group[] {
  const counts = new Map<string, number>();
  for (const { name } of groups) counts.set(name, (counts.get(name) ?? 0) + 1);
  return groups.map((group) =>
    (counts.get(group.name) ?? 0) > 1 ? { ...group, name: group.tensor } : group,
  );
}

function parameterOf(group: Group, stored: StoredTensor): OnnxParameter {
  const { shape } = typeOf(stored);
  const own = group.members.filter(({ mirrored }) => !mirrored).map(({ use }) => use);
  const transposed = shape.length === 2 && own.every(({ storedTransposed }) => storedTransposed);
  const turned = own.some((use) => isLookup(use) && use.transposed);
  return {
    name: group.name,
    shape: transposed ? shape.toReversed() : shape,
    transposed,
    stored,
    turned,
  };
}
