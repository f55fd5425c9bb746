import { mix, streamStart } from './counter-random.js';

/**
 * One of each of `count` parts of 0 … population − 1, which are as equal as can be: a sample that has
 * small and large alike where the population is in order of size. All of them where `count` is no less.
 */
export function stratifiedIndices(population: number, count: number, seed: number): number[] {
  const parts = Math.min(population, count);
  const start = streamStart(seed, 0);
  return Array.from({ length: parts }, (_, i) => {
    const [from, to] = [bound(i, parts, population), bound(i + 1, parts, population)];
    return from + Math.floor(((to - from) * mix(start + i)) / 2 ** 32);
  });
}

function bound(part: number, parts: number, population: number): number {
  return Math.round((part * population) / parts);
}
