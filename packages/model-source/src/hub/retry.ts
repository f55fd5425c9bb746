import { pause } from '../pause.js';
import { type HubContext, isTransient } from './request.js';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;

/**
 * Repeats `attempt` after transient failures, waiting twice as long each time or as long as the Hub
 * asks. `progress` grows as bytes arrive: a long download may be interrupted any number of times as
 * long as every attempt gets further.
 */
export async function withRetries<T>(
  { settings, signal }: HubContext,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let failures = 0;
  for (;;) {
    const before = progress();
    try {
      return await attempt();
    } catch (error) {
      failures = progress() > before ? 1 : failures + 1;
      if (!isTransient(error) || failures >= ATTEMPTS) throw error;
      const delay = (settings.retryDelayMs ?? FIRST_DELAY_MS) * 2 ** (failures - 1);
      const asked = Number(error.context.retryAfterSeconds ?? 0) * 1000;
      await pause(Math.min(Math.max(delay, asked), LONGEST_DELAY_MS), signal);
    }
  }
}
