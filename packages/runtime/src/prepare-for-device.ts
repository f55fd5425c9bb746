import { widenWeightsOnce } from '@layersense/onnx-ir';
import type { Device } from './session-options.js';

/** A model in the form a device can run. */
export interface PreparedModel {
  readonly model: Uint8Array;
  /** Names of nodes that must stay on the CPU. */
  readonly cpuNodes: readonly string[];
}

/**
 * WebGPU knows no bfloat16, and float16 only on some adapters. There every half-precision weight is
 * widened once, when the session opens, and rows of an embedding are looked up and widened on the
 * CPU. The other devices take the model as it is.
 */
export function prepareForDevice(model: Uint8Array, device: Device): PreparedModel {
  if (device !== 'webgpu') return { model, cpuNodes: [] };
  const { model: widened, halfPrecisionNodes } = widenWeightsOnce(model);
  return { model: widened, cpuNodes: halfPrecisionNodes };
}
