import { elementCount, type GraphBuilder, type Value } from '@layersense/onnx-ir';
import { logitStages } from '../loss/output-head.js';

/** A stretch of the forward pass that one tensor enters and one tensor leaves. */
export interface Segment {
  /** Where the segment starts; undefined for the first, which starts from the graph's inputs. */
  readonly start: Value | undefined;
  /** Where the segment ends; the last one ends with the logits. */
  readonly end: Value;
}

/**
 * Cuts a forward pass at tensors that every path crosses: in a transformer the residual stream,
 * before and after each attention and each MLP. They are found on the graph, so any model will do.
 *
 * A value is carried across a cut only if it depends on the input and on a parameter: whatever follows
 * from the input or from the weights alone is computed again on the other side. Neighbouring cuts are
 * joined until a segment holds at least half the parameters of the largest indivisible one, so that
 * segments are of like size and few.
 */
export function findSegments(
  g: GraphBuilder,
  logits: Value,
  parameters: readonly string[],
): readonly Segment[] {
  const cuts = crossings(g, logits, parameters);
  const ends = [...cuts.map(({ value }) => value), logits];
  const weights = weightsBetween(g, cuts, parameters);
  const enough = Math.max(...weights) / 2;
  const segments: Segment[] = [];
  let start: Value | undefined;
  let held = 0;
  ends.forEach((end, i) => {
    held += weights[i] ?? 0;
    const last = i === ends.length - 1;
    if (!last && held < enough) return;
    segments.push({ start, end });
    start = end;
    held = 0;
  });
  return segments;
}

interface Crossing {
  readonly value: Value;
  /** The index of the node after which `value` alone is carried. */
  readonly position: number;
}

/**
 * Every place in node order where exactly one carried value is still to be used. The logits, before a
 * bias is added or their shape is changed, are left out: they are as wide as the vocabulary.
 */
function crossings(
  g: GraphBuilder,
  logits: Value,
  parameters: readonly string[],
): readonly Crossing[] {
  const fromInput = descendants(
    g,
    g.inputs.map((value) => value.name),
  );
  const fromParameter = descendants(g, parameters);
  const asLogits = new Set(logitStages(g, logits).map(({ value }) => value.name));
  const lastUse = new Map<string, number>([[logits.name, g.nodes.length]]);
  g.nodes.forEach((node, i) => {
    for (const name of node.inputs) if (name !== logits.name) lastUse.set(name, i);
  });
  const alive = new Set<string>();
  const found: Crossing[] = [];
  g.nodes.forEach((node, i) => {
    for (const name of node.outputs) {
      const carried = fromInput.has(name) && fromParameter.has(name);
      if (carried && (lastUse.get(name) ?? -1) > i) alive.add(name);
    }
    for (const name of alive) if ((lastUse.get(name) ?? -1) <= i) alive.delete(name);
    const [only, ...others] = alive;
    if (only === undefined || others.length > 0 || asLogits.has(only)) return;
    const value = g.value(only);
    if (value.dtype !== logits.dtype || found.at(-1)?.value === value) return;
    found.push({ value, position: i });
  });
  return found;
}

/** Elements of the parameters first used before the first cut, between the cuts, and after the last. */
function weightsBetween(
  g: GraphBuilder,
  cuts: readonly Crossing[],
  parameters: readonly string[],
): number[] {
  const unseen = new Set(parameters);
  const sums = [0];
  g.nodes.forEach((node, i) => {
    for (const name of node.inputs) {
      if (!unseen.delete(name)) continue;
      sums.push((sums.pop() ?? 0) + elementCount(g.value(name).shape));
    }
    if (cuts.some(({ position }) => position === i)) sums.push(0);
  });
  return sums;
}

function descendants(g: GraphBuilder, sources: readonly string[]): ReadonlySet<string> {
  const reached = new Set(sources);
  for (const node of g.nodes) {
    if (node.inputs.some((name) => reached.has(name))) {
      for (const name of node.outputs) reached.add(name);
    }
  }
  return reached;
}
