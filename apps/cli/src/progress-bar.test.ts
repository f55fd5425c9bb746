import type { Progress } from '@layersense/contracts';
import { describe, expect, it } from 'vitest';
import { createProgressBar } from './progress-bar.js';

const at = (phase: Progress['phase'], done: number, total: number, eta: number | null = null) => ({
  phase,
  done,
  total,
  layer: null,
  eta_seconds: eta,
});

const recorder = (terminal: { isTTY?: boolean; columns?: number }) => {
  const written: string[] = [];
  return { ...terminal, written, write: (text: string) => written.push(text) };
};

describe('createProgressBar', () => {
  it('redraws one line on a terminal and leaves none behind', () => {
    const stream = recorder({ isTTY: true, columns: 100 });
    let time = 0;
    const progress = createProgressBar(stream, '', () => time);
    progress.update(at('resolving', 0, 0));
    progress.update(at('computing', 0, 64));
    time = 4000;
    progress.update(at('computing', 16, 64, 12));
    progress.close();
    progress.close();
    expect(stream.written).toEqual([
      '\r\x1b[2Kresolving 0.0 s',
      `\r\x1b[2Kcomputing  ${'·'.repeat(24)}  0/64`,
      `\r\x1b[2Kcomputing  ${'█'.repeat(6)}${'·'.repeat(18)}  16/64  4.0/s  12 s left`,
      '\r\x1b[2K',
    ]);
  });

  it('names what is being computed, last on the line', () => {
    const stream = recorder({ isTTY: true, columns: 100 });
    let time = 0;
    const progress = createProgressBar(stream, '', () => time);
    progress.update(at('computing', 0, 64));
    time = 1000;
    progress.update({ ...at('computing', 1, 64, 63), layer: 'model.layers.3' });
    progress.close();
    expect(stream.written[1]).toMatch(/1\/64 {2}1\.0\/s {2}63 s left {2}model\.layers\.3$/);
  });

  it('counts the rate from what was done when it began', () => {
    const stream = recorder({ isTTY: true, columns: 0 });
    let time = 0;
    const progress = createProgressBar(stream, 'job', () => time);
    progress.update(at('computing', 60, 64));
    time = 1000;
    progress.update(at('computing', 62, 64, 1));
    progress.close();
    expect(stream.written[1]).toMatch(
      /^\r.\[2Kjob: computing .* {2}62\/64 {2}2\.0\/s {2}1\.0 s left$/,
    );
  });

  it('never breaks the line of a narrow terminal', () => {
    const stream = recorder({ isTTY: true, columns: 20 });
    const progress = createProgressBar(stream, '', () => 0);
    progress.update(at('computing', 1, 64));
    progress.close();
    expect(stream.written[0]?.replace('\r\x1b[2K', '')).toHaveLength(19);
  });

  it('writes plain lines elsewhere: every phase, and every few seconds', () => {
    const stream = recorder({});
    let time = 0;
    const progress = createProgressBar(stream, '', () => time);
    progress.update(at('loading', 0, 0));
    progress.update(at('computing', 0, 64));
    for (time = 1000; time <= 12_000; time += 1000)
      progress.update(at('computing', time / 1000, 64));
    progress.close();
    expect(stream.written).toEqual([
      'loading\n',
      'computing  0/64\n',
      'computing  5/64  1.0/s\n',
      'computing  10/64  1.0/s\n',
    ]);
  });
});
