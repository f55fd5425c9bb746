import { cpus } from 'node:os';
import type { DeviceCheck } from './check-device.js';

/** Against PyTorch in float64, as the tests hold it on the CPU. */
export const TOLERANCE = 1e-4;

export interface GpuReport {
  readonly date: string;
  readonly command: string;
  /** What the driver says is there, or undefined where nothing can tell. */
  readonly hardware: string | undefined;
  readonly checks: readonly DeviceCheck[];
  readonly unavailable: ReadonlyMap<string, string>;
}

export function passes({ roundsFactors, failures, parity }: DeviceCheck): boolean {
  return (
    !roundsFactors && failures.length === 0 && parity.every(({ largest }) => largest < TOLERANCE)
  );
}

/** The page of docs/measurements for one machine. */
export function renderGpuReport(report: GpuReport): string {
  const { date, command, hardware, checks, unavailable } = report;
  const facts = [
    ['date', date],
    ['command', `\`${command}\``],
    ['graphics hardware', hardware ?? 'unknown (no nvidia-smi)'],
    ['Vulkan driver', vulkanDriver()],
    ['processor', `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`],
    ['Node.js', `${process.version}, ${process.platform} ${process.arch}`],
    ['ONNX Runtime', checks[0]?.onnxRuntime ?? 'unknown'],
    ...Array.from(unavailable, ([device, reason]) => [`${device} not available`, reason] as const),
  ];
  return [
    `# GPU check of ${date}`,
    table(['', ''], facts),
    ...checks.flatMap(describe),
    '## Bench',
    'Forwards, backwards and every per-example norm of a random Llama, float32; the fastest of three runs.',
    table(
      ['work', 'device', 'seconds per example', 'session opened in'],
      checks.flatMap(({ bench }) =>
        bench.map(({ work, device, secondsPerExample, openSeconds }) => [
          work,
          device,
          secondsPerExample.toFixed(4),
          `${openSeconds.toFixed(1)} s`,
        ]),
      ),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

function describe(check: DeviceCheck): readonly string[] {
  const { device, parity, failures, roundsFactors } = check;
  return [
    `## ${device}: ${passes(check) ? 'passes' : 'FAILS'}`,
    `Matrix products ${roundsFactors ? 'ROUND their float32 factors (TF32)' : 'keep all bits of their float32 factors'}.`,
    'Largest relative error of ‖gₙ(W)‖² against PyTorch in float64, over parameters and examples:',
    table(
      ['checkpoint', 'case', 'largest error', 'parameter'],
      parity.map((row) => [row.checkpoint, row.case, row.largest.toExponential(1), row.parameter]),
    ),
    ...failures.map(({ name, message }) => `- ${name} failed: ${message.split('\n')[0]}`),
  ];
}

/** The loader takes its driver from these variables; what it finds by itself has no name here. */
function vulkanDriver(): string {
  return process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? 'as the loader finds it';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
