import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const packageFolder = dirname(
  createRequire(import.meta.url).resolve('onnxruntime-node/package.json'),
);

/**
 * Fetches the CUDA provider when it is run by hand. As an install script it does nothing here, and
 * `npm rebuild` does not run it either: this project allows onnxruntime-node no install scripts.
 */
export const installScript = join(packageFolder, 'script', 'install.js');

/** The folder ONNX Runtime loads its CUDA provider from. */
export const providerFolder = join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch);

/** Two libraries that npm does not carry (they are too large) and that are installed separately. */
export const cudaLibraries = [
  'libonnxruntime_providers_shared.so',
  'libonnxruntime_providers_cuda.so',
] as const;

export function isCudaInstalled(): boolean {
  return cudaLibraries.every((library) => existsSync(join(providerFolder, library)));
}
