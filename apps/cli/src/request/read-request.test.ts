import { Command } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { readRequest } from './read-request.js';
import { requestFlags } from './request-flags.js';
import { parameterOption, requestOptions } from './request-options.js';
import { readRequestSchema } from './request-schema.js';

const schema = readRequestSchema();

const request = (...args: string[]) => {
  const options = requestOptions(schema);
  const command = new Command('score').argument('<MODEL>').addOption(parameterOption);
  for (const { option } of options) command.addOption(option);
  command.parse(args, { from: 'user' });
  return readRequest(command.args[0] ?? '', command.opts(), { schema, options });
};

describe('readRequest', () => {
  it('leaves the defaults to the schema of POST /jobs', () => {
    expect(request('Qwen/Qwen2.5-0.5B', '--dataset', 'gsm8k')).toEqual({
      model: 'Qwen/Qwen2.5-0.5B',
      method: 'fisher',
      dataset: { name: 'gsm8k' },
      device: 'auto',
      params: { examples: 64, max_length: 2048, seed: 42, labels: 'data' },
    });
  });

  it('carries every flag to its field', () => {
    const args =
      'org/model --revision v1 --dataset gsm8k --split test --format question --dataset-revision d2 ' +
      '--examples 8 --max-length 32 --seed 1 --batch-size 2 --loss sequence-sum --labels model --device cpu';
    expect(request(...args.split(' '))).toEqual({
      model: 'org/model',
      revision: 'v1',
      method: 'fisher',
      dataset: { name: 'gsm8k', split: 'test', format: 'question', revision: 'd2' },
      device: 'cpu',
      params: {
        examples: 8,
        max_length: 32,
        seed: 1,
        batch_size: 2,
        loss: 'sequence-sum',
        labels: 'model',
      },
    });
  });

  it('carries the flags of adaptive stopping, skipping and drawing', () => {
    const args =
      '--until top-k-stable --top-k 5 --stability 0.9 --min-examples 8 --skip-examples 4 --labels model --draws 3';
    const { params } = request('org/model', '--dataset', 'gsm8k', ...args.split(' '));
    expect(params).toMatchObject({
      until: { top_k_stable: { k: 5, probability: 0.9, min_examples: 8 } },
      skip_examples: 4,
      labels: 'model',
      draws: 3,
    });
    const plain = request('org/model', '--dataset', 'gsm8k', '--until', 'top-k-stable');
    expect(plain.params).toMatchObject({
      until: { top_k_stable: { k: 10, probability: 0.95, min_examples: 16 } },
    });
  });

  it('carries the mask of a masked language model', () => {
    const args = '--dataset texts.jsonl --loss masked-token-sum --mask-probability 0.3';
    const { params } = request('./bert', ...args.split(' '));
    expect(params).toMatchObject({ loss: 'masked-token-sum', mask_probability: 0.3 });
  });

  it('carries formats, and refuses what is none', () => {
    const of = (formats: string) =>
      request('m/m', '--method', 'format_error', '--formats', formats);
    expect(of('int4_g32,int8_channel').params).toEqual({ formats: ['int4_g32', 'int8_channel'] });
    expect(() => of('int4_g33')).toThrow('No format is called "int4_g33"');
    expect(() => of('int4_g32,')).toThrow('--formats: must be the name of a numeric format');
    expect(() => request('m/m', '--method', 'format_error')).toThrow(
      'format_error needs --formats LIST',
    );
  });

  it('takes a folder for what could be a Hub repository too', () => {
    expect(request('apps/cli', '--method', 'magnitude').model).toBe('./apps/cli');
  });

  it.each([
    [['--dataset', 'x'], '--dataset has no meaning with --method magnitude'],
    [['--examples', '3'], '--examples has no meaning with --method magnitude'],
  ])('says that magnitude does not take %j, and why', (args, message) => {
    const attempt = () => request('org/model', '--method', 'magnitude', ...args);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow('reads the weights and nothing else');
  });

  it('says that fisher needs a dataset, and why', () => {
    expect(() => request('org/model')).toThrow('fisher needs --dataset NAME|FILE');
  });

  it.each([
    [['--examples', '0'], '--examples must be at least 1.'],
    [['--max-length', '1'], '--max-length must be at least 2.'],
    [['--seed', '-1'], '--seed must be at least 0.'],
    [['--skip-examples', '0'], '--skip-examples must be at least 1.'],
    [['--until', 'top-k-stable', '--stability', '2'], '--stability must be at most 0.9999.'],
    [['--until', 'top-k-stable', '--top-k', '0'], '--top-k must be at least 1.'],
    [['--batch-size', '5000'], '--batch-size must be at most 4096.'],
  ])('names the flag whose value is out of range: %j', (args, message) => {
    expect(() => request('org/model', '--dataset', 'gsm8k', ...args)).toThrow(message);
  });

  it.each([
    ['seed', '7', { seed: 7 }],
    ['loss', 'sequence-sum', { loss: 'sequence-sum' }],
    ['until.top_k_stable.k', '5', { until: { top_k_stable: { k: 5 } } }],
    ['until', '{"top_k_stable":{"k":3}}', { until: { top_k_stable: { k: 3 } } }],
  ])('takes any parameter of the method: %s=%s', (name, text, params) => {
    const { params: given } = request('m/m', '--dataset', 'd', '--param', `${name}=${text}`);
    expect(given).toMatchObject(params);
  });

  it('takes several parameters, beside flags', () => {
    const args = ['--param', 'seed=7', '--param', 'max_length=9', '--examples', '3'];
    const { params } = request('m/m', '--dataset', 'd', ...args);
    expect(params).toMatchObject({ seed: 7, max_length: 9, examples: 3 });
  });

  it.each([
    [['--param', 'seed=x'], "--param seed: 'x' is no JSON value"],
    [['--param', 'seed=-1'], '--param seed must be at least 0.'],
    [['--param', 'sed=1'], '--param sed has no meaning with --method fisher, whose parameters are'],
    [['--param', 'sed=x'], '--param sed has no meaning with --method fisher, whose parameters are'],
    [['--param', 'seed=1', '--seed', '2'], '--seed and --param seed are the same. Give one.'],
    [['--param', 'seed=1', '--param', 'seed=1'], '--param seed and --param seed are the same.'],
    [['--param', 'mask_probability=0'], '--param mask_probability must be more than 0.'],
    [['--top-k', '5'], '--top-k needs --until top-k-stable, of which it is a part.'],
    [['--param', 'constructor.prototype.x=1'], '--param constructor.prototype.x has no meaning'],
  ])('refuses %j', (args, message) => {
    expect(() => request('m/m', '--dataset', 'd', ...args)).toThrow(message);
  });

  it('says of every flag where in the request it goes', () => {
    const places = Object.values(requestFlags).flat();
    const unknown = places.filter(({ path }) => schema.at(path.split('.')).length === 0);
    expect(places.length).toBeGreaterThan(20);
    expect(unknown).toEqual([]);
  });

  it('reports several problems at once', () => {
    const attempt = () => request('m/m', '--dataset', 'd', '--examples', '0', '--seed', '-1');
    expect(attempt).toThrow('--examples must be at least 1.\n--seed must be at least 0.');
  });
});
