import { describe, expect, it } from 'vitest';
import type { ElementType } from '../graph/element-type.js';
import { type Attributes, type InlineTensor, int, ints, type Node } from '../graph/graph.js';
import { inferOutputs } from '../inference/infer-outputs.js';
import { canFold, foldNode } from './fold-node.js';

type Nested = number | readonly Nested[];

function shapeOf(value: Nested): number[] {
  if (typeof value === 'number') return [];
  const [first] = value;
  return [value.length, ...(first === undefined ? [] : shapeOf(first))];
}

function tensor(value: Nested, dtype: ElementType = 'int64'): InlineTensor {
  const data = (typeof value === 'number' ? [value] : value.flat(9)) as number[];
  return { dtype, shape: shapeOf(value), data };
}

const float = (value: Nested) => tensor(value, 'float32');
const bool = (value: Nested) => tensor(value, 'bool');

/** Infers, then folds, as a front end does. */
function fold(
  opType: string,
  tensors: readonly (InlineTensor | undefined)[],
  attributes: Attributes = {},
  outputs = 1,
): readonly InlineTensor[] {
  const inputs = tensors.map((value, i) => (value ? `input${i}` : ''));
  const node: Node = {
    name: 'node',
    opType,
    domain: '',
    inputs,
    outputs: Array.from({ length: outputs }, (_, i) => `output${i}`),
    attributes,
  };
  const values = tensors.map((value, i) => value && { ...value, name: `input${i}` });
  const elements = (name: string) => {
    const index = inputs.indexOf(name);
    const found = tensors[index];
    return found && Array.from(found.data);
  };
  return foldNode(node, tensors, inferOutputs(node, values, elements)) ?? [];
}

