import { describe, expect, it } from 'vitest';
import { classesOf } from '../model-task.js';
import { maxPositionsOf } from './onnx-task.js';

describe('maxPositionsOf', () => {
  it.each([
    ['what a table of positions holds', { max_position_embeddings: 512 }, 512],
    ["GPT-2's name for it", { n_positions: 1024 }, 1024],
    [
      'less where the first position is the one after the padding token',
      { model_type: 'roberta', max_position_embeddings: 514, pad_token_id: 1 },
      512,
    ],
    ['no limit where there is none', {}, Number.MAX_SAFE_INTEGER],
  ])('is %s', (_, config, expected) => {
    expect(maxPositionsOf(config)).toBe(expected);
  });
});

describe('classesOf', () => {
  it('knows the classes by either map of config.json', () => {
    const ids = new Map([
      ['no', 0],
      ['yes', 1],
    ]);
    expect(classesOf({ label2id: { no: 0, yes: 1 } }, 2)).toEqual({ count: 2, ids });
    expect(classesOf({ id2label: { 0: 'no', 1: 'yes' } }, 2)).toEqual({ count: 2, ids });
    expect(classesOf(undefined, 3)).toEqual({ count: 3, ids: new Map() });
  });

  it.each([
    ['a regression', { problem_type: 'regression' }, 1],
    ['one output', {}, 1],
    ['several classes at once', { problem_type: 'multi_label_classification' }, 4],
  ])('refuses %s', (_, config, count) => {
    expect(() => classesOf(config, count)).toThrowError(
      expect.objectContaining({ code: 'loss_unsupported' }),
    );
  });
});
