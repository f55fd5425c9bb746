import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  fixtures,
  LFS_POINTER,
  ROWS,
  type StoredTensor,
  type StoredTensors,
  smallLlama,
  writeCheckpoint,
} from './compat-checkpoint.js';
import type { WriteInput } from './compat-inputs.js';

const QUERY = 'model.layers.0.self_attn.q_proj';
const DOWN = 'model.layers.0.mlp.down_proj.weight';
const SHARDED = join(fixtures, 'checkpoints/qwen2-untied');
const ONNX = 'dynamo-20-external.onnx';
const DATA = `${ONNX}.data`;
/** Of expected.json: losses 3.58331 and 4.42840. */
const ONNX_ROWS = [
  [39, 54],
  [0, 11, 47, 14, 10, 25, 55],
];

/** The small Llama with other tensors. */
const tensors =
  (change: (tensors: Map<string, StoredTensor>) => StoredTensors, keys: object = {}): WriteInput =>
  (folder) => {
    const { config, tensors: stored } = smallLlama();
    writeCheckpoint(folder, { config: { ...config, ...keys }, tensors: change(new Map(stored)) });
  };

/** The small Llama with another header of its safetensors file. */
const header =
  (change: (text: string) => string): WriteInput =>
  (folder) =>
    writeCheckpoint(folder, smallLlama(), change);

const renamed = (rename: (name: string) => string): WriteInput =>
  tensors((stored) => new Map([...stored].map(([name, tensor]) => [rename(name), tensor])));

const withValue = (value: number): WriteInput =>
  tensors((stored) => {
    const { dtype = '', shape = [], data = Buffer.alloc(0) } = stored.get(DOWN) ?? {};
    const changed = Buffer.from(data);
    changed.writeFloatLE(value, 16);
    return stored.set(DOWN, { dtype, shape, data: changed });
  });

const zeros = (dtype: string, shape: readonly number[], bytesEach: number): StoredTensor => ({
  dtype,
  shape,
  data: Buffer.alloc(shape.reduce((product, size) => product * size, bytesEach)),
});

/** The small Llama with one projection stored as a tool for quantisation stores it. */
const quantized = (parts: Readonly<Record<string, StoredTensor>>, scheme: object): WriteInput =>
  tensors(
    (stored) => {
      stored.delete(`${QUERY}.weight`);
      for (const [name, tensor] of Object.entries(parts)) stored.set(`${QUERY}.${name}`, tensor);
      return stored;
    },
    { quantization_config: scheme },
  );

/** An ONNX decoder beside what `write` puts there of its file and its external data. */
const onnx =
  (write: (folder: string, source: (name: string) => string) => void): WriteInput =>
  (folder) => {
    const config = { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const rows = ONNX_ROWS.map((input_ids) => JSON.stringify({ input_ids }));
    writeFileSync(join(folder, 'rows.jsonl'), rows.join('\n'));
    write(folder, (name) => join(fixtures, 'onnx/qwen3', name));
  };

/** The ONNX decoder with its external data under another name, which has to be as long. */
const onnxData = (name: string): WriteInput =>
  onnx((folder, source) => {
    if (name.length !== DATA.length) throw new RangeError(`${name} is not as long as ${DATA}.`);
    const file = readFileSync(source(ONNX), 'latin1').replaceAll(DATA, name);
    writeFileSync(join(folder, ONNX), file, 'latin1');
    const place = join(folder, name.replace(/^[./]+/, ''));
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(source(DATA), place);
  });

/** Files of weights: as they are stored, wrapped, cut, linked and pointed to. */
export const fileInputs: Readonly<Record<string, WriteInput>> = {
  'header-duplicate-key': header((text) => {
    const [entry = ''] = /"model\.norm\.weight":\{[^}]*\}/.exec(text) ?? [];
    return text.replace(/\}$/, `,${entry}}`);
  }),
  'header-metadata-null': header((text) => text.replace('{', '{"__metadata__":null,')),
  'header-metadata-number': header((text) => text.replace('{', '{"__metadata__":{"step":7},')),
  'index-duplicate-key': (folder) => {
    for (const name of readdirSync(SHARDED).filter((file) => file !== 'expected.json')) {
      copyFileSync(join(SHARDED, name), join(folder, name));
    }
    const index = join(folder, 'model.safetensors.index.json');
    const text = readFileSync(index, 'utf8');
    const [entry = ''] = /"model\.norm\.weight": "[^"]*"/.exec(text) ?? [];
    writeFileSync(index, text.replace(entry, `${entry}, ${entry}`));
    writeFileSync(join(folder, 'rows.jsonl'), ROWS.join('\n'));
  },
  'tensors-empty-and-0-d': tensors((stored) =>
    stored.set('extra.empty', zeros('F32', [0, 4], 4)).set('extra.scalar', zeros('F32', [], 4)),
  ),
  'tensors-nan': withValue(Number.NaN),
  'tensors-minus-infinity': withValue(Number.NEGATIVE_INFINITY),
  'tensors-head-alone': renamed((name) => name.replace('model.embed_tokens', 'lm_head')),
  'wrapped-module': renamed((name) => `module.${name}`),
  'wrapped-orig-mod': renamed((name) => `_orig_mod.${name}`),
  'wrapped-peft': renamed((name) => name.replace(/(_proj)\.weight$/, '$1.base_layer.weight')),
  'quantised-bnb-nf4': quantized(
    {
      weight: zeros('U8', [512, 1], 1),
      'weight.absmax': zeros('F32', [16], 4),
      'weight.quant_map': zeros('F32', [16], 4),
      'weight.quant_state.bitsandbytes__nf4': zeros('U8', [80], 1),
    },
    { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' },
  ),
  'quantised-nvfp4': quantized(
    {
      weight: zeros('U8', [32, 16], 1),
      weight_scale: zeros('F8_E4M3', [32, 2], 1),
      weight_scale_2: zeros('F32', [], 4),
    },
    { quant_method: 'modelopt', quant_algo: 'NVFP4' },
  ),
  'quantised-mxfp4': quantized(
    { weight_blocks: zeros('U8', [32, 1, 16], 1), weight_scales: zeros('U8', [32, 1], 1) },
    { quant_method: 'mxfp4' },
  ),
  'onnx-lfs-pointer': onnx((folder) => writeFileSync(join(folder, 'model.onnx'), LFS_POINTER)),
  'onnx-linked': onnx((folder, source) => {
    for (const name of [ONNX, DATA]) symlinkSync(source(name), join(folder, name));
  }),
  'onnx-data-below': onnxData('weights/0-external.onnx.data'),
  'onnx-data-above': onnxData('../amo-20-external.onnx.data'),
  'onnx-data-absolute': onnxData('/mnt/o-20-external.onnx.data'),
  'onnx-data-missing': onnx((folder, source) => copyFileSync(source(ONNX), join(folder, ONNX))),
  'onnx-data-truncated': onnx((folder, source) => {
    copyFileSync(source(ONNX), join(folder, ONNX));
    const data = readFileSync(source(DATA));
    writeFileSync(join(folder, DATA), data.subarray(0, data.length / 2));
  }),
  'onnx-data-is-a-folder': onnx((folder, source) => {
    copyFileSync(source(ONNX), join(folder, ONNX));
    mkdirSync(join(folder, DATA));
  }),
};
