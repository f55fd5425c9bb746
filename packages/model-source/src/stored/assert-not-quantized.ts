import { LayersenseError } from '@layersense/contracts';
import type { Checkpoint } from '../open-checkpoint.js';
import { type QuantizationScheme, quantizationScheme } from './quantization-scheme.js';
import { findQuantized } from './quantized-layouts.js';
import { isBuffer, isFloating, type StoredTensor, storedTensors } from './stored-tensors.js';

const ADVICE = 'Use the checkpoint it was quantised from, or dequantise it and save it again';

/**
 * Refuses a checkpoint whose tensors stand for weights only together with scales: neither its codes
 * nor its scales are weights. What config.json says counts as much as what is stored: transformers
 * goes by it, and loads other weights than floating-point tensors beside it hold.
 *
 * @throws LayersenseError `dtype_unsupported` naming a tensor and the scheme
 */
export function assertNotQuantized(checkpoint: Checkpoint): void {
  const tensors = storedTensors(checkpoint).filter((tensor) => !isBuffer(tensor));
  const scheme = quantizationScheme(checkpoint.config);
  const found = findQuantized(tensors);
  if (found === undefined && scheme === undefined) return;
  const tensor = found?.tensor ?? tensors.find((each) => !isFloating(each));
  if (tensor === undefined && scheme) throw onlyInConfig(scheme, tensors);
  if (tensor) throw quantized(tensor, scheme, found?.scheme);
}

function quantized(
  { name, type }: StoredTensor,
  scheme: QuantizationScheme | undefined,
  layout: string | undefined,
): LayersenseError {
  const source = scheme
    ? `${scheme.key} of config.json: ${scheme.text}`
    : `config.json does not say how; the tensors show ${layout}`;
  const without = scheme ? ` without ${scheme.key}` : '';
  return new LayersenseError(
    'dtype_unsupported',
    `${name} is stored as ${type}: the checkpoint is quantised (${source}). Weights must be F64, F32, F16 or BF16. ${ADVICE}${without}.`,
    { tensor: name, dtype: type, scheme: scheme?.text ?? layout ?? type },
  );
}

function onlyInConfig(
  { key, text }: QuantizationScheme,
  tensors: readonly StoredTensor[],
): LayersenseError {
  const [example] = tensors.filter(({ ref }) => (ref?.shape.length ?? 0) > 1);
  const { name, type } = example ?? { name: 'model.safetensors', type: 'floating point' };
  return new LayersenseError(
    'dtype_unsupported',
    `config.json says that the checkpoint is quantised (${key}: ${text}), but its tensors are floating point (${name} is ${type}): transformers would not load these weights as they are. If they were dequantised, remove ${key} from config.json. Otherwise use the checkpoint it was quantised from.`,
    { tensor: name, dtype: type, scheme: text },
  );
}
