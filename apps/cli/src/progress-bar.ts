import type { Progress } from '@layersense/contracts';
import { bar, formatCount, formatDuration } from '@layersense/report-formats';

const BAR_WIDTH = 24;
const REDRAW_MS = 250;
const PLAIN_LINE_MS = 5000;

/** The part of `process.stderr` that is used. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressBar {
  update(progress: Progress): void;
  /** Removes the line from a terminal. Nothing may be drawn afterwards. */
  close(): void;
}

/** One line redrawn on a terminal; elsewhere a line for every phase and every few seconds. */
export function createProgressBar(
  stream: ProgressStream,
  label = '',
  now: () => number = Date.now,
): ProgressBar {
  const prefix = label && `${label}: `;
  return stream.isTTY ? redrawnLine(stream, prefix, now) : plainLines(stream, prefix, now);
}

function redrawnLine(stream: ProgressStream, prefix: string, now: () => number): ProgressBar {
  let phase: Phase | undefined;
  const draw = (): void => {
    if (!phase) return;
    const line = (prefix + describe(phase, now(), true)).slice(0, (stream.columns || 80) - 1);
    stream.write(`\r\x1b[2K${line}`);
  };
  // A batch can take long, and a clock that stands still looks like a program that does.
  const timer = setInterval(draw, REDRAW_MS).unref();
  return {
    update(progress) {
      phase = follow(phase, progress, now());
      draw();
    },
    close() {
      clearInterval(timer);
      if (phase) stream.write('\r\x1b[2K');
      phase = undefined;
    },
  };
}

function plainLines(stream: ProgressStream, prefix: string, now: () => number): ProgressBar {
  let phase: Phase | undefined;
  let written = 0;
  return {
    update(progress) {
      const entered = phase?.progress.phase !== progress.phase;
      const time = now();
      phase = follow(phase, progress, time);
      if (!entered && time - written < PLAIN_LINE_MS) return;
      written = time;
      stream.write(`${prefix}${describe(phase, time, false)}\n`);
    },
    close() {},
  };
}

interface Phase {
  readonly progress: Progress;
  readonly startedAt: number;
  /** Units that were done when this process first saw the phase; a resumed job has some. */
  readonly doneAtStart: number;
  readonly updatedAt: number;
}

function follow(phase: Phase | undefined, progress: Progress, time: number): Phase {
  return phase?.progress.phase === progress.phase
    ? { ...phase, progress, updatedAt: time }
    : { progress, startedAt: time, doneAtStart: progress.done, updatedAt: time };
}

function describe(phase: Phase, time: number, withBar: boolean): string {
  const { progress, startedAt, updatedAt } = phase;
  const { done, total } = progress;
  if (total === 0) {
    return withBar
      ? `${progress.phase} ${formatDuration((time - startedAt) / 1000)}`
      : progress.phase;
  }
  const rate = (1000 * (done - phase.doneAtStart)) / (updatedAt - startedAt);
  const eta = progress.eta_seconds;
  const left = eta === null ? undefined : Math.max(0, eta - (time - updatedAt) / 1000);
  return [
    progress.phase,
    ...(withBar ? [bar(done / total, BAR_WIDTH).padEnd(BAR_WIDTH, '·')] : []),
    `${formatCount(done)}/${formatCount(total)}`,
    ...(rate > 0 && Number.isFinite(rate) ? [`${rate.toPrecision(2)}/s`] : []),
    ...(left === undefined || done >= total ? [] : [`${formatDuration(left)} left`]),
    ...(progress.layer === null ? [] : [progress.layer]),
  ].join('  ');
}
