import { writeFileSync } from 'node:fs';

/**
 * Asks the Linux kernel to end this process before any other when memory runs out: the parent then
 * lives to report it. Any process may raise its own score; where it cannot, nothing is lost.
 */
export function volunteerForOomKill(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // A read-only /proc: the kernel chooses as usual.
  }
}
