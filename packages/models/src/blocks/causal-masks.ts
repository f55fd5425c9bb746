import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** How many positions a layer looks back, itself included; all of them where absent. */
export type Window = number | null | undefined;

/**
 * The additive masks of a model, [length, length] each: 0 where a position may look, −1e30 where it
 * may not, whose exp() is exactly zero. Layers of one window share one constant, and so do all
 * layers while no example reaches beyond the window.
 */
export function causalMasks(f: Forward): (window?: Window) => Value {
  const { length } = f.shape;
  const masks = new Map<number, Value>();
  return (window) => {
    const reach = Math.min(window ?? length, length);
    const mask = masks.get(reach) ?? maskOf(f, reach);
    masks.set(reach, mask);
    return mask;
  };
}

function maskOf(f: Forward, reach: number): Value {
  const { length } = f.shape;
  const data = Array.from({ length: length * length }, (_, i) => {
    const distance = Math.floor(i / length) - (i % length);
    return distance >= 0 && distance < reach ? 0 : -1e30;
  });
  return f.constant([length, length], data);
}
