/**
 * The 256 values that bitsandbytes rounds the scales of double quantisation to: for each power of ten from
 * 10⁻⁶ to 1, twice as many values as for the one before, evenly between a tenth of it and itself, both signs,
 * and 0 and 1 (functional.py, create_dynamic_map; Dettmers 2016, arXiv 1511.04561).
 */
export function dynamicMap(): Float32Array {
  const values = [0, 1];
  for (let exponent = 0; exponent < 7; exponent++) {
    const power = Math.fround(10 ** (exponent - 6));
    for (const middle of middles(2 ** exponent)) {
      values.push(Math.fround(power * middle), Math.fround(-power * middle));
    }
  }
  return Float32Array.from(values).sort();
}

/**
 * Between so many and one boundaries from 0.1 to 1. torch.linspace steps in float32 from either end to the
 * middle, with one rounding for a product and its sum.
 */
function middles(count: number): number[] {
  const [first, last] = [Math.fround(0.1), 1];
  const step = Math.fround(Math.fround(last - first) / count);
  const boundaries = Float32Array.from({ length: count + 1 }, (_, i) =>
    2 * i < count + 1 ? first + step * i : last - step * (count - i),
  );
  return Array.from({ length: count }, (_, i) =>
    Math.fround(Math.fround((boundaries[i] ?? 0) + (boundaries[i + 1] ?? 0)) / 2),
  );
}
