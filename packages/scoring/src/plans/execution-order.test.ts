import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@layersense/model-source';
import { buildForward, parseModel } from '@layersense/models';
import { encodeModel, type Graph, type Node } from '@layersense/onnx-ir';
import { type ComputeProcess, startComputeProcess } from '@layersense/runtime';
import { buildSensitivityGraph } from '@layersense/sensitivity';
import { parityFeeds, writeSyntheticLlama } from '@layersense/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LAYERS = 6;
const LENGTH = 16;

let compute: ComputeProcess;
let folder: string;
beforeAll(async () => {
  compute = await startComputeProcess();
  folder = await mkdtemp(join(tmpdir(), 'layersense-order-'));
  await writeSyntheticLlama(folder, {
    layers: LAYERS,
    hidden: 32,
    heads: 4,
    keyValueHeads: 2,
    mlp: 48,
    vocabulary: 64,
  });
});
afterAll(async () => {
  await compute.close();
  await rm(folder, { recursive: true });
});

/**
 * ONNX Runtime decides the order itself, from where the nodes stand in the file; a release that
 * decides otherwise would keep every activation and cotangent to the end of the backward pass.
 */
describe('a norm is computed as soon as its cotangent exists', () => {
  it("every layer's norms are done before the backward pass enters the layer below", async () => {
    expect(violations(await nodesRun('order', (graph) => graph))).toEqual([]);
  });

  it('and its marginals are too', async () => {
    const nodes = await nodesRun('marginals', (graph) => graph, { marginals: true });
    expect(violations(nodes)).toEqual([]);
    expect(nodes.length).toBeGreaterThan((await nodesRun('norms', (graph) => graph)).length);
  });

  it('the loss is done, and its logits are free, before the backward pass begins', async () => {
    const nodes = await nodesRun('loss', (graph) => graph);
    const logNormalizer = nodes.indexOf('loss/ReduceLogSumExp');
    expect(logNormalizer).toBeGreaterThan(0);
    expect(logNormalizer).toBeLessThan(nodes.findIndex((name) => name.includes('#vjp')));
  });

  it('and this test sees where they are not', async () => {
    const reversed = await nodesRun('reversed', (graph) => {
      const isNorm = (node: Node) => node.name.includes('#squared_norm');
      const norms = graph.nodes.filter(isNorm);
      // A stable sort: what a norm is made of keeps its order.
      const deepestFirst = norms.toSorted((a, b) => layerOf(b) - layerOf(a));
      return { ...graph, nodes: [...graph.nodes.filter((n) => !isNorm(n)), ...deepestFirst] };
    });
    expect(violations(reversed)).not.toEqual([]);
  });
});

/** The layers whose last norm runs after the first backward node of the layer below. */
function violations(nodes: readonly string[]): readonly number[] {
  const layers = Array.from({ length: LAYERS - 1 }, (_, i) => i + 1);
  return layers.filter((layer) => {
    const lastNorm = nodes.findLastIndex((name) => /#squared_norm/.test(name) && of(name, layer));
    const below = nodes.findIndex((name) => /#vjp/.test(name) && of(name, layer - 1));
    expect(lastNorm).toBeGreaterThan(0);
    expect(below).toBeGreaterThan(0);
    return lastNorm > below;
  });
}

function layerOf({ name }: Node): number {
  return Number(/^model\.layers\.(\d+)/.exec(name)?.[1] ?? -1);
}

function of(name: string, layer: number): boolean {
  return name.startsWith(`model.layers.${layer}.`) || name.startsWith(`model.layers.${layer}/`);
}

/** The nodes of a whole sensitivity graph in the order they ran, from ONNX Runtime's profile. */
async function nodesRun(
  name: string,
  rearrange: (graph: Graph) => Graph,
  options: { readonly marginals?: boolean } = {},
) {
  const checkpoint = await openCheckpoint(folder);
  const shape = { batch: 2, length: LENGTH };
  const forward = buildForward(parseModel(checkpoint.config), checkpoint.tensors, shape);
  const { graph } = buildSensitivityGraph(forward, { labels: 'data', ...options });
  const session = await compute.openSession(encodeModel(rearrange(graph)), {
    device: 'cpu',
    weightsFolder: checkpoint.weightsFolder,
    disabledOptimizers: ['CommonSubexpressionElimination'],
    profilePrefix: join(folder, name),
  });
  const input_ids = [0, 1].map((row) =>
    Array.from({ length: LENGTH }, (_, i) => (7 * i + row) % 64),
  );
  await session.run(parityFeeds({ loss: 'token-mean', input_ids }, LENGTH, 'float32'));
  await session.endProfiling();
  const file = (await readdir(folder)).find((entry) => entry.startsWith(`${name}_`)) ?? '';
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as { name: string }[];
  return events.flatMap(({ name: event }) =>
    event.endsWith('_kernel_time') ? [event.replace('_kernel_time', '')] : [],
  );
}
