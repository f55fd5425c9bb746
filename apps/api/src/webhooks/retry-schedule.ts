const MINUTE = 60;
const HOUR = 3600;

/** Seconds to wait after each failed attempt, as Standard Webhooks proposes: three days in all. */
const delays = [
  5,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
const JITTER = 0.1;

/**
 * When to try again after attempt number `attempt` has failed; undefined when it was the last.
 *
 * @param retryAfter the receiver's Retry-After header, which may ask for a longer wait of up to a day
 */
export function nextAttempt(
  attempt: number,
  retryAfter: string | undefined,
  now: Date = new Date(),
): Date | undefined {
  const delay = delays[attempt - 1];
  if (delay === undefined) return undefined;
  const jittered = delay * (1 - JITTER + 2 * JITTER * Math.random());
  const asked = Math.min(secondsUntil(retryAfter, now), 24 * HOUR);
  return new Date(now.getTime() + Math.max(jittered, asked) * 1000);
}

/** Of a Retry-After header: seconds, or a date. */
function secondsUntil(header = '', now: Date): number {
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : (date - now.getTime()) / 1000;
}
