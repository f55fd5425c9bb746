import { expect, it } from 'vitest';
import { asPathIfPresent, isDatasetPath, isModelPath } from './path-name.js';

it.each([
  ['/models/qwen', true],
  ['./qwen', true],
  ['../models/qwen', true],
  ['.', true],
  ['..', true],
  ['.hidden/model', true],
  ['~', true],
  ['~/models/qwen', true],
  ['~ada/models', true],
  ['C:\\models\\qwen', true],
  ['d:/models/qwen', true],
  ['\\\\server\\models', true],
  ['model.onnx', true],
  ['org/model.onnx', true],
  ['onnx/decoder_model.onnx', true],
  ['gpt2', false],
  ['org/name', false],
  ['Qwen/Qwen2.5-0.5B', false],
  ['org/model.onnx-fp16', false],
  ['org/onnx', false],
  ['a/b/c', false],
  ['C:', false],
  ['', false],
])('takes the model %j for a path: %s', (name, expected) => {
  expect(isModelPath(name)).toBe(expected);
});

it.each([
  ['rows.jsonl', true],
  ['rows.csv', true],
  ['data/rows', true],
  ['data\\rows', true],
  ['/data/rows.parquet', true],
  ['~/rows.txt', true],
  ['gsm8k', false],
  ['ag_news', false],
  ['no-such-set', false],
])('takes the dataset %j for a path: %s', (name, expected) => {
  expect(isDatasetPath(name)).toBe(expected);
});

it('writes the name of something that is there as a path', () => {
  expect(asPathIfPresent('packages/model-source')).toBe('./packages/model-source');
  expect(asPathIfPresent('package.json')).toBe('./package.json');
  expect(asPathIfPresent('./packages')).toBe('./packages');
  expect(asPathIfPresent('org/name')).toBe('org/name');
  expect(asPathIfPresent('org/model.onnx')).toBe('org/model.onnx');
});
