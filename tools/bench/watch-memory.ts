import { readdirSync, readFileSync } from 'node:fs';

/** Bytes of a process, or of several together. */
export interface MemoryUse {
  readonly physical: number;
  readonly anonymous: number;
  readonly resident: number;
}

/** How often memory is read: a peak shorter than this may be missed. */
const INTERVAL_MS = 20;

/**
 * Watches the memory of a process and its descendants until `stop` is called, which gives the peaks.
 * Linux only; elsewhere every figure is 0.
 *
 * - `physical`: the sum of Pss, which counts a page that several mappings share once. Nothing is
 *   missing from it and nothing is in it twice.
 * - `anonymous`: of these, the pages no file stands behind. Under pressure the kernel can drop the
 *   others, such as mapped weights, and read them again; these it cannot.
 * - `resident`: the sum of Rss, in which a page counts once per mapping.
 */
export function watchMemory(pid: number): { readonly stop: () => MemoryUse } {
  const peak = { physical: 0, anonymous: 0, resident: 0 };
  const look = () => {
    const now = processTree(pid).flatMap((each) => readRollup(each) ?? []);
    for (const key of ['physical', 'anonymous', 'resident'] as const) {
      const sum = now.reduce((total, each) => total + each[key], 0);
      peak[key] = Math.max(peak[key], sum);
    }
  };
  const timer = setInterval(look, INTERVAL_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}

function readRollup(pid: number): MemoryUse | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const bytes = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
    return { physical: bytes('Pss'), anonymous: bytes('Pss_Anon'), resident: bytes('Rss') };
  } catch {
    return undefined;
  }
}