const cases: readonly (readonly [string, readonly InlineTensor[], Attributes, InlineTensor])[] = [
  [
    'Add',
    [tensor([[1], [2]]), tensor([10, 20])],
    {},
    tensor([
      [11, 21],
      [12, 22],
    ]),
  ],
  ['Div', [tensor([7, -7]), tensor(2)], {}, tensor([3, -3])],
  ['Div', [float([7, -7]), float(2)], {}, float([3.5, -3.5])],
  ['Mod', [tensor([7, -7]), tensor(4)], {}, tensor([3, 1])],
  ['Mod', [tensor([7, -7]), tensor(4)], { fmod: int(1) }, tensor([3, -3])],
  ['Cast', [float([1.7, -1.7])], { to: int(7) }, tensor([1, -1])],
  ['Cast', [float([0.5, 0])], { to: int(9) }, bool([1, 0])],
  [
    'Where',
    [bool([[1], [0]]), tensor([1, 2]), tensor(9)],
    {},
    tensor([
      [1, 2],
      [9, 9],
    ]),
  ],
  [
    'LessOrEqual',
    [tensor([[0, 1]]), tensor([[0], [1]])],
    {},
    bool([
      [1, 0],
      [1, 1],
    ]),
  ],
  ['And', [bool([1, 1, 0]), bool([1, 0, 0])], {}, bool([1, 0, 0])],
  ['Max', [tensor([1, 5]), tensor(3)], {}, tensor([3, 5])],
  [
    'Concat',
    [
      tensor([[1], [2]]),
      tensor([
        [3, 4],
        [5, 6],
      ]),
    ],
    { axis: int(1) },
    tensor([
      [1, 3, 4],
      [2, 5, 6],
    ]),
  ],
  [
    'Expand',
    [tensor([[1], [2]]), tensor([2, 2, 3])],
    {},
    tensor([
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
    ]),
  ],
  [
    'Gather',
    [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      tensor([2, -3]),
    ],
    { axis: int(1) },
    tensor([
      [3, 1],
      [6, 4],
    ]),
  ],
  ['Gather', [tensor([8, 9]), tensor(-1)], {}, tensor(9)],
  [
    'GatherND',
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([
        [1, 0],
        [0, -1],
      ]),
    ],
    {},
    tensor([3, 2]),
  ],
  [
    'GatherND',
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([[1], [0]]),
    ],
    { batch_dims: int(1) },
    tensor([2, 3]),
  ],
  [
    'Slice',
    [tensor([0, 1, 2, 3, 4]), tensor([1]), tensor([2 ** 63]), tensor([0]), tensor([2])],
    {},
    tensor([1, 3]),
  ],
  [
    'Slice',
    [tensor([0, 1, 2, 3]), tensor([-1]), tensor([-(2 ** 63)]), tensor([0]), tensor([-1])],
    {},
    tensor([3, 2, 1, 0]),
  ],
  ['Squeeze', [tensor([[1, 2]]), tensor([0])], {}, tensor([1, 2])],
  ['Unsqueeze', [tensor([1, 2]), tensor([1])], {}, tensor([[1], [2]])],
  ['Tile', [tensor([1, 2]), tensor([2])], {}, tensor([1, 2, 1, 2])],
  [
    'Transpose',
    [
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ],
    { perm: ints([1, 0]) },
    tensor([
      [1, 4],
      [2, 5],
      [3, 6],
    ]),
  ],
  [
    'Trilu',
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ],
    { upper: int(0) },
    tensor([
      [1, 0],
      [3, 4],
    ]),
  ],
  [
    'Trilu',
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor(1),
    ],
    {},
    tensor([
      [0, 2],
      [0, 0],
    ]),
  ],
  ['ConstantOfShape', [tensor([2])], {}, float([0, 0])],
  ['Range', [tensor(3), tensor(10), tensor(3)], {}, tensor([3, 6, 9])],
  ['Range', [tensor(0), tensor(-1), tensor(1)], {}, tensor([])],
  [
    'ReduceSum',
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([1]),
    ],
    { keepdims: int(0) },
    tensor([3, 7]),
  ],
  ['ReduceProd', [tensor([2, 3, 4])], { keepdims: int(0) }, tensor(24)],
  [
    'ReduceMax',
    [
      tensor([
        [1, 9],
        [8, 2],
      ]),
      tensor([0]),
    ],
    {},
    tensor([[8, 9]]),
  ],
  [
    'CumSum',
    [
      tensor([
        [1, 1, 1],
        [2, 2, 2],
      ]),
      tensor(1),
    ],
    {},
    tensor([
      [1, 2, 3],
      [2, 4, 6],
    ]),
  ],
  [
    'CumSum',
    [tensor([1, 2, 3]), tensor(0)],
    { exclusive: int(1), reverse: int(1) },
    tensor([5, 3, 0]),
  ],
];

describe('foldNode', () => {
  it.each(cases)('%s %#', (opType, inputs, attributes, expected) => {
    const [actual] = fold(opType, inputs, attributes);
    expect({ ...actual, data: Array.from(actual?.data ?? []) }).toEqual({
      ...expected,
      data: Array.from(expected.data),
    });
  });

  it('gives every output of a Split', () => {
    const parts = fold('Split', [tensor([1, 2, 3, 4, 5]), tensor([2, 3])], {}, 2);
    expect(parts.map(({ data }) => data)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('rounds to the type of the output', () => {
    const [third] = fold('Div', [float([1]), float([3])]);
    expect(third?.data[0]).toBe(Math.fround(1 / 3));
  });

  it('takes no time over an empty tensor of any width', () => {
    const cache: InlineTensor = { dtype: 'float32', shape: [1, 2 ** 40, 0, 8], data: [] };
    const [joined] = fold('Concat', [cache, cache], { axis: int(2) });
    expect(joined).toMatchObject({ shape: [1, 2 ** 40, 0, 8] });
    expect(joined?.data).toHaveLength(0);
  });

  it('refuses an index outside the tensor', () => {
    expect(() => fold('Gather', [tensor([1, 2]), tensor([2])])).toThrow(/index 2/);
  });

  it('leaves other operators alone', () => {
    expect(canFold({ opType: 'Softmax', domain: '' })).toBe(false);
    expect(canFold({ opType: 'Add', domain: 'com.microsoft' })).toBe(false);
    expect(fold('Softmax', [float([1, 2])])).toEqual([]);
  });
});
