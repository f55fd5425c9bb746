import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FisherParams } from '@layersense/contracts';
import { listParameters, type ParsedModel, parseOnnxModel } from '@layersense/models';
import { type DecodedModel, decodeModel, encodeModel, type TensorRef } from '@layersense/onnx-ir';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orInvalidModel } from '../plans/or-invalid-model.js';
import { ShapeGraphs } from '../plans/shape-graphs.js';
import { damagedModel, graphBytes, seededRandom } from '../test-support/damaged-model.js';
import { toJobFailure } from '../to-job-failure.js';
import { onnxArchitecture, onnxTensors } from './onnx-architecture.js';
import { openModel } from './open-model.js';

const fixtures = fileURLToPath(new URL('../../../testing/fixtures/onnx/', import.meta.url));
const files = [
  'llama/builder-style-int4',
  'llama/builder-style-packed',
  'llama/torchscript-17-past',
  'qwen3/dynamo-23',
  'gpt2/dynamo-20',
  'llama/genai-int4-cpu-qdq',
  'llama-wide/genai-int4-cpu-k_quant_mixed',
];
const DAMAGED_FILES = 120;
const WRONG_MODELS = 60;
const config = { architectures: ['LlamaForCausalLM'], max_position_embeddings: 64 };
const params = FisherParams.parse({});
const shape = { batch: 2, length: 5 };

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'layersense-fuzz-'));
  await writeFile(join(scratch, 'config.json'), JSON.stringify(config));
  for (const name of files.filter((each) => each.includes('genai'))) {
    const data = `${basename(name)}.onnx.data`;
    await cp(join(fixtures, `${name}.onnx.data`), join(scratch, data));
  }
});
afterAll(() => rm(scratch, { recursive: true }));

/** All that a job does with a model's graph before ONNX Runtime sees it, for every plan. */
function prepare(model: ParsedModel, tensors: ReadonlyMap<string, TensorRef>): void {
  const checkpoint = { weightsFolder: scratch, tensors, config, files: [], tokenizerFiles: [] };
  const unsupported = new Map<string, string>();
  const graphs = new ShapeGraphs({ model, checkpoint: { ...checkpoint, unsupported }, params });
  listParameters(model, tensors);
  const built = [
    graphs.whole(shape).graph,
    ...graphs
      .segments(shape)
      .flatMap(({ forward, backward }) => [...(forward ? [forward] : []), backward]),
  ];
  for (const graph of built) orInvalidModel(model, () => encodeModel(graph));
}

async function prepareFile(bytes: Uint8Array): Promise<void> {
  await writeFile(join(scratch, 'model.onnx'), bytes);
  const { architecture, checkpoint } = await openModel({
    name: 'm',
    revision: '0',
    source: 'local',
    folder: scratch,
    files: [],
    onnxFile: 'model.onnx',
  });
  prepare(architecture(), checkpoint.tensors);
}

async function prepareDecoded(decoded: DecodedModel, bytes: Uint8Array): Promise<void> {
  const read = async ({ file, offset }: TensorRef, start: number, length: number) => {
    const stored = file === 'model.onnx' ? bytes : readFileSync(join(scratch, file));
    return stored.subarray(offset + start, offset + start + length);
  };
  const onnx = await parseOnnxModel(decoded, 'model.onnx', read);
  prepare(onnxArchitecture(onnx, config), onnxTensors(onnx));
}

/** The code of each failure; null where there was none. */
async function failureOf(prepared: Promise<void>, what: string): Promise<string | null> {
  const error = await prepared.then(
    () => undefined,
    (reason: unknown) => ({ reason }),
  );
  const failure = error && toJobFailure(error.reason);
  expect(failure?.problem.code, `${what}: ${String(error?.reason)}`).not.toBe('internal');
  expect(failure?.retry ?? false, what).toBe(false);
  return failure?.problem.code ?? null;
}

describe.each(files)('%s', (name) => {
  const intact = readFileSync(join(fixtures, `${name}.onnx`));
  const decoded = decodeModel(intact, 'model.onnx');

  it('is prepared as it is', async () => {
    await expect(prepareFile(intact)).resolves.not.toThrow();
  });

  it(`is refused with a code or prepared: ${DAMAGED_FILES} damaged files`, async () => {
    const random = seededRandom(41);
    const places = graphBytes(intact, decoded);
    const codes = new Set<string | null>();
    for (let round = 0; round < DAMAGED_FILES; round++) {
      const bytes = Uint8Array.from(intact);
      for (let i = 0; i <= round % 4; i++) {
        bytes[places[random(places.length)] ?? 0] = random(random(3) === 0 ? 20 : 256);
      }
      codes.add(await failureOf(prepareFile(bytes), `round ${round}`));
    }
    expect(codes).toContain('checkpoint_invalid');
  });

  it(`is refused with a code or prepared: ${WRONG_MODELS} wrong graphs`, async () => {
    const random = seededRandom(43);
    const codes = new Set<string | null>();
    for (let round = 0; round < WRONG_MODELS; round++) {
      const wrong = damagedModel(decoded, random, 1 + (round % 3));
      codes.add(await failureOf(prepareDecoded(wrong, intact), `round ${round}`));
    }
    expect(codes.size).toBeGreaterThan(1);
  });
});

it('an operator that only its derivative finds wrong is said of the file', async () => {
  const name = 'llama/builder-style-packed';
  const intact = readFileSync(join(fixtures, `${name}.onnx`));
  const decoded = decodeModel(intact, 'model.onnx');
  const nodes = decoded.nodes.map((node) =>
    node.opType === 'Sigmoid' ? { ...node, inputs: [...node.inputs, ...node.inputs] } : node,
  );
  await expect(prepareDecoded({ ...decoded, nodes }, intact)).rejects.toMatchObject({
    code: 'checkpoint_invalid',
    message: expect.stringMatching(
      /^model\.onnx cannot be used: Sigmoid .*Export the model again\.$/,
    ),
  });
});
