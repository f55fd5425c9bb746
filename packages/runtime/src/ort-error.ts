import { LayersenseError } from '@layersense/contracts/error-codes';
import { cudaLibraries, installScript, providerFolder } from './cuda-provider.js';
import type { Device } from './session-options.js';

const OUT_OF_MEMORY =
  /bad_alloc|failed to allocate memory|out of memory|cudaErrorMemoryAllocation|allocation failed/i;
const MISSING_DEVICE =
  /AppendExecutionProvider|Failed to load (shared )?library|no CUDA-capable device|CUDA driver version|WebGPU adapter|WebGpuContext::Initialize/i;
const MISSING_WEIGHTS = /External data path does not exist: "(?<path>[^"]*)"/;
const BAD_WEIGHTS =
  /out of bounds or can not be read|external data size mismatch|escapes model directory|cannot get file size/i;

const SMALLER = 'use a smaller batch_size or max_length, or a machine with more memory';

export function isOutOfMemory(text: string): boolean {
  return OUT_OF_MEMORY.test(text);
}

export function isMissingDevice(error: unknown): boolean {
  return MISSING_DEVICE.test(messageOf(error));
}

/** ONNX Runtime reports everything as text; this gives the text a code and says what to do. */
export function explainOrtError(error: unknown, doing: string): LayersenseError {
  if (error instanceof LayersenseError) return error;
  const detail = messageOf(error);
  const missing = MISSING_WEIGHTS.exec(detail)?.groups?.path;
  if (missing !== undefined) {
    return new LayersenseError('checkpoint_missing', `The weight file ${missing} does not exist.`, {
      path: missing,
    });
  }
  if (BAD_WEIGHTS.test(detail)) {
    const message = `A weight cannot be read from its file; the file may be truncated. ${detail}`;
    return new LayersenseError('checkpoint_invalid', message);
  }
  if (isOutOfMemory(detail)) return outOfMemory(doing, detail);
  return new LayersenseError('compute_failed', `ONNX Runtime could not ${doing}: ${detail}`);
}

export function outOfMemory(doing: string, detail: string): LayersenseError {
  const message = `Not enough memory to ${doing}: ${SMALLER}. ${detail}`;
  return new LayersenseError('out_of_memory', message);
}

/** The kernel ends a process without a word when memory runs out; only the signal is left to see. */
export function killedBySystem(): LayersenseError {
  return new LayersenseError(
    'out_of_memory',
    `The compute process was killed by the system, most likely for lack of memory: ${SMALLER}.`,
    { signal: 'SIGKILL' },
  );
}

export function deviceUnavailable(device: Device, error?: unknown): LayersenseError {
  const detail = error === undefined ? '' : ` ONNX Runtime says: ${messageOf(error)}`;
  return new LayersenseError('device_unavailable', `${howToInstall(device)}${detail}`, { device });
}

function howToInstall(device: Device): string {
  if (device === 'webgpu') {
    return (
      'No WebGPU adapter was found. On Linux, WebGPU needs a Vulkan driver and its loader ' +
      '(libvulkan.so.1, Debian package libvulkan1). Use device "cpu" otherwise.'
    );
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `CUDA is available on Linux x64 only, not on ${process.platform} ${process.arch}. Use device "cpu".`;
  }
  return (
    `CUDA needs ${cudaLibraries.join(' and ')} of exactly the installed onnxruntime-node version in ` +
    `${providerFolder}, an NVIDIA driver, and the CUDA 13 runtime libraries (cudart, cuBLAS, cuRAND, ` +
    `cuDNN 9) where the loader finds them. Fetch the two libraries with ` +
    `\`ONNXRUNTIME_NODE_INSTALL=cuda12 node ${installScript}\` ` +
    '(the name says cuda12, but the libraries are built for CUDA 13). Use device "cpu" otherwise.'
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
