import { availableParallelism } from 'node:os';
import { countNodes } from '@layersense/onnx-ir';
import type { InferenceSession } from 'onnxruntime-node';
import type { PreparedModel } from './prepare-for-device.js';
import type { Device, SessionOptions } from './session-options.js';

/** Session creation is quadratic in the number of nodes, and `all` pays the most for each. */
const MAX_NODES_FULLY_OPTIMIZED = 6000;

/** Larger constants are not computed ahead: a bfloat16 weight would be kept in float32 as well. */
const MAX_FOLDED_BYTES = 65_536;

const ERRORS_ONLY = 3;

/** What every session of this project runs with. Values in `extra` must be strings. */
export function ortOptions(
  { model, cpuNodes }: PreparedModel,
  options: SessionOptions,
  device: Device,
): InferenceSession.SessionOptions {
  return {
    // An empty list of names is an error.
    executionProviders: [
      cpuNodes.length > 0 ? { name: device, forceCpuNodeNames: cpuNodes } : { name: device },
    ],
    intraOpNumThreads: options.threads ?? availableParallelism(),
    graphOptimizationLevel: options.graphOptimization ?? defaultOptimization(model),
    // With either of these the second run needs more memory than the first, and none is faster.
    enableMemPattern: false,
    enableCpuMemArena: false,
    logSeverityLevel: ERRORS_ONLY,
    extra: {
      session: {
        // A prepacked weight is a copy, and a backward graph uses each weight twice.
        disable_prepacking: '1',
        // Otherwise weights lie in CUDA's arena, which grows by powers of two.
        ...(device === 'cuda' && { use_device_allocator_for_initializers: '1' }),
        ...(options.weightsFolder !== undefined && {
          model_external_initializers_file_folder_path: options.weightsFolder,
        }),
      },
      optimization: {
        constant_folding_max_output_size_in_bytes: String(maxFoldedBytes(device)),
        ...(options.disabledOptimizers !== undefined && {
          disable_specified_optimizers: options.disabledOptimizers.join(';'),
        }),
      },
    },
    ...(options.profilePrefix !== undefined && {
      enableProfiling: true,
      profileFilePrefix: options.profilePrefix,
    }),
  };
}

/** WebGPU has no Cast from bfloat16: what is not widened ahead would be widened and sent in every run. */
function maxFoldedBytes(device: Device): number {
  return device === 'webgpu' ? Number.MAX_SAFE_INTEGER : MAX_FOLDED_BYTES;
}

function defaultOptimization(model: Uint8Array): 'basic' | 'all' {
  return countNodes(model) > MAX_NODES_FULLY_OPTIMIZED ? 'basic' : 'all';
}
