import { encodeModel, GraphBuilder } from '@layersense/onnx-ir';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isCudaInstalled } from './cuda-provider.js';
import { type ComputeProcess, type DeviceRequest, startComputeProcess } from './index.js';

let compute: ComputeProcess;

beforeAll(async () => {
  compute = await startComputeProcess();
});

afterAll(() => compute.close());

function open(device: DeviceRequest) {
  const b = new GraphBuilder('test');
  const y = b.neg(b.input('x', 'float32', [1]));
  return compute.openSession(encodeModel(b.build([y])), { device });
}

test.skipIf(isCudaInstalled())('auto is the CPU where CUDA is not installed', async () => {
  expect((await open('auto')).device).toBe('cpu');
});

test.skipIf(isCudaInstalled())('CUDA that is not installed is an error that says how', async () => {
  const message = expect.stringMatching(/libonnxruntime_providers_cuda\.so|Linux x64 only/);
  await expect(open('cuda')).rejects.toMatchObject({
    code: 'device_unavailable',
    message,
    context: { device: 'cuda' },
  });
});

test('WebGPU without an adapter is an error that says what is missing', async ({ skip }) => {
  const error: unknown = await open('webgpu').catch((reason: unknown) => reason);
  if (!(error instanceof Error)) skip('this machine has a WebGPU adapter');
  expect(error).toMatchObject({
    code: 'device_unavailable',
    message: expect.stringContaining('No WebGPU adapter'),
    context: { device: 'webgpu' },
  });
});
