import type { Attribute, DecodedModel, DecodedNode, Initializer } from '@layersense/onnx-ir';

/** Deterministic pseudo-random integers from 0 to below (a linear congruential generator). */
export type Random = (below: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 4) % Math.max(1, below);
  };
}

/** The bytes of a file that hold its graph, and not the elements of tensors. */
export function graphBytes(bytes: Uint8Array, { initializers }: DecodedModel): readonly number[] {
  const stored = new Uint8Array(bytes.length);
  for (const { ref } of initializers.values()) {
    if (ref) stored.fill(1, ref.offset, ref.offset + ref.length);
  }
  return [...stored.keys()].filter((place) => stored[place] === 0);
}

/** A model that decodes and is wrong: what damaged bytes are nearly always refused before. */
export function damagedModel(model: DecodedModel, random: Random, times: number): DecodedModel {
  const damaged = { ...model, nodes: [...model.nodes], initializers: new Map(model.initializers) };
  for (let i = 0; i < times; i++) {
    if (random(4) === 0) damageTensor(damaged.initializers, random);
    else damageNode(damaged, random);
  }
  return damaged;
}

interface Damageable {
  readonly inputs: DecodedModel['inputs'];
  readonly nodes: DecodedNode[];
  readonly initializers: Map<string, Initializer>;
}

function damageNode({ inputs, nodes, initializers }: Damageable, random: Random): void {
  const at = random(nodes.length);
  const node = nodes[at];
  const other = nodes[random(nodes.length)];
  if (!node || !other || node.inputs.length === 0) return;
  const before = nodes.slice(0, at).flatMap(({ outputs }) => outputs);
  const names = ['', ...initializers.keys(), ...inputs.map(({ name }) => name), ...before];
  const name = names[random(names.length)] ?? '';
  const changes: readonly Partial<DecodedNode>[] = [
    { inputs: node.inputs.with(random(node.inputs.length), name) },
    { inputs: node.inputs.slice(0, -1) },
    { inputs: [...node.inputs, name] },
    { opType: other.opType, domain: other.domain },
    { attributes: other.attributes },
    { attributes: damagedAttributes(node, random) },
  ];
  nodes[at] = { ...node, ...changes[random(changes.length)] };
}

const HOSTILE = [0, -1, 1, 2, 3, 7, -5, 1e9, 2 ** 40];

function damagedAttributes({ attributes }: DecodedNode, random: Random): DecodedNode['attributes'] {
  const number = () => HOSTILE[random(HOSTILE.length)] ?? 0;
  const damaged = (attribute: Attribute): Attribute => {
    if (attribute.type === 'int') return { type: 'int', value: number() };
    if (attribute.type === 'float') return { type: 'float', value: number() };
    if (attribute.type !== 'ints') return attribute;
    return { type: 'ints', value: attribute.value.map((x) => (random(2) === 0 ? x : number())) };
  };
  const entries = Object.entries(attributes);
  const which = random(entries.length);
  return Object.fromEntries(
    entries.flatMap(([name, attribute], i): [string, Attribute][] => {
      if (i !== which) return [[name, attribute]];
      return random(3) === 0 ? [] : [[name, damaged(attribute)]];
    }),
  );
}

function damageTensor(initializers: Map<string, Initializer>, random: Random): void {
  const names = [...initializers.keys()];
  const name = names[random(names.length)] ?? '';
  const stored = initializers.get(name);
  const other = initializers.get(names[random(names.length)] ?? '');
  if (stored?.kind !== 'inline' || random(3) === 0) {
    if (other) initializers.set(name, other);
    return;
  }
  const { shape, dtype, data } = stored.tensor;
  const shapes = [shape.toReversed(), [data.length], [1, ...shape], [...shape, 1]];
  const noise = Array.from(data, (x) => (random(2) === 0 ? x : (HOSTILE[random(5)] ?? 0)));
  const tensor =
    random(2) === 0
      ? { dtype, data, shape: shapes[random(shapes.length)] ?? shape }
      : { dtype, data: noise, shape };
  initializers.set(name, { kind: 'inline', tensor });
}
