import { readFileSync, writeFileSync } from 'node:fs';
import type { ProcessStats } from './protocol.js';

/** Resident memory of this process. The peak can be reset on Linux only. */
export function readProcessStats({ resetPeak }: { resetPeak: boolean }): ProcessStats {
  const rssBytes = process.memoryUsage.rss();
  const peakRssBytes = Math.max(rssBytes, peakRss());
  return { rssBytes, peakRssBytes, peakWasReset: resetPeak && resetPeakRss() };
}

function resetPeakRss(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return true;
  } catch {
    // A hardened container: /proc is read-only.
    return false;
  }
}

/** maxRSS is inherited from the parent at fork on Linux; VmHWM is this process's own. */
function peakRss(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
