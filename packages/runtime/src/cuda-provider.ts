import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const packageFile = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');

/** The folder ONNX Runtime loads its CUDA provider from. */
export const providerFolder = join(
  dirname(packageFile),
  'bin',
  'napi-v6',
  process.platform,
  process.arch,
);

/** Two libraries that npm does not carry (they are too large) and that are installed separately. */
export const cudaLibraries = [
  'libonnxruntime_providers_shared.so',
  'libonnxruntime_providers_cuda.so',
] as const;

export function isCudaInstalled(): boolean {
  return cudaLibraries.every((library) => existsSync(join(providerFolder, library)));
}
