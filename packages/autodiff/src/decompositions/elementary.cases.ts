import { float, int, str } from '@layersense/onnx-ir';
import { type FusedCase, ids, ms } from './fused.cases.js';

const epsilon = float(0.01);
const interleaved = int(1);

/** Cos and sin tables hold any numbers here: the operator multiplies, whatever they are. */
export const elementaryCases: readonly FusedCase[] = [
  { key: 'LayerNormalization', inputs: [[4, 4], [4], [4]] },
  { key: 'LayerNormalization', inputs: [[2, 3, 8], [8], [8]], attributes: { epsilon } },
  { key: 'LayerNormalization', inputs: [[2, 3, 8], [8]], read: [0, 1, 2] },
  {
    key: 'LayerNormalization',
    inputs: [
      [2, 3, 8],
      [3, 8],
      [3, 8],
    ],
    attributes: { axis: int(1), epsilon },
  },
  { key: 'SimplifiedLayerNormalization', inputs: [[2, 3, 8], [8]], attributes: { epsilon } },
  { key: 'SimplifiedLayerNormalization', inputs: [[4, 4], [4]], read: [0, 1] },
  { key: 'RMSNormalization', inputs: [[4, 4], [4]], opsetVersion: 23 },
  { key: 'RMSNormalization', inputs: [[2, 3, 8], [8]], attributes: { epsilon }, opsetVersion: 23 },
  { key: ms('SkipLayerNormalization'), inputs: [[2, 3, 8], [2, 3, 8], [8]] },
  {
    key: ms('SkipLayerNormalization'),
    inputs: [[2, 3, 8], [3, 8], [8], [8], [8]],
    attributes: { epsilon },
    read: [0, 3],
  },
  {
    key: ms('SkipSimplifiedLayerNormalization'),
    inputs: [[2, 3, 8], [2, 3, 8], [8]],
    read: [0, 3],
  },
  {
    key: ms('SkipSimplifiedLayerNormalization'),
    inputs: [[2, 3, 8], [2, 3, 8], [8], [8]],
    attributes: { epsilon },
    read: [0, 3],
  },
  { key: 'Gelu', inputs: [[16, 32]], opsetVersion: 20, erf: true },
  { key: 'Gelu', inputs: [[3, 8]], attributes: { approximate: str('tanh') }, opsetVersion: 20 },
  { key: ms('Gelu'), inputs: [[16, 32]], erf: true },
  { key: ms('BiasGelu'), inputs: [[16, 32], [32]], erf: true },
  { key: ms('FastGelu'), inputs: [[3, 8]] },
  { key: ms('FastGelu'), inputs: [[2, 3, 8], [8]] },
  { key: ms('QuickGelu'), inputs: [[3, 8]] },
  { key: ms('QuickGelu'), inputs: [[3, 8]], attributes: { alpha: float(1) } },
  ...[{}, { interleaved }].flatMap((attributes): FusedCase[] => [
    {
      key: ms('RotaryEmbedding'),
      inputs: [[2, 3, 16], ids([2, 4, 1, 0, 5, 3], [2, 3]), [6, 4], [6, 4]],
      attributes,
    },
    {
      key: ms('RotaryEmbedding'),
      inputs: [[1, 2, 3, 8], ids([2], [1]), [6, 4], [6, 4]],
      attributes,
    },
    {
      key: ms('RotaryEmbedding'),
      inputs: [[2, 3, 16], ids([0], [1]), [6, 2], [6, 2]],
      attributes: { ...attributes, num_heads: int(2), rotary_embedding_dim: int(4) },
    },
    {
      key: 'RotaryEmbedding',
      inputs: [[2, 2, 3, 8], [6, 4], [6, 4], ids([2, 4, 1, 0, 5, 3], [2, 3])],
      attributes,
      opsetVersion: 23,
    },
    {
      key: 'RotaryEmbedding',
      inputs: [
        [2, 3, 16],
        [2, 3, 2],
        [2, 3, 2],
      ],
      attributes: { ...attributes, num_heads: int(2), rotary_embedding_dim: int(4) },
      opsetVersion: 23,
    },
  ]),
  {
    key: 'RotaryEmbedding',
    about: 'one row of angles for all examples, which the kernel refuses',
    inputs: [
      [2, 2, 3, 8],
      [1, 3, 4],
      [1, 3, 4],
    ],
    opsetVersion: 23,
    kernel: (g, [x, cos, sin]) => {
      const perExample = [cos, sin].map((table) => g.op('Expand', [table, g.int64([2, 3, 4])]));
      return [g.op('RotaryEmbedding', [x, ...perExample])];
    },
  },
];
