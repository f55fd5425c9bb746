import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LayersenseError } from '@layersense/contracts';
import type { Device } from '@layersense/runtime';
import { checkDevice, type DeviceCheck } from './check-device.js';
import type { GpuReport } from './gpu-report.js';

/**
 * Parity and bench on every GPU interface that is there, and the bench on the CPU beside them.
 * Without any, `checks` is empty and `unavailable` says why.
 */
export async function checkGpu(
  devices: readonly Device[],
  command: string,
  log: (line: string) => void,
): Promise<GpuReport> {
  const checks: DeviceCheck[] = [];
  const unavailable = new Map<string, string>();
  for (const device of devices) {
    if (device === 'cpu' && checks.length === 0) continue;
    try {
      checks.push(await checkDevice(device, log));
    } catch (error) {
      if (!(error instanceof LayersenseError) || error.code !== 'device_unavailable') throw error;
      unavailable.set(device, error.message.split('\n')[0] ?? error.message);
    }
  }
  const date = new Date().toISOString().slice(0, 10);
  return { date, command, hardware: await hardware(), checks, unavailable };
}

async function hardware(): Promise<string | undefined> {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  try {
    return (await promisify(execFile)('nvidia-smi', query)).stdout.trim().replaceAll('\n', '; ');
  } catch {
    return undefined;
  }
}
