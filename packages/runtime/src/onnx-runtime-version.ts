import { createRequire } from 'node:module';

/** Version of the ONNX Runtime that computes, without loading it into this process. */
export const onnxRuntimeVersion: string = readVersion();

function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
  const version =
    manifest && typeof manifest === 'object' && 'version' in manifest && manifest.version;
  if (typeof version === 'string') return version;
  throw new TypeError('onnxruntime-node/package.json names no version');
}
