import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { oneCastPerUse } from './one-cast-per-use.js';

describe('oneCastPerUse', () => {
  it('copies the Cast of a weight for every further use, and no other Cast', () => {
    const g = new GraphBuilder('casts');
    const x = g.input('x', 'float32', [4, 4]);
    const ref = { file: 'w', offset: 0, length: 32, dtype: 'bfloat16', shape: [4, 4] } as const;
    const weight = g.cast(g.external('weight', ref), 'float32');
    const other = g.cast(g.input('y', 'float64', [4, 4]), 'float32');
    const twice = g.matMul(g.matMul(x, weight), weight);
    const graph = oneCastPerUse(g.build([g.add(g.add(twice, other), other)]));

    const casts = graph.nodes.filter((node) => node.opType === 'Cast');
    expect(casts.map((node) => node.inputs[0])).toEqual(['weight', 'y', 'weight']);
    const used = graph.nodes.flatMap((node) => (node.opType === 'MatMul' ? [node.inputs[1]] : []));
    expect(used).toEqual([casts[0]?.outputs[0], casts[2]?.outputs[0]]);
    expect(graph.values.get(casts[2]?.outputs[0] ?? '')?.dtype).toBe('float32');
  });
});
