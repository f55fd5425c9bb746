import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { computeEarly } from './compute-early.js';

it('moves what only the output needs behind everything else, in its order', () => {
  const g = new GraphBuilder('early');
  const shared = g.op('Exp', [g.input('x', 'float32', [2])]);
  const loss = g.op('Sqrt', [g.op('Log', [shared])]);
  const norm = g.op('Sigmoid', [g.op('Tanh', [shared])]);
  const graph = computeEarly(g.build([loss, norm]), loss.name);
  const operators = graph.nodes.map((node) => node.opType);
  expect(operators).toEqual(['Exp', 'Tanh', 'Sigmoid', 'Log', 'Sqrt']);
  expect(graph.outputs.map(({ name }) => name)).toEqual([loss.name, norm.name]);
});
