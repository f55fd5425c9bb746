import { LayersenseError } from '@layersense/contracts';
import type { Value } from '@layersense/onnx-ir';
import type { Forward } from '../forward.js';

/** How many positions a layer looks back, itself included; all of them where absent. */
export type Window = number | null | undefined;

/** Positions `from` to, not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Queries whose scores are computed together, over the keys that one of them at least may look at. */
export interface MaskedBlock {
  readonly queries: Range;
  readonly keys: Range;
  /** What is added to the scores, [queries, keys] or what broadcasts to [batch, heads, queries, keys]. */
  readonly mask: Value;
}

/** Together, every query once. */
export type AttentionMask = readonly MaskedBlock[];

/**
 * The additive masks of a model: 0 where a position may look, −1e30 where it may not, whose exp() is
 * exactly zero. Layers of one window share their constants, and so do all layers while no example
 * reaches beyond the window.
 *
 * @throws LayersenseError `config_invalid`
 */
export function causalMasks(f: Forward): (window?: Window) => AttentionMask {
  const { length } = f.shape;
  const masks = new Map<number, AttentionMask>();
  return (window) => {
    if (window === 0) throw blindWindow();
    const reach = Math.min(window ?? length, length);
    const mask = masks.get(reach) ?? maskOf(f, reach);
    masks.set(reach, mask);
    return mask;
  };
}

function blindWindow(): LayersenseError {
  return new LayersenseError(
    'config_invalid',
    'config.json is not usable: sliding_window: with 0 a position does not see itself, and there are layers that use it. Restore the original config.json of the checkpoint.',
    { key: 'sliding_window' },
  );
}

function maskOf(f: Forward, reach: number): AttentionMask {
  const { length } = f.shape;
  const step = Math.ceil(length / f.attentionBlocks);
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => {
    const queries = { from: i * step, to: Math.min((i + 1) * step, length) };
    const keys = { from: Math.max(0, queries.from - reach + 1), to: queries.to };
    return { queries, keys, mask: maskOfBlock(f, reach, queries, keys) };
  });
}

function maskOfBlock(f: Forward, reach: number, queries: Range, keys: Range): Value {
  const [rows, columns] = [queries.to - queries.from, keys.to - keys.from];
  const data = Array.from({ length: rows * columns }, (_, i) => {
    const distance = queries.from + Math.floor(i / columns) - (keys.from + (i % columns));
    return distance >= 0 && distance < reach ? 0 : -1e30;
  });
  return f.constant([rows, columns], data);
}
