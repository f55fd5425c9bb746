import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import { decodeModel } from '../serde/decode-model.js';
import { encodeModel } from '../serde/encode-model.js';
import { oneCastPerUse } from './one-cast-per-use.js';
import { widenWeightsOnce } from './widen-weights-once.js';

function tiedModel(dtype: 'bfloat16' | 'float16' | 'float32') {
  const g = new GraphBuilder('tied');
  const bytes = dtype === 'float32' ? 4 : 2;
  const ref = { file: 'w', offset: 0, length: 16 * bytes, dtype, shape: [4, 4] };
  const table = g.external('table', ref);
  const rows = g.cast(g.op('Gather', [table, g.input('ids', 'int64', [3])]), 'float32');
  const weight = g.cast(table, 'float32');
  const y = g.matMul(g.matMul(rows, weight), weight);
  return encodeModel(oneCastPerUse(g.build([y])));
}

describe('widenWeightsOnce', () => {
  it.each(['bfloat16', 'float16'] as const)('shares the Casts of a %s weight', (dtype) => {
    const { model, halfPrecisionNodes } = widenWeightsOnce(tiedModel(dtype));
    const { nodes } = decodeModel(model, 'model.onnx');
    const casts = nodes.filter((node) => node.opType === 'Cast');
    expect(casts.map((node) => node.inputs[0])).toEqual(['table', 'Gather']);
    const used = nodes.flatMap((node) => (node.opType === 'MatMul' ? [node.inputs[1]] : []));
    expect(used).toEqual([casts[0]?.outputs[0], casts[0]?.outputs[0]]);
    expect(halfPrecisionNodes).toEqual(['Gather', casts[1]?.name]);
  });

  it('leaves a float32 model as it is', () => {
    const model = tiedModel('float32');
    expect(widenWeightsOnce(model)).toEqual({ model, halfPrecisionNodes: [] });
  });
});
